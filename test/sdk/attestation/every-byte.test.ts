import { expect } from "chai";
import { normaliseQuote } from "../../../sdk/attestation/normalise.ts";
import { type QuoteQuestion, verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { readDcapManifest } from "../../../scripts/vectors/dcap-file.ts";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";
import { flipped } from "../../../keepers/attestation/dev/bytes.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

/** Where the quote's own parts end: what follows is the chain in PEM. */
const endOfParts = (quote: Uint8Array): number => {
  const { authData, signedBody } = normaliseQuote(quote);
  const [version = 0] = quote;
  const wrapping = version === 3 ? 0 : 6;
  return signedBody.length + 4 + 64 + 64 + wrapping + 384 + 64 + 2 + authData.length;
};

/** Changes one bit of each byte in turn, another one each time; every such quote must be rejected without a status. */
const expectAllRejected = (question: QuoteQuestion): void => {
  const end = endOfParts(question.quote);
  for (let i = 0; i < end; i++) {
    const quote = flipped(question.quote, i, 1 << ((i * 5) % 8));
    const { verdict, status } = verifyQuote({ ...question, quote });
    expect([i, verdict, status]).to.deep.equal([i, "reject", null]);
  }
};

describe("Every byte of a quote before its chain", function () {
  this.timeout(300_000);
  printSeedOnFailure();

  for (const version of [3, 5] as const)
    it(`counts in a minted one of version ${version}`, () => {
      const world = mintWorld({ seed: caseSeed("every byte") });
      const collateral = world.collateral({ tee: version === 3 ? "SGX" : "TDX" });
      expectAllRejected({ quote: world.quote({ version }).bytes, collateral, at: world.at, rootKey: world.rootKey });
    });

  it("counts in a real one", async function () {
    const { path, absent } = attestationFolder();
    if (path === undefined) {
      console.log(`      skipped: ${absent}`);
      return this.skip();
    }
    const entries = await readDcapManifest(path);
    const entry = entries.find(({ verdict }) => verdict === "accept");
    if (entry === undefined) throw new Error("No entry of the manifest is accepted.");
    expectAllRejected(entry);
  });
});
