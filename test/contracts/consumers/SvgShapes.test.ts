import { expect } from "chai";
import { network } from "hardhat";
import { stringToHex } from "viem";
import type { TextHarness } from "../../../types/index.js";
import { attacks, drawings, isDrawing } from "../../helpers/drawings.ts";
import { makeRandom, type Random } from "../../helpers/random.ts";

/** Texts that fit the gas of a call. */
const batch = 300;
const mutationsPerDrawing = 300;
const alphabet = [
  ..." \n<>/=\"'&;:()#%.,+-abdefhilnoprstuxyz09XS\\",
  "url(",
  'on="',
  "href",
  "<!--",
  "\u0000",
  "é",
  "fill",
  "x=",
];

/** Texts a few edits away from a drawing. */
function* mutationsOf(text: string, { below: pick }: Random): Generator<string> {
  for (let i = 0; i < mutationsPerDrawing; i++) {
    let mutant = text;
    for (let edits = 1 + pick(3); edits > 0; edits--) {
      const [at, length] = [pick(mutant.length + 1), pick(3)];
      const added = pick(10) < 7 ? (alphabet[pick(alphabet.length)] ?? "") : "";
      mutant = mutant.slice(0, at) + added + mutant.slice(at + length);
    }
    yield mutant;
  }
}

describe("SvgShapes", () => {
  let harness: TextHarness;
  before(async () => {
    harness = await (await network.create()).ethers.deployContract("TextHarness");
  });
  const judge = (texts: readonly string[]) => harness.areDrawings(texts.map((text) => stringToHex(text)));

  it("takes drawings of shapes", async () => {
    expect(await judge(drawings)).to.deep.equal(drawings.map(() => true));
  });

  it("takes none of the ways to do something but show shapes, alone or behind a drawing", async () => {
    expect(attacks.length).to.be.at.least(60);
    const spoilt = attacks.filter((text) => text.trim() !== "").map((text) => `${drawings[0] ?? ""}${text}`);
    const texts = [...attacks, ...spoilt];
    const taken = await judge(texts);
    expect(texts.filter((_, i) => taken[i])).to.deep.equal([]);
  });

  it("judges mutations of drawings and of attacks as a regular expression of its grammar does", async () => {
    const random = makeRandom(0x5f9);
    const texts = [...drawings, ...attacks.slice(0, 12)].flatMap((text) => [...mutationsOf(text, random)]);
    const judged: boolean[] = [];
    for (let i = 0; i < texts.length; i += batch) judged.push(...(await judge(texts.slice(i, i + batch))));
    const wrong = texts.filter((text, i) => judged[i] !== isDrawing(text));
    expect(wrong).to.deep.equal([]);
    expect(texts.filter((text) => isDrawing(text)).length).to.be.greaterThan(texts.length / 50);
  });

  it("takes no byte beyond ASCII, and no control byte but line ends between shapes", async () => {
    const texts = Array.from({ length: 256 }, (_, c) => `0x${c.toString(16).padStart(2, "0")}`);
    const inside = texts.map((c) => `${stringToHex('<rect fill="')}${c.slice(2)}${stringToHex('"/>').slice(2)}`);
    const between = texts.map((c) => `${stringToHex("<rect/>")}${c.slice(2)}${stringToHex("<rect/>").slice(2)}`);
    const taken = async (list: readonly string[]) => {
      const results = await harness.areDrawings([...list]);
      return [...results.keys()]
        .filter((c) => results[c])
        .map((c) => String.fromCharCode(c))
        .join("");
    };
    expect(await taken(between)).to.equal("\n ");
    const values = await taken(inside);
    expect(values)
      .to.match(/^[ -~]+$/)
      .and.not.to.match(/["&'():;<=>?@\\/`{|}!$*^_~[\]]/);
    expect(values.length).to.equal(26 + 26 + 10 + " .,-+#%".length);
  });

  it("needs no more than 250 gas a byte", async () => {
    const dear = [
      '<rect fill-opacity="" ry="" rx="" opacity="" y2="" x2="" y1="" x1="" points="" d=""/>'.repeat(24),
      "<rect/>".repeat(290),
      "\n".repeat(2_047),
      `<path d="${"1".repeat(2_035)}"/>`,
    ];
    for (const text of dear) {
      const gas = await harness.gasOf(stringToHex(text.slice(0, 2_048)));
      expect(Number(gas) / Math.min(text.length, 2_048)).to.be.below(250);
    }
  });
});
