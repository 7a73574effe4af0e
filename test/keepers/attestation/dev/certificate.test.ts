import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { hexOf } from "../../../../keepers/attestation/dev/bytes.ts";
import { basicConstraints, keyUsage } from "../../../../keepers/attestation/dev/extensions.ts";
import { hasOpenssl, opensslText, opensslVerdict } from "../../../helpers/attestation/openssl.ts";
import { pemOf } from "../../../../keepers/attestation/dev/pem.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { mintWorld, type World } from "../../../helpers/attestation/world.ts";

const cases = (["platform", "processor"] as const).map((ca) => ({ ca, world: mintWorld({ seed: caseSeed(ca), ca }) }));

const verdictOf = (world: World, leaf: Uint8Array, crls = [world.rootCrl().der, world.pckCrl().der]): string =>
  opensslVerdict({
    leaf,
    intermediates: [world.certificates.intermediate.der],
    root: world.certificates.root.der,
    crls,
    at: world.at,
  });

/** Taken from Intel's certificates. */
const intelExtensions = {
  leafUsage: "300e0603551d0f0101ff0404030206c0",
  caUsage: "300e0603551d0f0101ff040403020106",
  leafConstraints: "300c0603551d130101ff04023000",
  rootConstraints: "30120603551d130101ff040830060101ff020101",
} as const;

describe("Certificates of the mint kit", () => {
  printSeedOnFailure();

  it("have Intel's bytes for key usage and basic constraints", () => {
    const written = {
      leafUsage: keyUsage(["digitalSignature", "nonRepudiation"]),
      caUsage: keyUsage(["keyCertSign", "cRLSign"]),
      leafConstraints: basicConstraints({ isCa: false }),
      rootConstraints: basicConstraints({ isCa: true, pathLength: 1 }),
    };
    for (const [name, hex] of Object.entries(intelExtensions))
      expect(hexOf(written[name as keyof typeof written]), name).to.equal(hex);
  });

  it("are in lines of 64 characters as PEM", () => {
    const { der } = mintWorld({ seed: caseSeed("pem") }).certificates.pck;
    const [begin, ...rest] = pemOf(der).split("\n");
    const [nothing, end, last = "", ...full] = rest.reverse();
    expect([begin, end, nothing]).to.deep.equal(["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", ""]);
    expect(new Set(full.map(({ length }) => length))).to.deep.equal(new Set([64]));
    expect(last.length).to.be.within(1, 64);
    expect(Buffer.from([...full.reverse(), last].join(""), "base64").equals(der)).to.equal(true);
  });

  for (const { ca, world } of cases) {
    const { root, intermediate, pck, tcbSigning } = world.certificates;

    it(`are signed by their issuers, ${ca} CA`, () => {
      const pairs = [[pck, intermediate] as const, [intermediate, root] as const, [tcbSigning, root] as const];
      for (const [subject, issuer] of pairs) {
        const [certificate, by] = [new X509Certificate(subject.der), new X509Certificate(issuer.der)];
        expect(certificate.verify(by.publicKey) && certificate.checkIssued(by)).to.equal(true);
      }
    });

    describe(`in OpenSSL's eyes, ${ca} CA`, function () {
      before(function () {
        if (hasOpenssl()) return;
        console.log("      skipped: this machine has no openssl");
        this.skip();
      });

      it("form valid chains with their lists", () => {
        expect([pck, tcbSigning].map(({ der }) => verdictOf(world, der))).to.deep.equal(["OK", "OK"]);
      });

      it("are refused when a list names them", () => {
        const pckCrl = world.pckCrl({ revoked: [{ serial: 7n }, { serial: pck.serial }] });
        expect(verdictOf(world, pck.der, [world.rootCrl().der, pckCrl.der])).to.contain("certificate revoked");
        const rootCrl = world.rootCrl({ revoked: [{ serial: intermediate.serial }] });
        expect(verdictOf(world, pck.der, [rootCrl.der, world.pckCrl().der])).to.contain("certificate revoked");
      });

      it("are refused with a list that is over or signed by another", () => {
        const over = world.pckCrl({ thisUpdate: world.at - 100, nextUpdate: world.at - 1 });
        expect(verdictOf(world, pck.der, [world.rootCrl().der, over.der])).to.contain("CRL has expired");
        const forged = world.pckCrl({ issuerKey: pck.key });
        expect(verdictOf(world, pck.der, [world.rootCrl().der, forged.der])).to.match(/signature failure|get.*CRL/);
      });

      it("are read with Intel's names and extensions", () => {
        expect(opensslText("x509", pck.der))
          .to.contain("CN = Intel SGX PCK Certificate, O = Intel Corporation, L = Santa Clara, ST = CA, C = US")
          .and.contain(`pckcrl?ca=${ca}&encoding=der`)
          .and.contain("1.2.840.113741.1.13.1");
        expect(opensslText("crl", world.pckCrl({ revoked: [{ serial: 0xabn }] }).der)).to.contain("Key Compromise");
      });
    });
  }
});
