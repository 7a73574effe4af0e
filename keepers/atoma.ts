/** The program `atoma`: one file per command in `commands/`. */
import { runProgram } from "./program.ts";

await runProgram(process.argv.slice(2));
