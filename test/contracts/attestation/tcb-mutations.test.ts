import { expect } from "chai";
import { network } from "hardhat";
import { type Chance, makeChance, seed } from "../../helpers/tcb/chance.ts";
import { deployHarness, type Kind, type Outcome, parseAll } from "../../helpers/tcb/harness.ts";
import { packQeIdentity, packTcbInfo, qeIdentitySchema, tcbInfoSchema } from "../../helpers/tcb/model.ts";
import { qeIdentityOf, tcbInfoOf } from "../../helpers/tcb/texts.ts";

const mutants = 6_000;
const mutantsPerText = 100;
/** Gas that parsing may cost: for the call and the record's memory, and for each byte of the text. */
const gasBounds = { base: 25_000, perByte: 500 };
const maxTextBytes = 32_768;

const tokens = [...'{}[]",:\\0123456789-+.eE \n\u0000\u001f\u007fé', "null", "true", '"x":', ",,", "{}", "[]", '""'];
const knownKeys = ["id", "svn", "tcb", "isvsvn", "pcesvn", "tcbStatus", "tcbLevels", "version", "mrsigner", "fmspc"];

/** A text with one thing in it changed. */
function mutate(chance: Chance, text: string): string {
  const place = chance.below(text.length);
  const length = 1 + chance.below(chance.pick([1, 4, 60]));
  const [before, after] = [text.slice(0, place), text.slice(place)];
  const rest = after.slice(length);
  switch (chance.below(8)) {
    case 0:
      return before; // truncated
    case 1:
      return before + rest; // a piece less
    case 2:
      return before + after.slice(0, length) + after; // a piece twice
    case 3:
      return before + chance.pick(tokens) + after;
    case 4:
      return before + chance.pick(tokens) + after.slice(1);
    case 5:
      return before + String.fromCharCode(chance.below(128)) + after.slice(1);
    case 6: {
      const key = chance.pick(knownKeys); // a key for another, maybe of the wrong object
      return text.replaceAll(chance.pick(knownKeys), (found) => (chance.oneIn(4) ? key : found));
    }
    default: {
      const other = chance.below(text.length);
      return before + text.slice(other, other + length) + rest; // a piece from elsewhere
    }
  }
}

/** The fields that are read from a text, if it is of the form; by JSON.parse. */
function fieldsOf(kind: Kind, value: unknown): unknown[] | undefined {
  if (kind === "tcbInfo") {
    const info = tcbInfoSchema.safeParse(value).data;
    if (info === undefined || value === null) return undefined;
    const head = [info.id === "SGX" ? 0n : 0x81n, info.fmspc, info.pceId];
    const numbers = [info.issueDate, info.nextUpdate, info.tcbEvaluationDataNumber].map(BigInt);
    return [...head, ...numbers, packTcbInfo(info, Object.keys(Object(value)))];
  }
  const qe = qeIdentitySchema.safeParse(value).data;
  if (qe === undefined) return undefined;
  const numbers = [qe.issueDate, qe.nextUpdate, qe.tcbEvaluationDataNumber].map(BigInt);
  return [qe.id === "QE" ? 0n : 0x81n, ...numbers, packQeIdentity(qe)];
}

function parsed(text: string): { value?: unknown } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return {};
  }
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

/**
 * What JSON.parse makes of the text has to be what the contract makes of it. Where a text is no plain JSON in its
 * shortest form (a key twice, 1e3, an escape...), the contract may refuse it; where it takes it, the fields have to be
 * the same.
 */
function expectSame(kind: Kind, text: string, { fields, error }: Outcome) {
  const { value } = parsed(text);
  const expected = fieldsOf(kind, value);
  if (fields !== undefined) {
    expect(fields, text).to.deep.equal(expected);
    return;
  }
  const plain = /^[\x20-\x7f]*$/.test(text) && !text.includes("\\") && depthOf(value) < 9;
  if (plain && JSON.stringify(value) === text) expect(expected, `${text}: ${error}`).to.equal(undefined);
}

function expectBounded(text: string, { error, gasUsed }: Outcome) {
  expect(error, text).to.not.be.oneOf(["Panic", "Error", "0x"]);
  const bytes = Buffer.byteLength(text);
  expect(Number(gasUsed), `${bytes} bytes: ${text.slice(0, 200)}`).to.be.below(
    gasBounds.base + gasBounds.perByte * bytes,
  );
}

describe("Mutated TCB texts", () => {
  for (const kind of ["tcbInfo", "qeIdentity"] as const) {
    it(`are read like JSON.parse reads them or refused by name, ${kind}, ${mutants} times (seed ${seed})`, async () => {
      const harness = await deployHarness(await network.create());
      const chance = makeChance(seed);
      const names = new Set<string>();
      let taken = 0;
      for (let i = 0; i < mutants / mutantsPerText; i++) {
        const wild = { wild: i % 2 === 0 };
        const object =
          kind === "tcbInfo"
            ? tcbInfoOf(chance, chance.pick(["SGX", "TDX"]), wild)
            : qeIdentityOf(chance, chance.pick(["QE", "TD_QE"]), wild);
        const levels = Array.isArray(object.tcbLevels) ? object.tcbLevels.slice(0, 1) : [];
        const text = JSON.stringify({ ...object, tcbLevels: levels });
        const texts = Array.from({ length: mutantsPerText }, () => mutate(chance, text));
        const outcomes = await parseAll(harness, kind, texts);
        for (const [k, outcome] of outcomes.entries()) {
          const mutant = texts[k] ?? "";
          expectBounded(mutant, outcome);
          expectSame(kind, mutant, outcome);
          if (outcome.error === undefined) taken++;
          else names.add(outcome.error);
        }
      }
      expect(taken).to.be.within(mutants / 50, mutants / 2);
      expect(names.size).to.be.at.least(kind === "tcbInfo" ? 12 : 9);
    });
  }

  it("of the greatest length and the dearest forms cost little gas for each byte", async () => {
    const harness = await deployHarness(await network.create());
    const head = JSON.stringify(tcbInfoOf(makeChance(seed), "SGX", { wild: false })).slice(0, -1);
    const pieces = ["[]", "{}", '{"":0}', "1", "1e1", "null", '""', "[[[[[[[]]]]]]]", '{"":{"":{"":{}}}}', "[0]"];
    const filled = pieces.map((piece) => {
      const count = Math.floor((maxTextBytes - head.length - 8) / (piece.length + 1));
      return `${head},"x":[${Array(count).fill(piece).join()}]}`;
    });
    const keys = `${head},${Array(6_000).fill('"":0').join()}}`;
    const digits = `${head},"x":${"1".repeat(maxTextBytes - head.length - 6)}}`;
    const string = `${head},"x":"${"1".repeat(maxTextBytes - head.length - 8)}"}`;
    const texts = [...filled, keys, digits, string];
    for (const [i, text] of texts.entries()) {
      const [outcome] = await parseAll(harness, "tcbInfo", [text]);
      expect(outcome?.error, `${i}: ${text.slice(0, 60)}`).to.equal(undefined);
      if (outcome !== undefined) expectBounded(text, outcome);
    }
  });
});
