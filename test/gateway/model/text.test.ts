import { expect } from "chai";
import { makeTextStream } from "../../../gateway/model/text.ts";

const bytesToText = (tokens: readonly number[]): string => Buffer.from(tokens).toString("utf8");

/** Pushes the bytes one by one until a stop text, and returns the pieces and what `end` gives. */
function piecesOf(bytes: Uint8Array, stops: readonly string[] = []): { pieces: string[]; isStopped: boolean } {
  const stream = makeTextStream(bytesToText, stops);
  const pieces: string[] = [];
  for (const byte of bytes) {
    const { text, isStopped } = stream.push(byte);
    pieces.push(text);
    if (isStopped) return { pieces, isStopped };
  }
  return { pieces: [...pieces, stream.end()], isStopped: false };
}

/** As tokenizers with marks for spaces do: the first token of a text has none, whatever stands before it. */
const wordsToText = (tokens: readonly number[], before: readonly number[]): string =>
  tokens.map((token, i) => `${i === 0 && before.length === 0 ? "" : " "}${token}`).join("");

describe("Text of an embedded model's tokens", () => {
  it("comes in whole characters, whatever bytes they are made of", () => {
    const text = "añ日本🙂b";
    const { pieces } = piecesOf(Buffer.from(text));
    expect(pieces.join("")).to.equal(text);
    expect(pieces.filter((piece) => piece !== "")).to.deep.equal([...text]);
  });

  it("shows bytes that are no text as the replacement character, once they cannot become text", () => {
    const { pieces } = piecesOf(Uint8Array.of(0x61, 0xe6, 0x97, 0x62, 0xff));
    expect(pieces.join("")).to.equal("a\ufffdb\ufffd");
    expect(pieces).to.deep.equal(["a", "", "", "\ufffdb", "", "\ufffd"]);
  });

  it("keeps the spaces of tokenizers that leave one out at the beginning", () => {
    const stream = makeTextStream(wordsToText, []);
    expect([1, 2, 3].map((token) => stream.push(token).text)).to.deep.equal(["1", " 2", " 3"]);
  });

  it("ends before the first stop text, and never shows a part of it", () => {
    const { pieces, isStopped } = piecesOf(Buffer.from("one two three"), ["three", "two t"]);
    expect(isStopped).to.equal(true);
    expect(pieces.join("")).to.equal("one ");
    expect(pieces.some((piece) => piece.includes("t"))).to.equal(false);
  });

  it("gives back what only looked like a stop text", () => {
    expect(piecesOf(Buffer.from("tw tw"), ["two"])).to.deep.equal({
      pieces: ["", "", "tw ", "", "", "tw"],
      isStopped: false,
    });
  });
});
