import { expect } from "chai";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { normaliseQuote } from "../../../sdk/attestation/normalise.ts";
import { isSigned } from "../../../sdk/attestation/signature.ts";
import { zeros } from "../../../keepers/attestation/dev/bytes.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

describe("Quotes taken apart for a contract", () => {
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("normalise") });
  const { root, intermediate, pck } = world.certificates;

  for (const version of [3, 4, 5] as const)
    it(`of version ${version} are their parts, byte by byte`, () => {
      const { bytes, spans, attestationKey, options } = world.quote({ version });
      const part = (name: keyof typeof spans) => bytes.slice(spans[name].start, spans[name].end);
      const parts = normaliseQuote(bytes);
      expect(parts).to.deep.equal({
        signedBody: bytes.slice(0, spans.body.end),
        quoteSignature: part("signature"),
        attestationKey: attestationKey.point,
        qeReport: part("qeReport"),
        qeReportSignature: part("qeSignature"),
        authData: options.authData,
        pckDer: pck.der,
        intermediateDer: intermediate.der,
        rootDer: root.der,
      });
      const { signedBody: message, quoteSignature: signature } = parts;
      expect(isSigned({ publicKey: parts.attestationKey, message, signature })).to.equal(true);
    });

  it("have no padding", () => {
    expect(normaliseQuote(world.quote({ trailing: zeros(70) }).bytes)).to.deep.equal(
      normaliseQuote(world.quote().bytes),
    );
  });

  it("have three certificates", () => {
    for (const chain of [[pck.der], [pck.der, intermediate.der], [pck.der, intermediate.der, root.der, root.der]])
      expect(() => normaliseQuote(world.quote({ chain }).bytes))
        .to.throw(EvidenceError)
        .with.property("code", "chain-length");
  });
});
