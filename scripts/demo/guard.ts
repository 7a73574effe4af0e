// Runs a program for as long as standard input stays open: node scripts/demo/guard.ts PROGRAM [arguments].
//
// Whoever starts it holds the other end. When that process ends, however it ends, the program is killed.
import { spawn } from "node:child_process";

const [program = "", ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.once("error", ({ message }) => {
  console.error(message);
  process.exit(1);
});
child.once("exit", (code) => process.exit(code ?? 1));
process.stdin.resume().once("close", () => child.kill("SIGKILL"));
