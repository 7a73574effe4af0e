import { expect } from "chai";
import { verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { caseSeed, printSeedOnFailure } from "./seed.ts";
import type { Tee } from "./status.ts";
import { mintWorld, type World } from "./world.ts";
import type { WorldQuoteOptions } from "./world-quote.ts";

const kinds = [
  { version: 3, tee: "SGX" },
  { version: 4, tee: "SGX" },
  { version: 4, tee: "TDX" },
  { version: 5, tee: "SGX" },
  { version: 5, tee: "TDX", td: "1.0" },
  { version: 5, tee: "TDX", td: "1.5" },
] as const satisfies readonly (WorldQuoteOptions & { readonly tee: Tee })[];

const worldsPerCa = 3;

const verdictOf = (world: World, kind: WorldQuoteOptions & { readonly tee: Tee }, at = world.at): string => {
  const { verdict, status, reason } = verifyQuote({
    quote: world.quote(kind).bytes,
    collateral: world.collateral({ tee: kind.tee }),
    at,
    rootKey: world.rootKey,
  });
  return [verdict, status ?? "no status", ...(reason === undefined ? [] : [reason.code])].join(", ");
};

describe("Worlds of the mint kit, before the project's verifier", () => {
  printSeedOnFailure();

  for (const kind of kinds)
    it(`are accepted as UpToDate with quotes of version ${kind.version}, ${kind.tee} ${"td" in kind ? kind.td : ""}`, () => {
      for (const ca of ["platform", "processor"] as const)
        for (let i = 0; i < worldsPerCa; i++) {
          const world = mintWorld({ seed: caseSeed(`${ca} ${i}`), ca });
          expect(verdictOf(world, kind), `${ca} ${i}`).to.equal("accept, UpToDate");
        }
    });

  it("are refused under another root, too late, and with a status that is not allowed", () => {
    const world = mintWorld({ seed: caseSeed("refused") });
    const other = mintWorld({ seed: caseSeed("another") });
    expect(verdictOf({ ...world, rootKey: other.rootKey }, kinds[2])).to.equal("reject, no status, root-unknown");
    expect(verdictOf(world, kinds[2], world.at + 60 * 86_400)).to.match(/^reject, no status, .*-expired$/);
    const outOfDate = world.remint({ status: { qe: "OutOfDate" } });
    expect(verdictOf(outOfDate, kinds[2])).to.equal("reject, OutOfDate, status-not-allowed");
  });
});
