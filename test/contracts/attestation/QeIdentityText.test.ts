import { expect } from "chai";
import { network } from "hardhat";
import { makeChance, seed } from "../../helpers/tcb/chance.ts";
import { deployHarness, parseAll, parseOne } from "../../helpers/tcb/harness.ts";
import { packQeIdentity, qeIdentitySchema } from "../../helpers/tcb/model.ts";
import { qeIdentityOf } from "../../helpers/tcb/texts.ts";

const randomTexts = 400;

/** The fields that the contract returns for a text, by JSON.parse. */
function expectedFields(text: string): unknown[] {
  const qe = qeIdentitySchema.parse(JSON.parse(text));
  const times = [BigInt(qe.issueDate), BigInt(qe.nextUpdate)] as const;
  return [qe.id === "QE" ? 0n : 0x81n, ...times, BigInt(qe.tcbEvaluationDataNumber), packQeIdentity(qe)];
}

const level = { tcb: { isvsvn: 8 }, tcbDate: "2024-03-13T00:00:00Z", tcbStatus: "UpToDate" };
const identity = {
  id: "QE",
  version: 2,
  issueDate: "2025-06-19T10:01:18Z",
  nextUpdate: "2025-07-19T10:01:18Z",
  tcbEvaluationDataNumber: 17,
  miscselect: "00000000",
  miscselectMask: "FFFFFFFF",
  attributes: "11000000000000000000000000000000",
  attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
  mrsigner: "8C4F5775D796503E96137F77C68A829A0056AC8DED70140B081B094490C57BFF",
  isvprodid: 1,
  tcbLevels: [level],
};

const malformed: readonly [title: string, changes: object, error: string][] = [
  ["the identity of another enclave", { id: "QVE" }, "QeIdentityUnknown"],
  ["an id that begins like one that is known", { id: "TD_QE2" }, "QeIdentityUnknown"],
  ["version 1", { version: 1 }, "QeIdentityUnknown"],
  ["a short MISCSELECT", { miscselect: "000000" }, "HexInvalid"],
  ["long attributes", { attributes: "00".repeat(17) }, "JsonUnexpected"],
  ["a short mask", { attributesMask: "FF".repeat(15) }, "HexInvalid"],
  ["a short MRSIGNER", { mrsigner: "00".repeat(31) }, "HexInvalid"],
  ["a long MRSIGNER", { mrsigner: "00".repeat(33) }, "JsonUnexpected"],
  ["an MRSIGNER of other letters", { mrsigner: "0x".repeat(32) }, "HexInvalid"],
  ["an ISVPRODID of 65,536", { isvprodid: 65_536 }, "JsonNumberTooLarge"],
  ["no levels", { tcbLevels: [] }, "JsonUnexpected"],
  ["33 levels", { tcbLevels: Array(33).fill(level) }, "TooManyLevels"],
  ["a level of a platform", { tcbLevels: [{ ...level, tcb: { pcesvn: 8 } }] }, "LevelKeysWrong"],
  ["a level without SVN", { tcbLevels: [{ ...level, tcb: { x: 8 } }] }, "LevelKeysWrong"],
  ["an unknown status", { tcbLevels: [{ ...level, tcbStatus: "uptodate" }] }, "StatusUnknown"],
  ["a time that does not exist", { nextUpdate: "2025-06-31T00:00:00Z" }, "TimeInvalid"],
  ["null for a number", { isvprodid: null }, "JsonUnexpected"],
];

describe("QeIdentityText", () => {
  it(`reads ${randomTexts} random texts as JSON.parse does and packs them (seed ${seed})`, async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const texts = Array.from({ length: randomTexts }, (_, i) =>
      JSON.stringify(qeIdentityOf(chance, i % 2 === 0 ? "QE" : "TD_QE", { wild: i % 4 > 1 })),
    );
    const outcomes = await parseAll(harness, "qeIdentity", texts);
    for (const [i, text] of texts.entries()) {
      const { fields, error, args } = outcomes[i] ?? {};
      expect(fields, `${text}: ${error}(${args})`).to.deep.equal(expectedFields(text));
    }
  });

  it("takes 32 levels", async () => {
    const harness = await deployHarness(await network.create());
    const text = JSON.stringify({ ...identity, tcbLevels: Array(32).fill(level) });
    expect((await parseOne(harness, "qeIdentity", text)).fields).to.deep.equal(expectedFields(text));
  });

  it("says which keys are missing", async () => {
    const harness = await deployHarness(await network.create());
    for (const [bit, key] of Object.keys(identity).entries()) {
      const text = JSON.stringify({ ...identity, [key]: undefined });
      const { error, args } = await parseOne(harness, "qeIdentity", text);
      expect([key, error, args]).to.deep.equal([key, "QeIdentityKeysMissing", [1n << BigInt(bit)]]);
    }
  });

  it("refuses what is not of the form", async () => {
    const harness = await deployHarness(await network.create());
    const texts = malformed.map(([, changes]) => JSON.stringify({ ...identity, ...changes }));
    const outcomes = await parseAll(harness, "qeIdentity", texts);
    for (const [i, [title, , error]] of malformed.entries()) {
      expect([title, outcomes[i]?.error]).to.deep.equal([title, error]);
    }
  });

  it("refuses a key twice and bytes behind the text", async () => {
    const harness = await deployHarness(await network.create());
    const text = JSON.stringify(identity);
    const twice = text.replace('"isvprodid"', '"isvprodid":2,"isvprodid"');
    const { error, args } = await parseOne(harness, "qeIdentity", twice);
    expect([error, args]).to.deep.equal([
      "JsonKeyTwice",
      [`0x${Buffer.from("isvprodid").toString("hex")}${"00".repeat(23)}`],
    ]);
    const longer = await parseOne(harness, "qeIdentity", `${text}\0`);
    expect([longer.error, longer.args]).to.deep.equal([
      "JsonLengthWrong",
      [BigInt(text.length), BigInt(text.length + 1)],
    ]);
  });
});
