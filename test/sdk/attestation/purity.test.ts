import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const folder = new URL("../../../sdk/attestation/", import.meta.url);
const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

const abis = new URL("../abi/", folder);

/** A file of this folder, an ABI, which is data, or one of the two libraries. */
const isPure = (from: string, importer: URL): boolean =>
  /^\.\.?\/.+\.ts$/.test(from)
    ? [folder, abis].some(({ href }) => new URL(from, importer).href.startsWith(href))
    : /^(viem|@noble\/.+)$/.test(from);

describe("The verifier's files", () => {
  for (const name of names)
    it(`${name} runs anywhere: no Node, no clock, no network`, () => {
      const file = new URL(name, folder);
      const text = readFileSync(file, "utf8");
      const imported = [...text.matchAll(/^(?:import|export|\}).* from "([^"]+)";$/gm)].map(([, from = ""]) => from);
      expect(imported.filter((from) => !isPure(from, file))).to.deep.equal([]);
      expect(text).to.not.match(/\b(Date\.now|new Date\(\)|Buffer\.|process\.|fetch\(|Math\.random|import\()/);
    });
});
