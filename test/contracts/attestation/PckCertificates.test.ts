import { expect } from "chai";
import { encodeAbiParameters, keccak256 } from "viem";
import { flipped } from "../../../keepers/attestation/dev/bytes.ts";
import {
  mintCertificate,
  type Certificate,
  type CertificateOptions,
} from "../../../keepers/attestation/dev/certificate.ts";
import { basicConstraints, keyUsage } from "../../../keepers/attestation/dev/extensions.ts";
import { mintSerial } from "../../../keepers/attestation/dev/issuers.ts";
import { mintKey } from "../../../keepers/attestation/dev/key.ts";
import { commonNames, intelName } from "../../../keepers/attestation/dev/name.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import {
  deployStores,
  gasOf,
  hexBytes,
  pinOf,
  pointOf,
  type Hardfork,
  type Stores,
} from "../../helpers/certificate-store.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";

const registerCeiling = 175_000n;
const revokeCeiling = 200_000n;
/** As many as Intel's list of the Platform CA had in 2026. */
const listLength = 57;
const dayS = 86_400;
const none = `0x${"00".repeat(32)}` as const;

const random = seededRandom(caseSeed("PckCertificates"));
const world = mintWorld({ seed: caseSeed("PckCertificates"), ca: "platform" });
const { root, intermediate, tcbSigning, pck } = world.certificates;
const remint = (changes: Partial<CertificateOptions>, from: Certificate = pck) =>
  mintCertificate({ ...from.options, ...changes });

const others = (count: number) => Array.from({ length: count }, () => ({ serial: mintSerial(random) }));
const listWith = (...serials: bigint[]) => world.pckCrl({ revoked: serials.map((serial) => ({ serial })) }).der;

describe("PckCertificates", () => {
  printSeedOnFailure();
  let stores: Stores;
  let issuerId: `0x${string}`;

  const registerIssuer = async (der: Uint8Array) => {
    const id = await stores.issuers.registerIssuer.staticCall(hexBytes(der));
    await stores.issuers.registerIssuer(hexBytes(der));
    return id as `0x${string}`;
  };
  const deploy = async (hardfork: Hardfork = "osaka") => {
    stores = await deployStores(pinOf(root), world.at, hardfork);
    issuerId = await registerIssuer(intermediate.der);
  };
  const register = (der: Uint8Array, id: string = issuerId) => stores.pcks.registerPck(hexBytes(der), id);
  const revoke = (crl: Uint8Array, key?: Certificate, entry = 0) => {
    const [x, y] = key === undefined ? [none, none] : pointOf(key.key.point);
    return stores.pcks.revokePck(issuerId, x, y, hexBytes(crl), entryOffsets(crl)[entry] ?? 0);
  };
  /** As the interface defines it. */
  const idOf = ({ key, serial }: Certificate) => {
    const [x, y] = pointOf(key.point) as [`0x${string}`, `0x${string}`];
    const types = [{ type: "bytes32" }, { type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }] as const;
    return keccak256(encodeAbiParameters(types, [x, y, issuerId, serial]));
  };
  beforeEach(() => deploy());

  it("registers a certificate under its authority, as it was minted", async () => {
    const { sgx } = world.platform;
    await expect(register(pck.der))
      .to.emit(stores.pcks, "PckRegistered")
      .withArgs(idOf(pck), issuerId, pck.serial, ...pointOf(pck.key.point));
    expect(await stores.pcks.pck(idOf(pck))).to.deep.equal([
      hexBytes(sgx.ppid),
      hexBytes(sgx.fmspc),
      BigInt(sgx.pceSvn),
      BigInt(Math.min(pck.options.notAfter, intermediate.options.notAfter)),
      false,
      hexBytes(Uint8Array.from(sgx.components)),
      hexBytes(sgx.pceId),
      BigInt(pck.options.notBefore),
      issuerId.slice(0, 18),
    ]);
  });

  it("registers under a Processor CA", async () => {
    const processor = mintCertificate({
      ...intermediate.options,
      key: mintKey(random),
      subject: intelName(commonNames.processor),
    });
    const id = await registerIssuer(processor.der);
    const { der } = remint({ issuer: processor.subject, issuerKey: processor.key });
    await expect(register(der, id)).to.emit(stores.pcks, "PckRegistered");
    await expect(register(der)).to.be.revertedWithCustomError(stores.pcks, "WrongIssuerName");
  });

  it("knows no certificate that was not registered", async () => {
    await expect(stores.pcks.pck(idOf(pck)))
      .to.be.revertedWithCustomError(stores.pcks, "UnknownPck")
      .withArgs(idOf(pck));
  });

  it(`costs at most ${registerCeiling} gas, and says how much without the precompile`, async () => {
    const gas = await gasOf(register(pck.der));
    await deploy("prague");
    console.log(`      registerPck ${gas} gas, ${await gasOf(register(pck.der))} without the precompile`);
    expect(gas).to.be.at.most(registerCeiling);
  });

  const wrong: Record<string, readonly [string, Uint8Array]> = {
    "a key that is not the authority's": ["NotSignedByIssuer", remint({ issuerKey: root.key }).der],
    "a certificate that a PCK signed": ["NotSignedByIssuer", remint({ issuerKey: pck.key }).der],
    "a certificate that names a PCK as its issuer": [
      "WrongIssuerName",
      remint({ issuer: pck.subject, issuerKey: pck.key }).der,
    ],
    "another issuer's name": ["WrongIssuerName", remint({ issuer: root.subject }).der],
    "another common name": ["NotAPckName", remint({ subject: intelName(commonNames.tcbSigning) }).der],
    "an authority's common name": ["NotAPckName", remint({ subject: intelName(commonNames.platform) }).der],
    "a certificate that ended": ["OutOfItsTime", remint({ notAfter: world.at - dayS }).der],
    "a certificate of the future": ["OutOfItsTime", remint({ notBefore: world.at + dayS }).der],
    "an authority": ["WrongAuthorityFlag", remint({ isCa: true, keyUsage: ["digitalSignature"] }).der],
    "an end entity that may issue": [
      "WrongAuthorityFlag",
      remint({ keyUsage: ["digitalSignature", "keyCertSign"] }).der,
    ],
    "a key that may not sign": ["KeyUsageLacking", remint({ keyUsage: ["nonRepudiation"] }).der],
    "no key usage": ["KeyUsageLacking", remint({ extensions: [basicConstraints({ isCa: false })] }).der],
    "no SGX extension": [
      "SgxExtensionMissing",
      remint({ extensions: [keyUsage(["digitalSignature"]), basicConstraints({ isCa: false })] }).der,
    ],
  };
  for (const [name, [error, der]] of Object.entries(wrong))
    it(`refuses ${name}`, async () => {
      await expect(register(der)).to.be.revertedWithCustomError(stores.pcks, error);
    });

  it("refuses every flipped byte of a certificate, with a named error", async () => {
    for (let i = 0; i < pck.der.length; i++) {
      const der = hexBytes(flipped(pck.der, i, random.integer(1, 255)));
      const answer = await stores.pcks.registerPck.staticCall(der, issuerId).catch((error: { data: string }) => error);
      if (typeof answer === "string") throw new Error(`Accepted with byte ${i} flipped: ${der}`);
      expect(stores.pcks.interface.parseError(answer.data)?.name, `byte ${i}`).to.match(/^(?!Panic|Error$)\w+$/);
    }
  });

  it("refuses issuers that are unknown, of another kind, revoked or over", async () => {
    const { pcks, issuers } = stores;
    await expect(register(pck.der, none)).to.be.revertedWithCustomError(issuers, "UnknownIssuer").withArgs(none);
    const signer = await registerIssuer(tcbSigning.der);
    await expect(register(pck.der, signer)).to.be.revertedWithCustomError(pcks, "WrongIssuerKind").withArgs(signer, 3);
    const rootList = world.rootCrl({ revoked: [{ serial: intermediate.serial }] }).der;
    await issuers.revokeIssuer(issuerId, hexBytes(rootList), entryOffsets(rootList)[0] ?? 0);
    await expect(register(pck.der)).to.be.revertedWithCustomError(pcks, "IssuerIsRevoked").withArgs(issuerId);
    await expect(revoke(listWith(pck.serial))).to.be.revertedWithCustomError(pcks, "IssuerIsRevoked");
    await deploy();
    await stores.networkHelpers.time.increaseTo(intermediate.options.notAfter + 1);
    await expect(register(pck.der)).to.be.revertedWithCustomError(stores.pcks, "OutOfItsTime");
  });

  it("ends a certificate no later than its authority's, and extends it when that is renewed", async () => {
    const authorityEnd = world.at + 10 * dayS;
    const short = mintCertificate({ ...intermediate.options, key: mintKey(random), notAfter: authorityEnd });
    const { der, key, serial } = remint({ issuerKey: short.key, notAfter: world.at + 30 * dayS });
    issuerId = await registerIssuer(short.der);
    const id = idOf({ ...pck, key, serial });
    await register(der);
    expect((await stores.pcks.pck(id)).notAfter).to.equal(BigInt(authorityEnd));
    await registerIssuer(mintCertificate({ ...short.options, notAfter: authorityEnd + 90 * dayS }).der);
    await register(der);
    expect((await stores.pcks.pck(id)).notAfter).to.equal(BigInt(world.at + 30 * dayS));
  });

  it("revokes a registered certificate by its authority's list, for good", async () => {
    const { pcks } = stores;
    await register(pck.der);
    const list = listWith(1n, 2n, pck.serial);
    const sent = revoke(list, pck, 2);
    await expect(sent).to.emit(pcks, "PckSerialRevoked").withArgs(issuerId, pck.serial);
    await expect(sent).to.emit(pcks, "PckRevoked").withArgs(idOf(pck));
    expect((await pcks.pck(idOf(pck))).revoked).to.equal(true);
    await expect(register(pck.der))
      .to.be.revertedWithCustomError(pcks, "PckSerialIsRevoked")
      .withArgs(issuerId, pck.serial);
    expect((await pcks.pck(idOf(pck))).revoked).to.equal(true);
  });

  it("counts a certificate as long as it and its authority are in force and not revoked", async () => {
    const { pcks, issuers } = stores;
    await expect(pcks.livePck(idOf(pck))).to.be.revertedWithCustomError(pcks, "UnknownPck");
    await register(pck.der);
    expect(await pcks.livePck(idOf(pck))).to.deep.equal(await pcks.pck(idOf(pck)));
    expect([await issuers.isLiveIssuer(issuerId), await issuers.isLiveIssuer(none)]).to.deep.equal([true, false]);
    const rootList = world.rootCrl({ revoked: [{ serial: intermediate.serial }] }).der;
    await issuers.revokeIssuer(issuerId, hexBytes(rootList), entryOffsets(rootList)[0] ?? 0);
    await expect(pcks.livePck(idOf(pck)))
      .to.be.revertedWithCustomError(pcks, "PckIssuerNotLive")
      .withArgs(issuerId);
  });

  it("does not count a certificate that is revoked, or over", async () => {
    await register(pck.der);
    await revoke(listWith(pck.serial), pck);
    const revoked = stores.pcks.livePck(idOf(pck));
    await expect(revoked).to.be.revertedWithCustomError(stores.pcks, "PckIsRevoked").withArgs(idOf(pck));
    await deploy();
    const { pcks, networkHelpers } = stores;
    await register(pck.der);
    const { notBefore, notAfter } = await pcks.pck(idOf(pck));
    await networkHelpers.time.increaseTo(notAfter);
    await pcks.livePck(idOf(pck));
    await networkHelpers.time.increaseTo(notAfter + 1n);
    await expect(pcks.livePck(idOf(pck)))
      .to.be.revertedWithCustomError(pcks, "OutOfItsTime")
      .withArgs(notBefore, notAfter, notAfter + 1n);
  });

  it("revokes a serial before any certificate of it is registered", async () => {
    const { pcks } = stores;
    await expect(revoke(listWith(pck.serial))).not.to.emit(pcks, "PckRevoked");
    await expect(register(pck.der)).to.be.revertedWithCustomError(pcks, "PckSerialIsRevoked");
    const sameSerial = remint({ key: mintKey(random) });
    await expect(register(sameSerial.der)).to.be.revertedWithCustomError(pcks, "PckSerialIsRevoked");
    await expect(register(remint({ serial: pck.serial ^ 2n }).der)).to.emit(pcks, "PckRegistered");
  });

  it("revokes a registered certificate also after its serial was revoked without its key", async () => {
    const { pcks } = stores;
    await register(pck.der);
    await revoke(listWith(pck.serial));
    expect((await pcks.pck(idOf(pck))).revoked).to.equal(false);
    await expect(revoke(listWith(pck.serial), pck))
      .to.emit(pcks, "PckRevoked")
      .withArgs(idOf(pck));
  });

  it("leaves other certificates of a key alone", async () => {
    const second = remint({ serial: pck.serial ^ 2n });
    await register(pck.der);
    await register(second.der);
    await revoke(listWith(pck.serial), pck);
    expect((await stores.pcks.pck(idOf(second))).revoked).to.equal(false);
  });

  it("refuses lists that are over, of the future, of another authority, forged or changed", async () => {
    const revoked = [{ serial: pck.serial }];
    const list = listWith(pck.serial);
    const wrongLists: readonly (readonly [string, Uint8Array])[] = [
      ["OutOfItsTime", world.pckCrl({ revoked, nextUpdate: world.at - dayS }).der],
      ["OutOfItsTime", world.pckCrl({ revoked, thisUpdate: world.at + dayS }).der],
      ["WrongIssuerName", world.rootCrl({ revoked }).der],
      ["NotSignedByIssuer", world.pckCrl({ revoked, issuerKey: root.key }).der],
      ["NotSignedByIssuer", flipped(list, (entryOffsets(list)[0] ?? 0) + 6)],
    ];
    for (const [error, der] of wrongLists)
      await expect(revoke(der, pck)).to.be.revertedWithCustomError(stores.pcks, error);
  });

  it(`revokes from a list of ${listLength} for at most ${revokeCeiling} gas`, async () => {
    const list = world.pckCrl({ revoked: [...others(listLength - 1), { serial: pck.serial }] }).der;
    await register(pck.der);
    const gas = await gasOf(revoke(list, pck, listLength - 1));
    const again = await gasOf(revoke(list, pck, listLength - 1));
    await deploy("prague");
    const without = await gasOf(revoke(list, undefined, listLength - 1));
    console.log(
      `      revokePck ${gas} gas for a list of ${list.length} bytes, again ${again}, ${without} without the precompile`,
    );
    expect(gas).to.be.at.most(revokeCeiling);
  });
});
