import { expect } from "chai";
import { parseCertificate } from "../../../sdk/attestation/certificate.ts";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { numberOf } from "../../../keepers/attestation/dev/bytes.ts";
import { type CertificateOptions, mintCertificate } from "../../../keepers/attestation/dev/certificate.ts";
import * as der from "../../../keepers/attestation/dev/der.ts";
import { keyUsage } from "../../../keepers/attestation/dev/extensions.ts";
import { spoiled, spoiledPcks, world } from "../../helpers/attestation/cases/certificate.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itRejects } from "./judging.ts";

const { pck } = world.certificates;
const parsed = (changes: Partial<CertificateOptions>) =>
  parseCertificate(mintCertificate({ ...pck.options, ...changes }).der, "x");

describe("Parsing of certificates", () => {
  printSeedOnFailure();
  it("finds the fields", () => {
    const { commonName: name, serial, notBefore, notAfter, publicKey, isCa, pathLength, signedBytes } = parsed({});
    expect([name, isCa, pathLength]).to.deep.equal(["Intel SGX PCK Certificate", false, undefined]);
    expect([numberOf(serial), notBefore, notAfter]).to.deep.equal([
      pck.serial,
      pck.options.notBefore,
      pck.options.notAfter,
    ]);
    expect([publicKey, signedBytes]).to.deep.equal([pck.key.point, pck.signed]);
  });

  it("takes times of either kind", () => {
    const { notBefore, notAfter } = parsed({ encodeTime: der.generalizedTime });
    expect([notBefore, notAfter]).to.deep.equal([pck.options.notBefore, pck.options.notAfter]);
  });

  it("knows every use of a key", () => {
    const { mayDigitallySign, mayIssueCertificates, mayIssueCrls } = parsed({
      extensions: [keyUsage(["keyCertSign"])],
    });
    expect([mayDigitallySign, mayIssueCertificates, mayIssueCrls]).to.deep.equal([false, true, false]);
  });

  for (const [title, changes] of spoiled)
    it(`refuses ${title}`, () => {
      expect(() => parsed(changes))
        .to.throw(EvidenceError)
        .with.property("code", "certificate-malformed");
    });

  itRejects(spoiledPcks);
});
