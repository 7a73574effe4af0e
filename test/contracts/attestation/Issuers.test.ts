import { expect } from "chai";
import { encodeAbiParameters, keccak256, slice, stringToBytes } from "viem";
import { flipped } from "../../../keepers/attestation/dev/bytes.ts";
import {
  mintCertificate,
  type Certificate,
  type CertificateOptions,
} from "../../../keepers/attestation/dev/certificate.ts";
import { basicConstraints, keyUsage } from "../../../keepers/attestation/dev/extensions.ts";
import { mintKey } from "../../../keepers/attestation/dev/key.ts";
import { commonNames, intelName } from "../../../keepers/attestation/dev/name.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { deployStores, gasOf, hexBytes, pinOf, pointOf, type Stores } from "../../helpers/certificate-store.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";

const registerCeiling = 172_000n;
const dayS = 86_400;
const none = `0x${"00".repeat(32)}`;
const kinds = { PlatformCa: 1n, ProcessorCa: 2n, TcbSigner: 3n };

const random = seededRandom(caseSeed("Issuers"));
const world = mintWorld({ seed: caseSeed("Issuers"), ca: "platform" });
const { root, intermediate, tcbSigning, pck } = world.certificates;
const remint = (changes: Partial<CertificateOptions>, from: Certificate = intermediate) =>
  mintCertificate({ ...from.options, ...changes });
const processor = remint({ subject: intelName(commonNames.processor), key: mintKey(random) });

/** As the interface defines it. */
const issuerIdOf = ({ key, subject }: Certificate): `0x${string}` => {
  const [x, y] = pointOf(key.point) as [`0x${string}`, `0x${string}`];
  const words = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }] as const;
  return `${slice(keccak256(encodeAbiParameters(words, [x, y, keccak256(subject)])), 0, 8)}${"00".repeat(24)}`;
};

const rootCrl = (...serials: bigint[]) => world.rootCrl({ revoked: serials.map((serial) => ({ serial })) });

describe("Issuers", () => {
  printSeedOnFailure();
  let stores: Stores;
  const register = (der: Uint8Array) => stores.issuers.registerIssuer(hexBytes(der));
  const revoke = (id: string, crl: Uint8Array, entry = 0) =>
    stores.issuers.revokeIssuer(id, hexBytes(crl), entryOffsets(crl)[entry] ?? 0);
  beforeEach(async () => (stores = await deployStores(pinOf(root), world.at)));

  it("shows the pinned root", async () => {
    expect(await stores.issuers.root()).to.deep.equal([...pointOf(root.key.point), keccak256(root.subject)]);
  });

  it("registers both authorities and a signer of TCB information, as they were minted", async () => {
    const all = [
      [intermediate, kinds.PlatformCa],
      [processor, kinds.ProcessorCa],
      [tcbSigning, kinds.TcbSigner],
    ] as const;
    for (const [certificate, kind] of all) {
      const { notBefore, notAfter } = certificate.options;
      const id = issuerIdOf(certificate);
      await expect(register(certificate.der))
        .to.emit(stores.issuers, "IssuerRegistered")
        .withArgs(id, kind, certificate.serial, notAfter);
      expect(await stores.issuers.issuer(id)).to.deep.equal([
        ...pointOf(certificate.key.point),
        keccak256(certificate.subject),
        certificate.serial,
        BigInt(notBefore),
        BigInt(notAfter),
        kind,
        false,
      ]);
    }
  });

  it(`costs at most ${registerCeiling} gas, and says how much without the precompile`, async () => {
    const gas = await gasOf(register(intermediate.der));
    stores = await deployStores(pinOf(root), world.at, "prague");
    console.log(`      registerIssuer ${gas} gas, ${await gasOf(register(intermediate.der))} without the precompile`);
    expect(gas).to.be.at.most(registerCeiling);
  });

  it("knows no issuer that was not registered", async () => {
    await expect(stores.issuers.issuer(issuerIdOf(intermediate)))
      .to.be.revertedWithCustomError(stores.issuers, "UnknownIssuer")
      .withArgs(issuerIdOf(intermediate));
  });

  const wrong: Record<string, readonly [string, Uint8Array]> = {
    "a key that is not the root's": ["NotSignedByIssuer", remint({ issuerKey: pck.key }).der],
    "another issuer's name": ["WrongIssuerName", remint({ issuer: intermediate.subject }).der],
    "a certificate under an authority": ["WrongIssuerName", pck.der],
    "a PCK's name": ["NotAnIssuerName", remint({ subject: intelName(commonNames.pck) }).der],
    "the root itself": ["NotAnIssuerName", root.der],
    "a certificate that ended": ["OutOfItsTime", remint({ notAfter: world.at - dayS }).der],
    "a certificate of the future": ["OutOfItsTime", remint({ notBefore: world.at + dayS }).der],
    "an authority that is an end entity": [
      "WrongAuthorityFlag",
      remint({ extensions: [keyUsage(["digitalSignature"]), basicConstraints({ isCa: false })] }).der,
    ],
    "an authority that may not sign certificates": ["KeyUsageLacking", remint({ keyUsage: ["cRLSign"] }).der],
    "an authority that may not sign lists": ["KeyUsageLacking", remint({ keyUsage: ["keyCertSign"] }).der],
    "an authority without a key usage": [
      "KeyUsageLacking",
      remint({ extensions: [basicConstraints({ isCa: true })] }).der,
    ],
    "a signer that is an authority": [
      "WrongAuthorityFlag",
      remint({ isCa: true, keyUsage: ["digitalSignature"] }, tcbSigning).der,
    ],
    "a signer that may sign certificates": [
      "WrongAuthorityFlag",
      remint({ keyUsage: ["digitalSignature", "keyCertSign"] }, tcbSigning).der,
    ],
    "a signer that may not sign": ["KeyUsageLacking", remint({ keyUsage: ["nonRepudiation"] }, tcbSigning).der],
  };
  for (const [name, [error, der]] of Object.entries(wrong))
    it(`refuses ${name}`, async () => {
      await expect(register(der)).to.be.revertedWithCustomError(stores.issuers, error);
    });

  it("names what it found and what it expected", async () => {
    const { issuers } = stores;
    await expect(register(pck.der))
      .to.be.revertedWithCustomError(issuers, "WrongIssuerName")
      .withArgs(keccak256(intermediate.subject), keccak256(root.subject));
    await expect(register(root.der))
      .to.be.revertedWithCustomError(issuers, "NotAnIssuerName")
      .withArgs(keccak256(stringToBytes(commonNames.root)));
    await expect(register(remint({ keyUsage: ["cRLSign"] }).der))
      .to.be.revertedWithCustomError(issuers, "KeyUsageLacking")
      .withArgs(0x0200, 0x0600);
  });

  it("holds to the second at both ends of a certificate's time", async () => {
    const start = world.at + 1_000;
    const { der } = remint({ notBefore: start, notAfter: start + 100 });
    const { time } = stores.networkHelpers;
    await time.setNextBlockTimestamp(start - 1);
    await expect(register(der))
      .to.be.revertedWithCustomError(stores.issuers, "OutOfItsTime")
      .withArgs(start, start + 100, start - 1);
    await time.setNextBlockTimestamp(start);
    await register(der);
    const longer = remint({ notBefore: start, notAfter: start + 101 }).der;
    await time.setNextBlockTimestamp(start + 101);
    await register(longer);
    await time.setNextBlockTimestamp(start + 102);
    await expect(register(longer)).to.be.revertedWithCustomError(stores.issuers, "OutOfItsTime");
  });

  it("keeps the certificate that ends last of one key and name", async () => {
    const { notAfter } = intermediate.options;
    const longer = remint({ notAfter: notAfter + dayS, serial: 77n });
    const [id, { issuers }] = [issuerIdOf(intermediate), stores];
    await register(intermediate.der);
    await expect(register(longer.der))
      .to.emit(issuers, "IssuerRegistered")
      .withArgs(id, 1n, 77n, notAfter + dayS);
    await expect(register(intermediate.der)).not.to.emit(issuers, "IssuerRegistered");
    const { serial, notAfter: kept } = await issuers.issuer(id);
    expect([serial, kept]).to.deep.equal([77n, BigInt(notAfter + dayS)]);
  });

  it("counts an issuer until its certificate ends", async () => {
    const [id, { issuers, networkHelpers }] = [issuerIdOf(intermediate), stores];
    await register(intermediate.der);
    await networkHelpers.time.increaseTo(intermediate.options.notAfter);
    expect(await issuers.isLiveIssuer(id)).to.equal(true);
    await networkHelpers.time.increaseTo(intermediate.options.notAfter + 1);
    expect(await issuers.isLiveIssuer(id)).to.equal(false);
  });

  it("tells a live signer of TCB information from all others", async () => {
    const { issuers, networkHelpers } = stores;
    const [authority, signer] = [issuerIdOf(intermediate), issuerIdOf(tcbSigning)];
    await register(intermediate.der);
    await register(tcbSigning.der);
    await issuers.requireTcbSigner(signer);
    const ofAuthority = issuers.requireTcbSigner(authority);
    await expect(ofAuthority).to.be.revertedWithCustomError(issuers, "WrongIssuerKind").withArgs(authority, 1);
    await networkHelpers.time.increaseTo(tcbSigning.options.notAfter + 1);
    await expect(issuers.requireTcbSigner(signer)).to.be.revertedWithCustomError(issuers, "OutOfItsTime");
  });

  it("revokes a registered issuer by the root's list, for good", async () => {
    const [id, { issuers }] = [issuerIdOf(intermediate), stores];
    await register(intermediate.der);
    const list = rootCrl(1n, intermediate.serial, 2n);
    await expect(revoke(id, list.der, 1))
      .to.emit(issuers, "IssuerRevoked")
      .withArgs(id, intermediate.serial);
    expect([(await issuers.issuer(id)).revoked, await issuers.isLiveIssuer(id)]).to.deep.equal([true, false]);
    await expect(register(intermediate.der))
      .to.be.revertedWithCustomError(issuers, "IssuerSerialRevoked")
      .withArgs(intermediate.serial);
    const renewed = remint({ serial: 77n, notAfter: intermediate.options.notAfter + dayS });
    await expect(register(renewed.der)).to.be.revertedWithCustomError(issuers, "IssuerIsRevoked").withArgs(id);
  });

  it("revokes a serial before any certificate of it is registered", async () => {
    await revoke(none, rootCrl(intermediate.serial).der);
    await expect(register(intermediate.der)).to.be.revertedWithCustomError(stores.issuers, "IssuerSerialRevoked");
  });

  it("leaves an issuer alone whose record holds another serial", async () => {
    await register(intermediate.der);
    await revoke(issuerIdOf(intermediate), rootCrl(intermediate.serial ^ 2n).der);
    expect((await stores.issuers.issuer(issuerIdOf(intermediate))).revoked).to.equal(false);
  });

  it("refuses lists that are over, of the future, of another authority, forged or changed", async () => {
    const revoked = [{ serial: intermediate.serial }];
    const list = rootCrl(intermediate.serial).der;
    const wrongLists: readonly (readonly [string, Uint8Array])[] = [
      ["OutOfItsTime", world.rootCrl({ revoked, nextUpdate: world.at - dayS }).der],
      ["OutOfItsTime", world.rootCrl({ revoked, thisUpdate: world.at + dayS }).der],
      ["WrongIssuerName", world.pckCrl({ revoked }).der],
      ["NotSignedByIssuer", world.rootCrl({ revoked, issuerKey: intermediate.key }).der],
      ["NotSignedByIssuer", flipped(list, (entryOffsets(list)[0] ?? 0) + 6)],
    ];
    for (const [error, der] of wrongLists)
      await expect(revoke(none, der)).to.be.revertedWithCustomError(stores.issuers, error);
  });
});
