import { expect } from "chai";
import { network } from "hardhat";
import { deployHarness, parseAll } from "../../helpers/tcb/harness.ts";
import { intelSgx } from "../../helpers/tcb/intel-shaped.ts";

const valid = [
  ...["0", "-0", "10", "1.5", "-0.50", "1e5", "1E+05", "2.5e-7", "true", "false", "null", '""', '" "', '"}],{["'],
  ...[`"${"x".repeat(31)}"`, `"${"x".repeat(32)}"`, `"${"x".repeat(33)}"`, `"${"x".repeat(64)}"`],
  ...[
    "[]",
    "{}",
    "[[]]",
    '[{},{"":[]}]',
    '["a","b"]',
    '["a",1]',
    '[1,"a","b",[]]',
    '{"a":"b","c":["d"],"e":{"f":null}}',
  ],
];
/** What no JSON has. */
const invalid = [
  ...[
    "",
    "-",
    "01",
    "-01",
    "1.",
    ".5",
    "1.e5",
    "1e",
    "1e+",
    "1ee5",
    "+1",
    "--1",
    "1-",
    "0x1",
    "1_0",
    "NaN",
    "Infinity",
  ],
  ...["tru", "trueq", "TRUE", "nul", "nulls", "falsy", "fals", "undefined", "'a'", "a"],
  ...[
    "[",
    "]",
    "{",
    "}",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1:2]",
    "[}",
    "{]",
    "[{]}",
    '["a",]',
    '["a""b"]',
    '["a"',
    '["a",b]',
  ],
  ...['{"a"}', '{"a":}', '{"a":1,}', '{,"a":1}', "{a:1}", '{"a",1}', '{"a":1:2}', "{1:2}", '{"a":1"b":2}', '{"a""b"}'],
  ...['"', '"a', 'a"', '"a"b"', '"\t"', '"\n"', '"\u0000"', '"\u001f"', '"\\x"', '"a":"b":"c"'],
];
/** JSON, but nothing that Intel's texts have: white space, escapes and bytes beyond ASCII. */
const unusual = [
  " 1",
  "1 ",
  "[ ]",
  "[1, 2]",
  '{"a" :1}',
  '"\\n"',
  '"\\""',
  '"\\u0041"',
  '"é"',
  '["a","é"]',
  '"\u{1f600}"',
];

const text = JSON.stringify(intelSgx({ issueDate: 0, nextUpdate: 0 }));
/** A text with a field that nobody knows: at the top, in a level, in its TCB, on both sides of an SVN. */
const places = (value: string) => [
  text.replace('"fmspc"', `"new":${value},"fmspc"`),
  text.replace('"tcbStatus"', `"new":${value},"tcbStatus"`),
  text.replace('"pcesvn"', `"new":${value},"pcesvn"`),
  text.replace('{"svn":2}', `{"new":${value},"svn":2}`),
  text.replace('{"svn":2}', `{"svn":2,"new":${value}}`),
];

const isJson = (value: string) => {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
};

async function outcomesOf(values: readonly string[]) {
  const harness = await deployHarness(await network.create());
  const texts = values.flatMap((value) => places(value));
  const outcomes = await parseAll(harness, "tcbInfo", [text, ...texts]);
  const [plain, ...rest] = outcomes;
  expect(plain?.error).to.equal(undefined);
  return { plain, cases: rest.map((outcome, i) => ({ ...outcome, text: texts[i] ?? "" })) };
}

describe("JsonSkip", () => {
  it("passes values of any kind in fields that nobody knows", async () => {
    expect(valid.filter((value) => !isJson(value))).to.deep.equal([]);
    const { plain, cases } = await outcomesOf(valid);
    for (const { fields, error, text } of cases) expect(fields, `${text}: ${error}`).to.deep.equal(plain?.fields);
  });

  it("refuses what is no JSON there", async () => {
    expect(invalid.filter((value) => isJson(value))).to.deep.equal([]);
    const { cases } = await outcomesOf(invalid);
    for (const { error, text } of cases) expect(error, text).to.be.oneOf(["JsonUnexpected", "JsonLengthWrong"]);
  });

  it("refuses JSON there that has white space, escapes or bytes beyond ASCII", async () => {
    expect(unusual.filter((value) => !isJson(value))).to.deep.equal([]);
    const { cases } = await outcomesOf(unusual);
    for (const { error, text } of cases) expect(error, text).to.equal("JsonUnexpected");
  });
});
