import { expect } from "chai";
import { formatAmount, parseAmount, parseAsk } from "../../../keepers/cli/amounts.ts";
import { chooseK, chooseMaxAsk } from "../../../keepers/cli/request-plan.ts";
import { jsonLine, tableOf, visible } from "../../../keepers/cli/text.ts";
import { outputLines } from "../../../keepers/cli/watch-request.ts";
import { UsageError } from "../../../keepers/commands/usage-error.ts";
import { stringToHex } from "viem";

const usd = { symbol: "USD", decimals: 6 };
const parse = (text: string): bigint => parseAmount(text, usd, "--amount");

describe("Amounts", () => {
  it("are whole tokens with decimals, exactly", () => {
    expect(parse("12.5")).to.equal(12_500_000n);
    expect(parse("0.000001")).to.equal(1n);
    expect(parse("1.000000")).to.equal(1_000_000n);
    expect(parse("123456789012345678901.000001")).to.equal(123_456_789_012_345_678_901_000_001n);
    expect(formatAmount(12_500_000n, usd)).to.equal("12.5 USD");
  });

  const wrong = [
    "",
    "-1",
    "+1",
    "1e3",
    "1e999",
    "0x10",
    "1,5",
    "1_000",
    ".5",
    "5.",
    " 1",
    "1 ",
    "01",
    "1.5.5",
    "NaN",
    "Infinity",
    "١",
  ];
  it("are refused unless they are plain digits", () => {
    for (const text of wrong)
      expect(() => parse(text), text).to.throw(UsageError, "--amount must be an amount of USD in digits");
  });

  it("are refused with more decimals than the token has, when zero, and beyond what there can be", () => {
    expect(() => parse("1.0000000001")).to.throw(UsageError, "USD has 6 decimals");
    expect(() => parse("0.000")).to.throw(UsageError, "more than 0");
    expect(() => parse("9".repeat(39))).to.throw(UsageError, "more than there can be");
    expect(() => parse("9".repeat(400))).to.throw(UsageError, "in digits");
  });

  it("of asks are multiples of the task's scale, and fit it", () => {
    expect(parseAsk("0.0005", usd, 2, "--ask")).to.equal(5n);
    for (const text of ["0.00005", "500000"])
      expect(() => parseAsk(text, usd, 2, "--ask"), text).to.throw(UsageError, "multiples of 0.0001 USD");
  });
});

describe("What a request asks by default", () => {
  const pool = (...asks: bigint[]) => asks.map((ask, i) => ({ nodeId: BigInt(i + 1), ask }));

  it("is ten nodes, or as many as leave enough for a panel", () => {
    expect([chooseK(100, false), chooseK(12, false), chooseK(8, false), chooseK(3, true)]).to.deep.equal([
      10n,
      5n,
      1n,
      3n,
    ]);
    expect(() => chooseK(7, false)).to.throw(UsageError, "too few for a panel");
    expect(() => chooseK(0, true)).to.throw(UsageError, "The pool has 0 nodes");
  });

  it("is a price that a quarter of the pool cannot raise", () => {
    const honest = pool(...Array.from({ length: 9 }, () => 5n));
    const greedy = pool(...Array.from({ length: 3 }, () => 2n ** 32n - 1n));
    expect(chooseMaxAsk([...greedy, ...honest], 5n)).to.equal(5n);
    expect(chooseMaxAsk(pool(1n, 2n, 3n, 4n), 2n)).to.equal(3n);
    expect(chooseMaxAsk(pool(1n, 2n, 3n, 4n), 4n)).to.equal(4n);
    expect(() => chooseMaxAsk(pool(1n), 2n)).to.throw(UsageError, "--k is 2");
  });
});

describe("What is printed", () => {
  const evil = "a\u001b]0;title\u0007\u009b2J\r\n\u202eb\u2028c\u200bd\u007f";

  it("has no character that steers a terminal or hides text", () => {
    const shown = visible(evil);
    expect(shown).to.match(/^[\x20-\x7e]+$/);
    expect(shown).to.equal("a\\u001b]0;title\\u0007\\u009b2J\\u000d\\u000a\\u202eb\\u2028c\\u200bd\\u007f");
    expect(visible("plain text, naïve, 日本語, 🙂")).to.equal("plain text, naïve, 日本語, 🙂");
  });

  it("is the same value in JSON, on one line", () => {
    const line = jsonLine({ evil, amount: 2n ** 200n });
    expect(line).to.match(/^[\x20-\x7e]+$/);
    expect(JSON.parse(line)).to.deep.equal({ evil, amount: (2n ** 200n).toString() });
  });

  it("keeps cells of tables on their line, and lines of outputs marked", () => {
    expect(tableOf(["a", "b"], [["1\n2", "x"]])).to.deep.equal(["a         b", "1\\u000a2  x"]);
    expect(outputLines(stringToHex("yes\nRequest 0x12 was refunded"))).to.deep.equal([
      "  | yes",
      "  | Request 0x12 was refunded",
    ]);
    expect(outputLines("0xff00")).to.deep.equal(["  2 bytes: 0xff00"]);
    expect(outputLines("0x")).to.deep.equal(["The output is empty."]);
  });
});
