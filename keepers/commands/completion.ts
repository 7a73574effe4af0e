import { fileURLToPath } from "node:url";
import { Argument, Command } from "commander";
import { complete } from "../cli/completion.ts";
import { type Io, processIo } from "../cli/io.ts";

const program = fileURLToPath(new URL("../atoma.ts", import.meta.url));

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The command that lists what may come next. Ids and names have no character that a shell would read. */
const asking = (): string => `NODE_NO_WARNINGS=1 ${quoted(process.execPath)} ${quoted(program)} __complete --`;

const bash = (): string[] => [
  "_atoma() {",
  "  local IFS=$'\\n'",
  `  COMPREPLY=($(${asking()} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))`,
  "}",
  "complete -o default -F _atoma atoma",
];

const zsh = (): string[] => [
  "#compdef atoma",
  "_atoma() {",
  "  local -a found",
  `  found=("\${(@f)$(${asking()} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")`,
  "  compadd -a found",
  "}",
  "compdef _atoma atoma",
];

/** `atoma completion`: for ~/.bashrc or ~/.zshrc. */
export function completionCommand(io: Io = processIo): Command {
  return new Command("completion")
    .description("Prints a script that completes commands, options and ids; ids are read from the chain")
    .addArgument(new Argument("<shell>", "whose script").choices(["bash", "zsh"]))
    .exitOverride()
    .action((shell: "bash" | "zsh") => {
      for (const line of shell === "bash" ? bash() : zsh()) io.out(line);
    });
}

/** What the scripts call. Not shown in the help. */
export function completeCommand(io: Io = processIo): Command {
  const command = new Command("__complete")
    .argument("[words...]")
    .helpOption(false)
    .allowUnknownOption()
    .exitOverride();
  return command.action(async (words: readonly string[]) => {
    const root = command.parent;
    if (root !== null) for (const line of await complete(io, root, words)) io.out(line);
  });
}
