import { expect } from "chai";
import { network } from "hardhat";
import { stringToHex } from "viem";
import { makeChance, seed } from "../../helpers/tcb/chance.ts";
import { deployHarness, parseAll, parseOne } from "../../helpers/tcb/harness.ts";
import { packTcbInfo, tcbInfoSchema } from "../../helpers/tcb/model.ts";
import { type JsonObject, tcbInfoOf } from "../../helpers/tcb/texts.ts";

const randomTexts = 400;
const tame = { wild: false };

/** The fields that the contract returns for a text, by JSON.parse. */
function expectedFields(text: string): unknown[] {
  const value: JsonObject = JSON.parse(text);
  const info = tcbInfoSchema.parse(value);
  return [
    info.id === "SGX" ? 0n : 0x81n,
    info.fmspc,
    info.pceId,
    BigInt(info.issueDate),
    BigInt(info.nextUpdate),
    BigInt(info.tcbEvaluationDataNumber),
    packTcbInfo(info, Object.keys(value)),
  ];
}

/** A valid text with one part of it replaced; the part has to be there. */
function replaced(text: string, part: string | RegExp, by: string): string {
  const changed = text.replace(part, by);
  if (changed === text) throw new Error(`nothing to replace: ${part}`);
  return changed;
}

/** 16 components, all 0, and the same with some of them written otherwise. */
const zeros = JSON.stringify(Array.from({ length: 16 }, () => ({ svn: 0 })));
const sgx = JSON.stringify({
  id: "SGX",
  version: 3,
  issueDate: "2025-06-19T10:56:11Z",
  nextUpdate: "2025-07-19T10:56:11Z",
  fmspc: "00A067110000",
  pceId: "0000",
  tcbType: 0,
  tcbEvaluationDataNumber: 17,
  tcbLevels: [{ tcb: { sgxtcbcomponents: JSON.parse(zeros), pcesvn: 13 }, tcbStatus: "UpToDate" }],
});
const module = { mrsigner: "00".repeat(48), attributes: "00".repeat(8), attributesMask: "FF".repeat(8) };
const identity = { id: "TDX_01", ...module, tcbLevels: [{ tcb: { isvsvn: 2 }, tcbStatus: "UpToDate" }] };
const tdx = JSON.stringify({
  ...JSON.parse(sgx),
  id: "TDX",
  tdxModule: module,
  tdxModuleIdentities: [identity],
  tcbLevels: [
    {
      tcb: { sgxtcbcomponents: JSON.parse(zeros), pcesvn: 13, tdxtcbcomponents: JSON.parse(zeros) },
      tcbStatus: "UpToDate",
    },
  ],
});
const level = sgx.slice(sgx.indexOf('{"tcb":'), -2);

const malformed: readonly [title: string, text: string, error: string][] = [
  ["an empty text", "", "JsonUnexpected"],
  ["an empty object", "{}", "JsonUnexpected"],
  ["an array", `[${sgx}]`, "JsonUnexpected"],
  ["a truncated text", sgx.slice(0, -1), "JsonUnexpected"],
  ["a byte behind the text", `${sgx} `, "JsonLengthWrong"],
  ["a line break behind the text", `${sgx}\n`, "JsonLengthWrong"],
  ["a second text behind the first", sgx + sgx, "JsonLengthWrong"],
  ["white space behind a colon", replaced(sgx, '"version":3', '"version": 3'), "JsonUnexpected"],
  ["white space behind a comma", replaced(sgx, ',"version"', ', "version"'), "JsonUnexpected"],
  ["an escape in a value", replaced(sgx, '"UpToDate"', '"\\u0055pToDate"'), "JsonUnexpected"],
  ["an escape in a key", replaced(sgx, '"fmspc"', '"fms\\u0070c"'), "JsonUnexpected"],
  ["a control character", replaced(sgx, '"pceId"', '"x":"\u0001","pceId"'), "JsonUnexpected"],
  ["a character beyond ASCII", replaced(sgx, '"pceId"', '"x":"é","pceId"'), "JsonUnexpected"],
  ["a key without quotes", replaced(sgx, '"version"', "version"), "JsonUnexpected"],
  ["a trailing comma", `${sgx.slice(0, -1)},}`, "JsonUnexpected"],
  ["a key twice", replaced(sgx, '"pceId"', '"version":3,"pceId"'), "JsonKeyTwice"],
  ["tcbStatus twice", replaced(sgx, '"tcbStatus"', '"tcbStatus":"Revoked","tcbStatus"'), "JsonKeyTwice"],
  ["svn twice", replaced(sgx, '{"svn":0}', '{"svn":0,"svn":1}'), "JsonKeyTwice"],
  ["svn twice behind another key", replaced(sgx, '{"svn":0}', '{"a":1,"svn":0,"svn":1}'), "JsonKeyTwice"],
  ["a number as string", replaced(sgx, '"version":3', '"version":"3"'), "JsonUnexpected"],
  ["a string as number", replaced(sgx, '"pceId":"0000"', '"pceId":0'), "JsonUnexpected"],
  ["an object as array", replaced(sgx, '"tcbLevels":[', '"tcbLevels":{'), "JsonUnexpected"],
  ["a leading zero", replaced(sgx, ":17,", ":017,"), "JsonUnexpected"],
  ["a negative number", replaced(sgx, ":17,", ":-17,"), "JsonUnexpected"],
  ["a fraction", replaced(sgx, ":17,", ":17.0,"), "JsonUnexpected"],
  ["an exponent", replaced(sgx, ":17,", ":17e0,"), "JsonUnexpected"],
  ["an evaluation number of 2^32", replaced(sgx, ":17,", ":4294967296,"), "JsonNumberTooLarge"],
  ["a number of a thousand digits", replaced(sgx, ":17,", `:${"9".repeat(1_000)},`), "JsonNumberTooLarge"],
  ["an SVN of 256", replaced(sgx, '{"svn":0}', '{"svn":256}'), "JsonNumberTooLarge"],
  ["a PCESVN of 65,536", replaced(sgx, '"pcesvn":13', '"pcesvn":65536'), "JsonNumberTooLarge"],
  ["a module's SVN of 65,536", replaced(tdx, '"isvsvn":2', '"isvsvn":65536'), "JsonNumberTooLarge"],
  ["version 2", replaced(sgx, '"version":3', '"version":2'), "TcbInfoUnknown"],
  ["tcbType 1", replaced(sgx, '"tcbType":0', '"tcbType":1'), "TcbInfoUnknown"],
  ["id QE", replaced(sgx, '"SGX"', '"QE"'), "TcbInfoUnknown"],
  ["id SGXX", replaced(sgx, '"SGX"', '"SGXX"'), "TcbInfoUnknown"],
  ["an unknown status", replaced(sgx, '"UpToDate"', '"UpToDates"'), "StatusUnknown"],
  ["an empty status", replaced(sgx, '"UpToDate"', '""'), "StatusUnknown"],
  [
    "a status that only begins like the longest",
    replaced(sgx, '"UpToDate"', '"ConfigurationAndSWHardeningNeedex"'),
    "StatusUnknown",
  ],
  [
    "a status longer than the longest",
    replaced(sgx, '"UpToDate"', '"ConfigurationAndSWHardeningNeeded1"'),
    "StatusUnknown",
  ],
  ["15 components", replaced(sgx, '{"svn":0},', ""), "ComponentsNot16"],
  ["17 components", replaced(sgx, '{"svn":0},', '{"svn":0},{"svn":0},'), "ComponentsNot16"],
  ["no components", replaced(sgx, zeros, "[]"), "JsonUnexpected"],
  ["a component without svn", replaced(sgx, '{"svn":0}', '{"category":"BIOS"}'), "ComponentWithoutSvn"],
  ["an empty component", replaced(sgx, '{"svn":0}', "{}"), "JsonUnexpected"],
  ["a level without PCESVN", replaced(sgx, ',"pcesvn":13', ""), "LevelKeysWrong"],
  ["a level without status", replaced(sgx, ',"tcbStatus":"UpToDate"', ""), "LevelKeysWrong"],
  ["a level without tcb", replaced(sgx, level, '{"tcbStatus":"UpToDate"}'), "LevelKeysWrong"],
  ["a level with isvsvn", replaced(sgx, ',"pcesvn":13', ',"pcesvn":13,"isvsvn":1'), "LevelKeysWrong"],
  ["no level", replaced(sgx, level, ""), "JsonUnexpected"],
  ["65 levels", replaced(sgx, level, Array(65).fill(level).join()), "TooManyLevels"],
  ["levels of SGX and of TDX", replaced(tdx, /,"tcbLevels":\[(?=\{"tcb":\{"sgx)/, `$&${level},`), "LevelsMixed"],
  ["TDX with levels of SGX", replaced(tdx, `,"tdxtcbcomponents":${zeros}`, ""), "TcbInfoOfTwoKinds"],
  ["SGX with a TDX module", replaced(tdx, '"TDX"', '"SGX"'), "TcbInfoOfTwoKinds"],
  ["SGX with levels of TDX", replaced(sgx, ',"pcesvn"', `,"tdxtcbcomponents":${zeros},"pcesvn"`), "TcbInfoOfTwoKinds"],
  ["TDX without tdxModule", replaced(tdx, /"tdxModule":\{[^}]*\},/, ""), "TcbInfoKeysMissing"],
  ["a module without mask", replaced(tdx, ',"attributesMask":"FFFFFFFFFFFFFFFF"', ""), "ModuleKeysWrong"],
  ["tdxModule with an id", replaced(tdx, '"tdxModule":{', '"tdxModule":{"id":"TDX_01",'), "ModuleKeysWrong"],
  ["an identity without id", replaced(tdx, '"id":"TDX_01",', ""), "ModuleKeysWrong"],
  ["an identity of an unknown name", replaced(tdx, '"TDX_01"', '"TDX_1"'), "ModuleIdUnknown"],
  ["an identity of another name", replaced(tdx, '"TDX_01"', '"TDY_01"'), "ModuleIdUnknown"],
  ["an identity without a number", replaced(tdx, '"TDX_01"', '"TDX_0G"'), "HexInvalid"],
  [
    "an identity twice",
    replaced(tdx, JSON.stringify(identity), Array(2).fill(JSON.stringify(identity)).join()),
    "ModuleIdTwice",
  ],
  [
    "17 identities",
    replaced(
      tdx,
      JSON.stringify(identity),
      Array.from({ length: 17 }, (_, i) => JSON.stringify({ ...identity, id: `TDX_${10 + i}` })).join(),
    ),
    "TooManyModules",
  ],
  ["an empty list of identities", replaced(tdx, JSON.stringify(identity), ""), "JsonUnexpected"],
  [
    "33 levels of a module",
    replaced(tdx, /\{"tcb":\{"isvsvn":2\}[^}]*\}/, Array(33).fill(JSON.stringify(identity.tcbLevels[0])).join()),
    "TooManyLevels",
  ],
  ["an FMSPC of 11 digits", replaced(sgx, "00A067110000", "00A06711000"), "HexInvalid"],
  ["an FMSPC of 13 digits", replaced(sgx, "00A067110000", "00A0671100000"), "JsonUnexpected"],
  ["an FMSPC with another letter", replaced(sgx, "00A067110000", "00G067110000"), "HexInvalid"],
  ["an MRSIGNER of 95 digits", replaced(tdx, "0".repeat(96), "0".repeat(95)), "HexInvalid"],
  ["an MRSIGNER of 98 digits", replaced(tdx, "0".repeat(96), "0".repeat(98)), "JsonUnexpected"],
  ["February 30", replaced(sgx, "2025-06-19T", "2025-02-30T"), "TimeInvalid"],
  ["February 29 of a common year", replaced(sgx, "2025-06-19T", "2025-02-29T"), "TimeInvalid"],
  ["February 29 of 2100", replaced(sgx, "2025-06-19T", "2100-02-29T"), "TimeInvalid"],
  ["April 31", replaced(sgx, "2025-06-19T", "2025-04-31T"), "TimeInvalid"],
  ["month 0", replaced(sgx, "2025-06-19T", "2025-00-19T"), "TimeInvalid"],
  ["month 13", replaced(sgx, "2025-06-19T", "2025-13-19T"), "TimeInvalid"],
  ["day 0", replaced(sgx, "2025-06-19T", "2025-06-00T"), "TimeInvalid"],
  ["hour 24", replaced(sgx, "T10:56:11Z", "T24:00:00Z"), "TimeInvalid"],
  ["minute 60", replaced(sgx, "T10:56:11Z", "T10:60:11Z"), "TimeInvalid"],
  ["a leap second", replaced(sgx, "T10:56:11Z", "T23:59:60Z"), "TimeInvalid"],
  ["a year before 1970", replaced(sgx, "2025-06-19T", "1969-12-31T"), "TimeInvalid"],
  ["a time without zone", replaced(sgx, "T10:56:11Z", "T10:56:11"), "TimeInvalid"],
  ["a time with fractions", replaced(sgx, "T10:56:11Z", "T10:56:11.0Z"), "TimeInvalid"],
  ["a time of letters", replaced(sgx, "T10:56:11Z", "Taa:bb:ccZ"), "TimeInvalid"],
  ["9 arrays inside each other", replaced(sgx, '"pceId"', `"x":${"[".repeat(9)}1`), "JsonTooDeep"],
  ["9 objects inside each other", replaced(sgx, '"pceId"', `"x":${'{"x":'.repeat(9)}1`), "JsonTooDeep"],
  ["100,000 bytes", " ".repeat(100_000), "JsonTooLong"],
  ["32,769 bytes", `${sgx.slice(0, -1)},"x":"${"x".repeat(32_769)}"}`.slice(0, 32_769), "JsonTooLong"],
];

let connection: ReturnType<typeof network.create> | undefined;

/** One chain for the tests that only call. */
const shared = () => (connection ??= network.create());

describe("TcbInfoText", () => {
  it(`reads ${randomTexts} random texts as JSON.parse does and packs them (seed ${seed})`, async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const texts = Array.from({ length: randomTexts }, (_, i) =>
      JSON.stringify(tcbInfoOf(chance, i % 2 === 0 ? "SGX" : "TDX", { wild: i % 4 > 1 })),
    );
    const outcomes = await parseAll(harness, "tcbInfo", texts);
    for (const [i, text] of texts.entries()) {
      const { fields, error, args } = outcomes[i] ?? {};
      expect(fields, `${text}: ${error}(${args})`).to.deep.equal(expectedFields(text));
    }
  });

  it("reads every day of a leap year, of a common year and of 2000 and 2100", async () => {
    const harness = await deployHarness(await network.create());
    const years = [1970, 2000, 2025, 2028, 2100, 9999];
    const days = years.flatMap((year) => Array.from({ length: 365 }, (_, day) => new Date(Date.UTC(year, 0, day + 1))));
    const texts = days
      .filter((_, i) => i % 5 === 0)
      .map((day) => replaced(sgx, "2025-06-19T10:56:11Z", day.toISOString().replace(".000", "")));
    const outcomes = await parseAll(harness, "tcbInfo", texts);
    for (const [i, text] of texts.entries()) expect(outcomes[i]?.fields).to.deep.equal(expectedFields(text));
  });

  it("takes as many levels, modules, components' fields and nested values as its bounds allow", async () => {
    const harness = await deployHarness(await network.create());
    const deep = `"x":${"[".repeat(8)}${"]".repeat(8)},"y":${'{"z":'.repeat(8)}-0.5e+3${"}".repeat(8)}`;
    const identities = Array.from({ length: 16 }, (_, i) => ({
      ...identity,
      attributes: `0${i.toString(16)}`.repeat(8),
      id: `TDX_${10 + i}`,
      tcbLevels: Array(32).fill(identity.tcbLevels[0]),
    }));
    const widest = replaced(tdx, JSON.stringify(identity), JSON.stringify(identities).slice(1, -1));
    const texts = [
      replaced(sgx, '"pceId"', `${deep},"pceId"`),
      replaced(sgx, level, Array(64).fill(level).join()),
      replaced(sgx, '"UpToDate"', '"ConfigurationAndSWHardeningNeeded"'),
      replaced(sgx, '"pceId"', `"${"k".repeat(32)}":1,"${"k".repeat(99)}":"${"v".repeat(99)}","":[[],{}],"pceId"`),
      widest,
    ];
    const outcomes = await parseAll(harness, "tcbInfo", texts);
    for (const [i, text] of texts.entries()) expect(outcomes[i]?.fields).to.deep.equal(expectedFields(text));
  });

  it("says which keys are missing", async () => {
    const harness = await deployHarness(await network.create());
    const keys = Object.keys(JSON.parse(sgx));
    for (const [bit, key] of keys.entries()) {
      const { [key]: _, ...rest } = JSON.parse(sgx);
      const { error, args } = await parseOne(harness, "tcbInfo", JSON.stringify(rest));
      expect([key, error, args]).to.deep.equal([key, "TcbInfoKeysMissing", [1n << BigInt(bit)]]);
    }
  });

  it("takes 16 components and no other number, whatever they look like", async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const counts = Array.from({ length: 600 }, (_, i) => 12 + (i % 9));
    const texts = counts.map((count) => {
      const items = Array.from({ length: count }, () =>
        chance.oneIn(4)
          ? chance.pick([{ svn: 10 }, { svn: 255 }, { svn: 1, category: "BIOS" }])
          : { svn: chance.below(10) },
      );
      return replaced(sgx, zeros, JSON.stringify(items));
    });
    const outcomes = await parseAll(harness, "tcbInfo", texts);
    for (const [i, { fields, error }] of outcomes.entries()) {
      if (counts[i] === 16) expect(fields).to.deep.equal(expectedFields(texts[i] ?? ""));
      else expect(error, texts[i]).to.equal("ComponentsNot16");
    }
  });

  it("shows what stands where the text is wrong", async () => {
    const harness = await deployHarness(await network.create());
    const { error, args } = await parseOne(harness, "tcbInfo", replaced(sgx, '"fmspc":"', '"fmspc": "'));
    const near = ` "00A067110000","pceId":"0000","tcbType"`.slice(0, 32);
    expect([error, args]).to.deep.equal(["JsonUnexpected", [`0x${Buffer.from(near).toString("hex")}`]]);
  });

  for (const [title, text, error] of malformed) {
    it(`refuses ${title}`, async () => {
      const harness = await deployHarness(await shared());
      expect((await parseOne(harness, "tcbInfo", text)).error).to.equal(error);
    });
  }

  it("refuses a text that only is one together with the bytes behind it in calldata", async () => {
    const connection = await network.create();
    const harness = await deployHarness(connection);
    const [signer] = await connection.ethers.getSigners();
    const data = harness.interface.encodeFunctionData("parseTcbInfo", [stringToHex(sgx)]);
    const lengthPlace = 2 + 2 * (4 + 32); // digits: 0x, selector, offset
    for (const length of [0, 1, 31, 32, 33, sgx.length - 1]) {
      const shorter = data.slice(0, lengthPlace) + length.toString(16).padStart(64, "0") + data.slice(lengthPlace + 64);
      await expect(signer?.call({ to: await harness.getAddress(), data: shorter }))
        .to.be.revertedWithCustomError(harness, "JsonLengthWrong")
        .withArgs(sgx.length, length);
    }
  });

  it("refuses every beginning of a text", async () => {
    const harness = await deployHarness(await network.create());
    const text = JSON.stringify(tcbInfoOf(makeChance(seed), "TDX", tame));
    const beginnings = Array.from({ length: 600 }, (_, i) => text.slice(0, Math.floor((i * text.length) / 600)));
    for (const { error } of await parseAll(harness, "tcbInfo", beginnings)) {
      expect(error).to.be.oneOf(["JsonUnexpected", "HexInvalid", "TimeInvalid", "StatusUnknown"]);
    }
  });
});
