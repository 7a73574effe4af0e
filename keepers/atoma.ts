/** The program `atoma`: one file per command in `commands/`. */
import { bearLeavingReaders } from "./cli/io.ts";
import { runProgram } from "./program.ts";

bearLeavingReaders();
await runProgram(process.argv.slice(2));
