import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const folder = new URL("../../../sdk/attestation/", import.meta.url);

describe("The verifier's files", () => {
  for (const name of readdirSync(folder))
    it(`${name} runs anywhere: no Node, no clock, no network`, () => {
      const text = readFileSync(new URL(name, folder), "utf8");
      const imported = [...text.matchAll(/^(?:import|export|\}).* from "([^"]+)";$/gm)].map(([, from]) => from);
      for (const from of imported) expect(from).to.match(/^(\.\/[a-z0-9-]+\.ts|viem|@noble\/.+)$/);
      expect(text).to.not.match(/\b(Date\.now|new Date\(\)|Buffer\.|process\.|fetch\(|Math\.random|import\()/);
    });
});
