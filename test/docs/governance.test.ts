import { expect } from "chai";
import type { Command } from "commander";
import l2 from "../../deploy/networks/l2.json" with { type: "json" };
import mainnet from "../../deploy/networks/mainnet.json" with { type: "json" };
import { governanceCommand } from "../../keepers/commands/governance.ts";
import { boundsOf, parameters } from "../../sdk/governance/parameters.ts";
import { textOf } from "./pages.ts";

const leavesOf = (command: Command, path: string): (readonly [name: string, command: Command])[] =>
  command.commands.length === 0
    ? [[path, command]]
    : command.commands.flatMap((one) => leavesOf(one, `${path} ${one.name()}`));

const shared = new Set([
  "--rpc",
  "--deployment",
  "--instance",
  "--config",
  "--json",
  "--keystore",
  "--password-file",
  "--max-fee",
  "--dry-run",
  "--yes",
]);

describe("The page of governance operations", () => {
  const text = textOf("docs/governance-operations.md");
  const leaves = leavesOf(governanceCommand(), "atoma governance");

  it("names every command and every option, and no other", () => {
    const names = leaves.map(([name]) => name);
    expect(names.filter((name) => !text.replaceAll("\n", " ").includes(name))).to.deep.equal([]);
    const own = leaves.flatMap(([, command]) => command.options.flatMap(({ long }) => long ?? []));
    const told = [...new Set([...text.matchAll(/--[a-z][a-z-]+/g)].map(([flag]) => flag))];
    expect(own.filter((flag) => !shared.has(flag) && !told.includes(flag))).to.deep.equal([]);
    expect(told.filter((flag) => flag !== "--silent" && !shared.has(flag) && !own.includes(flag))).to.deep.equal([]);
  });

  it("uses parameters that there are, with values within their bounds", () => {
    const leastTimesS = { beaconDelay: 15n, chainPhase: 60n };
    const limits = {
      values: new Map(),
      leastTimesS,
      leastVotingTimeS: 0n,
      leastDelayS: 0n,
      supply: 0n,
      mostBudget: 0n,
    };
    const used = [...text.matchAll(/--set ([A-Za-z]+)=([0-9]+)/g)];
    expect(used.length).to.be.greaterThan(1);
    for (const [, name, value = ""] of used) {
      const parameter = parameters.find((one) => one.name === name);
      if (parameter === undefined) throw new Error(`There is no parameter ${name}.`);
      const { least, most } = boundsOf(parameter, limits);
      expect(BigInt(value) >= least && BigInt(value) <= most, name).to.equal(true);
    }
  });
});

describe("The page on governance", () => {
  it("tells the times that the files of public networks have", () => {
    const text = textOf("docs/governance.md");
    const days = (seconds: number): string => `${seconds / 86_400} days`;
    for (const { governance } of [l2, mainnet]) {
      const { votingDelay, votingPeriod, timelockDelay } = governance;
      expect(text).to.include(`delegate until its end | ${days(votingDelay)} |`);
      expect(text).to.include(`| voting | ${days(votingPeriod)}, `);
      expect(text).to.include(`the timelock's delay | ${days(timelockDelay)} |`);
    }
  });
});
