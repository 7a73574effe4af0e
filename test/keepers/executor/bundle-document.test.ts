import { expect } from "chai";
import { concat, encodeAbiParameters, type Hex, hexToBytes, numberToHex, toHex } from "viem";
import { readItems } from "../../../keepers/executor/bundle-document.ts";

const word = (value: number): Hex => numberToHex(value, { size: 32 });
const encode = (inputs: readonly Hex[]): Uint8Array => hexToBytes(encodeAbiParameters([{ type: "bytes[]" }], [inputs]));
const inputs: readonly Hex[] = ["0x", "0x11", `0x${"22".repeat(32)}`, `0x${"33".repeat(33)}`];

describe("The document of a bundle", () => {
  it("gives back what an encoder put in, whatever the lengths", () => {
    expect(readItems(encode(inputs), 4n).map((input) => toHex(input))).to.deep.equal(inputs);
    expect(readItems(encode([]), 0n)).to.deep.equal([]);
  });

  it("is refused with another number of items, or with more than are served", () => {
    expect(() => readItems(encode(inputs), 3n)).to.throw("has 4 inputs, not 3");
    expect(() => readItems(encode(inputs), 5_000n)).to.throw("at most 4096 are served");
  });

  it("is refused, before anything is copied, when thousands of offsets point to one large input", () => {
    const count = 4_000;
    const big = 256 * 1_024;
    const offsets = Array.from({ length: count }, () => word(32 * count));
    const document = hexToBytes(concat([word(32), word(count), ...offsets, word(big), toHex(new Uint8Array(big))]));
    expect(() => readItems(document, BigInt(count))).to.throw("canonically");
  });

  it("is refused cut short, with bytes left over, with a gap, or with lengths beyond its end", () => {
    const good = encode(inputs);
    const gap = hexToBytes(concat([word(32), word(1), word(64), word(0), word(0)]));
    const long = hexToBytes(concat([word(32), word(1), word(32), word(0xffff_ffff)]));
    const huge = hexToBytes(concat([word(32), word(1), word(32), `0x${"ff".repeat(32)}`]));
    for (let bytes = 0; bytes < good.length; bytes += 31) {
      expect(() => readItems(good.subarray(0, bytes), 4n), String(bytes)).to.throw("canonically");
    }
    for (const bad of [new Uint8Array([...good, 0]), gap, long, huge]) {
      expect(() => readItems(bad, bad.length > 300 ? 4n : 1n)).to.throw("canonically");
    }
  });
});
