import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { encodeAbiParameters, type Hex, parseAbiParameters, stringToHex } from "viem";
import { isModelPackageInstalled } from "../../gateway/model/start.ts";
import type { Executor } from "../../keepers/executors/executor.ts";
import type { Script } from "../../scripts/demo/acts.ts";
import { startChain } from "../../scripts/demo/chain.ts";
import type { KeeperInput } from "../../scripts/demo/cast.ts";
import { isDone } from "../../scripts/demo/justice.ts";
import { brokenExpectations, expectedOfAll } from "../../scripts/demo/expectations.ts";
import { makeStartKeeper } from "../../scripts/demo/keeper.ts";
import { figuresOf, type Outcome, rowsOf } from "../../scripts/demo/outcome.ts";
import { askAll, askOne } from "../../scripts/demo/requests.ts";
import { runDemo } from "../../scripts/demo/run.ts";
import { otherSequences } from "../../scripts/demo/sequences.ts";
import { isConserved, type Money, sumOf } from "../../scripts/demo/money.ts";
import { parseOptions, UnknownOptionError } from "../../scripts/demo/options.ts";
import { energyOf, faultOfFold } from "../../scripts/demo/verify-fold.ts";
import { bestCurve, faultOfTune, type TuneQuestion } from "../../scripts/demo/verify-tune.ts";
import { makeFolders, runChild } from "./child.ts";

const one = 10n ** 18n;

function foldOutput(energy: bigint, moves: string): Hex {
  const layout = parseAbiParameters("int256, uint256, bool, bytes");
  return encodeAbiParameters(layout, [energy, 1n, true, stringToHex(moves)]);
}

describe("Checks of the demo", () => {
  describe("folds", () => {
    it("count the contacts of a fold from its moves", () => {
      expect(energyOf("HPPH", "RUL")).to.equal(-1n);
      expect(energyOf("HHHH", "RUL")).to.equal(-1n);
      expect(energyOf("HPPP", "RUL")).to.equal(0n);
      expect(energyOf("HPHPPHHPHPPHPHHPPHPH", "RUULDLULULDDRDLDRRU")).to.equal(-9n);
    });

    it("refuse walks that cross themselves, are too short, or have unknown moves", () => {
      expect(energyOf("HPPHH", "RULD")).to.equal(undefined);
      expect(energyOf("HPPH", "RU")).to.equal(undefined);
      expect(energyOf("HPPH", "RUX")).to.equal(undefined);
    });

    it("find a wrong energy, a wrong walk and bytes that are no fold", () => {
      expect(faultOfFold("HPPH", foldOutput(-1n, "RUL"))).to.equal(undefined);
      expect(faultOfFold("HPPH", foldOutput(-2n, "RUL"))).to.equal("RUL has energy -1, not -2");
      expect(faultOfFold("HPPH", foldOutput(0n, "RLR"))).to.contain("no self-avoiding walk");
      expect(faultOfFold("HPPH", "0x1234")).to.contain("no fold");
    });
  });

  describe("rate curves", () => {
    const question: TuneQuestion = {
      target: (80n * one) / 100n,
      kink: (85n * one) / 100n,
      curve: { base: one / 100n, slope1: (4n * one) / 100n, slope2: (60n * one) / 100n },
      history: [60n, 75n, 95n].map((percent) => (percent * one) / 100n),
    };
    const outputOf = (change: bigint): Hex => {
      const { curve, loss } = bestCurve(question);
      const layout = parseAbiParameters("uint256, uint256, uint256, uint256");
      return encodeAbiParameters(layout, [curve.base, curve.slope1 + change, curve.slope2, loss]);
    };

    it("take the best curve and no other", () => {
      expect(faultOfTune(question, outputOf(0n))).to.equal(undefined);
      expect(faultOfTune(question, outputOf(1n))).to.contain("should be");
      expect(faultOfTune(question, "0x")).to.contain("no curve");
    });
  });

  describe("money", () => {
    const sound: Money = {
      deposited: 100n,
      withdrawn: 30n,
      held: 70n,
      accounts: 40n,
      timeLocks: 1n,
      locks: 2n,
      leftovers: 3n,
      earnings: 4n,
      claims: 5n,
      royalties: 6n,
      treasury: 9n,
    };

    it("is conserved only to the last unit", () => {
      expect(sumOf(sound)).to.equal(70n);
      expect(isConserved(sound)).to.equal(true);
      for (const part of Object.keys(sound) as (keyof Money)[])
        expect(isConserved({ ...sound, [part]: sound[part] + 1n }), part).to.equal(false);
    });
  });

  describe("options", () => {
    const terminal = { isTerminal: true, isCi: false };

    it("stay up in a terminal only, outside CI, and unless told to end", () => {
      expect(parseOptions([], terminal).stay).to.equal(true);
      expect(parseOptions(["--exit"], terminal).stay).to.equal(false);
      expect(parseOptions(["--json"], terminal).stay).to.equal(false);
      expect(parseOptions([], { ...terminal, isCi: true }).stay).to.equal(false);
      expect(parseOptions([], { ...terminal, isTerminal: false }).stay).to.equal(false);
    });

    it("ask the model unless told not to", () => {
      expect([[], ["--ai=on"], ["--ai=off"]].map((args) => parseOptions(args, terminal).ai)).to.deep.equal([
        true,
        true,
        false,
      ]);
      expect(() => parseOptions(["--ai=maybe"], terminal)).to.throw(UnknownOptionError, "--ai=maybe");
    });

    it("choose the chain: on anvil the model is left out", () => {
      expect(parseOptions([], terminal).client).to.equal("hardhat");
      expect(parseOptions(["--client=anvil"], terminal)).to.include({ client: "anvil", ai: false });
      expect(() => parseOptions(["--client=geth"], terminal)).to.throw(UnknownOptionError, "--client=geth");
    });

    it("refuse what they do not know", () => {
      expect(() => parseOptions(["--jsno"], terminal)).to.throw(UnknownOptionError, "--jsno");
    });
  });
});

describe("The demo", () => {
  const { freshFolder, removeAll } = makeFolders();
  after(removeAll);

  it("ends with the figures of a run in which all came out as it must, and leaves no file behind", async () => {
    const folder = await freshFolder();
    const { code, stdout, stderr } = await runChild(["--json", "--exit"], folder);
    expect(code, stderr).to.equal(0);
    expect(stdout.trim().split("\n")).to.have.length(1);
    const { seconds, ...figures } = JSON.parse(stdout) as Record<string, unknown>;
    expect(seconds).to.be.a("number");
    const ai = Number(isModelPackageInstalled());
    expect(figures).to.deep.equal({
      requests: 11 + ai,
      settled: 10 + ai,
      refunded: 1,
      callbacksDelivered: 9 + ai,
      askedModel: ai,
      callbacksRetried: 1,
      bundleItems: 50,
      wrongResults: 0,
      conserved: true,
      disputes: 2,
      slashed: 2,
      honestSlashed: 0,
      bondsLost: 1,
      settledInTee: 1,
      endedOnce: 11 + ai,
      paidOnce: true,
      storesAgree: true,
      reorganisations: [],
      refusals: { "late commit": ["CommitTooLate"], "random leaf": ["LeafMismatch"] },
    });
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("stops everything and removes its files when it is interrupted", async () => {
    const folder = await freshFolder();
    const until = isModelPackageInstalled() ? "A contract asks a model" : "Contracts ask";
    const { code, stdout } = await runChild(["--json"], folder, until);
    expect(code).to.equal(130);
    expect(stdout).to.equal("");
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("leaves the model out where it is told to", async () => {
    const folder = await freshFolder();
    const { code, stderr } = await runChild(["--json", "--ai=off"], folder, "Contracts ask");
    expect(code).to.equal(130);
    expect(stderr).to.not.contain("model");
  });

  describe("with nodes that lie", () => {
    const undo: (() => Promise<void> | void)[] = [];
    let outcome: Outcome;

    before(async () => {
      outcome = await runWithLiars(await freshFolder(), (one) => void undo.unshift(one));
    });

    after(async () => {
      for (const one of undo) await one();
    });

    it("counts a wrong answer that a whole committee agreed on", () => {
      expect(figuresOf(outcome)).to.include({ requests: 2, settled: 2, wrongResults: 1, conserved: true });
      const broken = brokenExpectations(outcome, { ...expectedOfLiars, wrongResults: 0 });
      expect(broken).to.include("wrongResults is 1, not 0");
      expect(broken.join()).to.contain("fold, one node");
    });

    it("sees the honest majority settle without the liar, who is not paid for it", () => {
      const row = rowsOf(outcome).find(({ asked }) => asked.name === "fold, whole pool");
      const seat = row?.committee.findIndex(({ nodeId }) => nodeId === liar) ?? -1;
      const attested = row?.ending?.head?.attested ?? 0n;
      expect(seat).to.be.at.least(0);
      expect((attested >> BigInt(seat)) & 1n).to.equal(0n);
      expect(row?.agreed).to.be.within(7n, 9n);
    });

    it("fails a run whose money does not add up, whose request stays open or ends twice, or whose copier is not refused", () => {
      const { money, asked, story, tricks } = outcome;
      const lost = { ...money, paidOut: { ...money.paidOut, held: money.paidOut.held - 1n } };
      const faultsOf = (changes: Partial<Outcome>): string =>
        brokenExpectations({ ...outcome, ...changes }, expectedOfLiars).join("; ");
      expect(faultsOf({ money: lost })).to.contain("conserved is false, not true");
      expect(faultsOf({ story: { ...story, endings: new Map() } })).to.contain(`${asked[0]?.name} is still open`);
      const { times, spent } = outcome.ends;
      const twice = new Map([...times].map(([requestId]) => [requestId, 2] as const));
      expect(faultsOf({ ends: { times: twice, spent } })).to.contain("endedOnce is 0, not 2");
      expect(faultsOf({ ends: { times, spent: spent + 1n } })).to.contain("paidOnce is false, not true");
      expect(faultsOf({ storeFaults: ["keeper 1: lost"] }))
        .to.contain("storesAgree is false, not true")
        .and.contain("keeper 1: lost");
      const taken = tricks.map((one) => ({ ...one, answers: [{ nodeId: 1n, answer: "taken", message: "" }] }));
      expect(faultsOf({ tricks: taken })).to.contain("late commit: taken, not CommitTooLate");
      expect(brokenExpectations(outcome, expectedOfAll)).to.include("requests is 2, not 11");
    });
  });
});

/** Lies always; all others lie about one sequence only. */
const liar = 1n;
const expectedOfLiars = {
  ...expectedOfAll,
  requests: 2,
  settled: 2,
  refunded: 0,
  callbacksDelivered: 2,
  callbacksRetried: 0,
  bundleItems: 0,
  disputes: 1,
  slashed: 0,
  bondsLost: 0,
  settledInTee: 0,
  endedOnce: 2,
  wrongResults: 1,
  refusals: { "late commit": "CommitTooLate" },
};

/** The energy that a liar gives is lower by one than that of its fold. */
function lyingExecutor({ node }: KeeperInput, executor: Executor): Executor {
  return {
    capabilities: executor.capabilities,
    execute: async (task, input, limits, signal) => {
      const result = await executor.execute(task, input, limits, signal);
      const isLie = node.nodeId === liar || new TextDecoder().decode(input) === otherSequences.oneNode;
      if (!isLie) return result;
      const output = result.output.slice();
      output[31] = (output[31] ?? 0) - 1; // the last byte of the energy
      return { ...result, output };
    },
  };
}

async function runWithLiars(folder: string, cleanUp: (undo: () => Promise<void> | void) => void): Promise<Outcome> {
  const script: Script = {
    acts: [{ title: "", requests: [(stage) => askAll(stage, 7), askOne], until: "ended" }],
    tricks: 1,
    // the watchtower shows the lie; of a pool of twelve no panel can be drawn beside a committee of all
    react: (_, { justice }) => Promise.resolve(justice.disputes.length > 0 && isDone(justice)),
  };
  const startKeeper = makeStartKeeper({ executorOf: lyingExecutor, logDestination: { write: () => undefined } });
  const progress = { step: () => undefined, note: () => undefined };
  const { signal } = new AbortController();
  const chain = await startChain();
  cleanUp(chain.close);
  return (await runDemo({ progress, chain, script, signal, cleanUp, folder, startKeeper })).outcome;
}
