import { expect } from "chai";
import { parseCertificate } from "../../../sdk/attestation/certificate.ts";
import { parseCrl } from "../../../sdk/attestation/crl.ts";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { normaliseQuote } from "../../../sdk/attestation/normalise.ts";
import { parseQeIdentity } from "../../../sdk/attestation/qe-identity.ts";
import { parseSgxExtension } from "../../../sdk/attestation/sgx-extension.ts";
import { parseTcbInfo } from "../../../sdk/attestation/tcb-info.ts";
import { textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { mutate } from "../../helpers/attestation/mutate.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { sgxExtensionValue } from "../../../keepers/attestation/dev/sgx-extension.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { judge } from "./judging.ts";

const parserRuns = 4_000;
const quoteRuns = 400;

describe("Mutated evidence", function () {
  this.timeout(120_000);
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("fuzz") });
  const genuine = world.collateral();
  const asText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

  const parsers: Record<string, readonly [bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown]> = {
    certificate: [world.certificates.pck.der, (der) => parseCertificate(der, "x")],
    "revocation list": [world.pckCrl({ revoked: [{ serial: 5n }, { serial: 500n }] }).der, (der) => parseCrl(der, "x")],
    "SGX extension": [sgxExtensionValue(world.platform.sgx), (der) => parseSgxExtension(der, "x")],
    "TCB info": [textBytes(genuine.tcb_info), (text) => parseTcbInfo(asText(text))],
    "QE identity": [textBytes(genuine.qe_identity), (text) => parseQeIdentity(asText(text))],
    quote: [world.quote({ version: 5 }).bytes, normaliseQuote],
  };

  for (const [name, [bytes, parse]] of Object.entries(parsers))
    it(`is parsed or refused with a reason: ${name}`, () => {
      const random = seededRandom(caseSeed(name));
      let refused = 0;
      for (let run = 0; run < parserRuns; run++) {
        try {
          parse(mutate(random, bytes));
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw error;
          refused++;
        }
      }
      expect(refused).to.be.greaterThan(parserRuns / 4);
    });

  it("is rejected, or says of the machine what the genuine one says", () => {
    const random = seededRandom(caseSeed("quotes"));
    const quote = world.quote().bytes;
    const { facts } = judge(world);
    for (let run = 0; run < quoteRuns; run++) {
      const verdict = judge(world, { quote: mutate(random, quote) });
      if (verdict.verdict === "accept") expect(verdict.facts).to.deep.equal(facts);
    }
  });

  it("may be anything in any member of the collateral", () => {
    const random = seededRandom(caseSeed("members"));
    const { facts } = judge(world);
    const names = Object.keys(genuine) as [keyof typeof genuine, ...(keyof typeof genuine)[]];
    for (let run = 0; run < quoteRuns; run++) {
      const name = random.pick(names);
      const changed = asText(mutate(random, textBytes(genuine[name])));
      const verdict = judge(world, { collateral: { ...genuine, [name]: changed } });
      if (verdict.verdict === "accept") expect(verdict.facts).to.deep.equal(facts);
    }
  });
});
