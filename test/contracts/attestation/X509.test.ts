import { expect } from "chai";
import { keccak256, sha256, stringToBytes } from "viem";
import { bigEndian, numberOf } from "../../../keepers/attestation/dev/bytes.ts";
import { ecdsaWithSha256 } from "../../../keepers/attestation/dev/certificate.ts";
import { withTag } from "../../helpers/attestation/der-broken.ts";
import {
  bitString,
  generalizedTime,
  integer,
  nothing,
  sequence,
  tags,
  utcTime,
} from "../../../keepers/attestation/dev/der.ts";
import { basicConstraints, extension, extensionIds } from "../../../keepers/attestation/dev/extensions.ts";
import { commonNames } from "../../../keepers/attestation/dev/name.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { deployHarness, hexBytes } from "../../helpers/certificate-store.ts";
import { changed, inSigned, onlyExtensions, refused, remint, withNotBefore, world } from "./x509-refused.ts";
import type { CertificateHarness } from "../../../types/index.js";

const digitalSignature = 0x8000n;
const nonRepudiation = 0x4000n;
const keyCertSign = 0x0400n;
const crlSign = 0x0200n;

const random = seededRandom(caseSeed("X509 times"));
const { pck, intermediate, root, tcbSigning } = world.certificates;

/** Times and how DER may write them. */
const times: readonly (readonly [number, Uint8Array])[] = [
  [0, utcTime(0)],
  [946_684_799, utcTime(946_684_799)],
  [951_782_400, utcTime(951_782_400)], // 29 February 2000
  [2_524_607_999, utcTime(2_524_607_999)], // the last second of 2049
  [2_524_608_000, generalizedTime(2_524_608_000)],
  [1_000_000_000, generalizedTime(1_000_000_000)],
  [253_402_300_799, generalizedTime(253_402_300_799)], // the last second of 9999
];

describe("X509", () => {
  printSeedOnFailure();
  let harness: CertificateHarness;
  before(async () => ({ harness } = await deployHarness(world.at)));
  const parse = async (der: Uint8Array) => (await harness.parse(hexBytes(der))).certificate;

  it("reads what was minted", async () => {
    for (const certificate of [pck, intermediate, root, tcbSigning]) {
      const { der, signed, subject, serial, options, key } = certificate;
      const found = await parse(der);
      expect(found.tbsHash).to.equal(sha256(signed));
      expect([found.x, found.y]).to.deep.equal([hexBytes(key.point.slice(0, 32)), hexBytes(key.point.slice(32))]);
      expect([found.issuer, found.subject]).to.deep.equal([keccak256(options.issuer), keccak256(subject)]);
      expect([found.serial, found.notBefore, found.notAfter, found.isCa]).to.deep.equal([
        serial,
        BigInt(options.notBefore),
        BigInt(options.notAfter),
        options.isCa ?? false,
      ]);
    }
    expect((await parse(pck.der)).commonName).to.equal(keccak256(stringToBytes(commonNames.pck)));
    expect((await parse(pck.der)).keyUsage).to.equal(digitalSignature | nonRepudiation);
    expect((await parse(intermediate.der)).keyUsage).to.equal(keyCertSign | crlSign);
  });

  it("finds the SGX extension where it is, and none where there is none", async () => {
    const { sgxOffset, sgxLength } = await parse(pck.der);
    const { found } = await harness.platform(hexBytes(pck.der.slice(Number(sgxOffset), Number(sgxOffset + sgxLength))));
    expect(found.ppid).to.equal(hexBytes(world.platform.sgx.ppid));
    expect((await parse(intermediate.der)).sgxLength).to.equal(0n);
  });

  it("reads times of either form, from 1970 to 9999", async () => {
    const sample = Array.from({ length: 30 }, () => random.integer(0, 2_524_607_999));
    const all = [...times, ...sample.map((unixS) => [unixS, utcTime(unixS)] as const)];
    for (const [unixS, time] of all) expect((await parse(withNotBefore(time))).notBefore).to.equal(BigInt(unixS));
  });

  it("reads numbers up to their bounds", async () => {
    const most = (1n << 160n) - 1n;
    for (const serial of [1n, 127n, 128n, 255n, 256n, most >> 1n, most])
      expect((await parse(remint({ serial }))).serial).to.equal(serial);
    const words = [0n, 1n, 1n << 255n, (1n << 256n) - 1n];
    for (const r of words) {
      const found = await parse(changed([2], () => bitString(sequence(integer(r), integer(1)))));
      expect(found.r).to.equal(hexBytes(bigEndian(r, 32)));
    }
    expect(numberOf(bigEndian(most, 20))).to.equal(most);
  });

  it("reads key usages of one and two bytes, and CA with and without a path length", async () => {
    const usage = (bytes: number[], unused: number) =>
      onlyExtensions(extension(extensionIds.keyUsage, bitString(Uint8Array.from(bytes), unused)));
    expect((await parse(usage([0x80], 7))).keyUsage).to.equal(0x8000n);
    expect((await parse(usage([0xff], 0))).keyUsage).to.equal(0xff00n);
    expect((await parse(usage([0x00, 0x80], 7))).keyUsage).to.equal(0x0080n);
    for (const pathLength of [undefined, 0, 1, 255]) {
      const found = await parse(onlyExtensions(basicConstraints({ isCa: true, pathLength })));
      expect([found.isCa, found.keyUsage]).to.deep.equal([true, 0n]);
    }
    const without = await parse(onlyExtensions(extension("1.2.3.4", nothing())));
    expect([without.isCa, without.keyUsage]).to.deep.equal([false, 0n]);
  });

  it("passes over extensions that it does not know, up to 16 in all", async () => {
    const many = Array.from({ length: 16 }, (_, i) => extension(`1.2.3.${i}`, nothing()));
    expect((await parse(onlyExtensions(...many))).serial).to.equal(pck.serial);
  });

  for (const [name, [error, der]] of Object.entries(refused))
    it(`refuses ${name}`, async () => {
      await expect(harness.parse(hexBytes(der))).to.be.revertedWithCustomError(harness, error);
    });

  it("names the offset at which it stopped", async () => {
    const serialOffset = 4 + 4 + 5; // two headers of four bytes, then the version
    await expect(harness.parse(hexBytes(remint({ serial: 0n }))))
      .to.be.revertedWithCustomError(harness, "DerContent")
      .withArgs(serialOffset);
    const noSequence = changed(inSigned(4), (old) => withTag(old, tags.set));
    const offset = serialOffset + integer(pck.serial).length + ecdsaWithSha256.length + pck.options.issuer.length;
    await expect(harness.parse(hexBytes(noSequence)))
      .to.be.revertedWithCustomError(harness, "DerTag")
      .withArgs(offset, tags.set, tags.sequence);
  });
});
