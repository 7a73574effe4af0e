import { expect } from "chai";
import type { Command } from "commander";
import { makeProgram } from "../../keepers/program.ts";
import { textOf } from "./pages.ts";

const page = "docs/cli.md";

/** Commands that do something, by their whole names. */
const leavesOf = (command: Command, path: string): (readonly [name: string, command: Command])[] =>
  command.commands.length === 0
    ? [[path, command]]
    : command.commands.flatMap((one) => leavesOf(one, `${path} ${one.name()}`));

const flagsOf = (command: Command): string[] => command.options.flatMap(({ long }) => long ?? []);

/** Options in the first column of the tables of a text. */
const flagsIn = (text: string): string[] =>
  [...text.matchAll(/^\| `(--[a-z-]+)[^`]*` \|/gm)].map(([, flag = ""]) => flag);

describe("The page of the command line", () => {
  const text = textOf(page);
  const leaves = leavesOf(makeProgram(), "atoma").filter(([name]) => !name.includes("__"));
  const sections = text.split(/^### /m).slice(1);
  const ownPages = new Set([...text.matchAll(/^\| `(atoma [a-z-]+)` \|/gm)].map(([, name = ""]) => name));
  const connection = flagsIn(text.slice(text.indexOf("## Where the network is"), text.indexOf("## What sends")));
  const wallet = flagsIn(text.slice(text.indexOf("## What sends"), text.indexOf("## Nodes")));
  const titleOf = (section: string): string => /^atoma( [a-z-]+)*/.exec(section)?.[0] ?? "";

  it("has a section or a page for every command, and for no other", () => {
    const names = leaves.map(([name]) => name);
    const told = [...sections.map(titleOf).filter((name) => name !== ""), ...ownPages];
    expect(told.filter((name) => !names.some((one) => one === name || one.startsWith(`${name} `)))).to.deep.equal([]);
    expect(names.filter((name) => !told.some((one) => one === name || name.startsWith(`${one} `)))).to.deep.equal([]);
    expect(names.length).to.be.greaterThan(25);
  });

  it("has a table with every option of a command, and no other; shared ones stand at the top", () => {
    expect([connection.length, wallet.length]).to.deep.equal([5, 5]);
    for (const section of sections) {
      const [name, command] = leaves.find(([one]) => one === titleOf(section)) ?? [];
      if (name === undefined || command === undefined) continue;
      const flags = flagsOf(command);
      const sends = flags.includes("--yes");
      const shared = [...connection, ...(sends ? wallet : [])];
      expect(
        shared.filter((flag) => !flags.includes(flag)),
        name,
      ).to.deep.equal([]);
      expect(flagsIn(section).sort(), name).to.deep.equal(flags.filter((flag) => !shared.includes(flag)).sort());
      expect(/ Sends\.$/m.test(section), name).to.equal(sends);
      expect(section, name).to.contain(`$ ${name}`);
    }
  });
});
