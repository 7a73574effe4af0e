import { expect } from "chai";
import { keccak256, sha256 } from "viem";
import { concat, zeros } from "../../../keepers/attestation/dev/bytes.ts";
import { mintCrl, type CrlOptions, type Revoked } from "../../../keepers/attestation/dev/crl.ts";
import {
  boolean,
  element,
  enumerated,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  tags,
} from "../../../keepers/attestation/dev/der.ts";
import { elementAt, replaceAt } from "../../helpers/attestation/der-tree.ts";
import { extension, extensionIds, reasonCode } from "../../../keepers/attestation/dev/extensions.ts";
import { mintSerial } from "../../../keepers/attestation/dev/issuers.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";
import { deployHarness, hexBytes } from "../../helpers/certificate-store.ts";
import type { CertificateHarness } from "../../../types/index.js";

const random = seededRandom(caseSeed("Crl"));
const world = mintWorld({ seed: caseSeed("Crl") });
const revoked: Revoked[] = Array.from({ length: 9 }, (_, i) => ({
  serial: mintSerial(random),
  ...(i === 3 ? { reason: null } : i === 5 ? { reason: 10 } : {}),
}));
const list = world.pckCrl({ revoked });
const remint = (changes: Partial<CrlOptions>) => mintCrl({ ...list.options, ...changes }).der;
const changed = (path: readonly number[], change: (old: Uint8Array) => Uint8Array) => replaceAt(list.der, path, change);
const entries = [0, 5];
/** The list with another first entry. */
const withEntry = (entry: Uint8Array) => changed([...entries, 0], () => entry);
const time = elementAt(list.der, [0, 3]);
const entryWith = (...extensions: Uint8Array[]) => withEntry(sequence(integer(1), time, sequence(...extensions)));

/** What the parser must name, and the list that has it; the first entry is asked for. */
const refused: Record<string, readonly [string, Uint8Array]> = {
  "bytes after the end": ["DerTrailing", concat(list.der, zeros(1))],
  "a cut input": ["DerBeyondEnd", list.der.slice(0, -1)],
  "an empty input": ["DerTag", zeros(0)],
  "version 1, which is left out": ["DerContent", remint({ version: null })],
  "version 3": ["DerContent", remint({ version: 2 })],
  "another algorithm outside": ["DerContent", remint({ outerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) })],
  "another algorithm inside": ["DerContent", remint({ innerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) })],
  "no next update": ["DerTimeInvalid", remint({ nextUpdate: null })],
  "no entries": ["NotAnEntry", remint({ revoked: [] })],
  "no entries and no extensions": ["NotAnEntry", remint({ revoked: [], extensions: [] })],
  "an empty list of entries": ["NotAnEntry", changed(entries, () => sequence())],
  "an entry that is a set": ["DerTag", withEntry(element(tags.set, integer(1), time))],
  "a later entry that is a set": ["DerTag", changed([...entries, 4], () => element(tags.set, integer(1), time))],
  "a negative serial": ["DerContent", withEntry(sequence(element(tags.integer, Uint8Array.of(0x80)), time))],
  "a serial of 161 bits": ["DerContent", withEntry(sequence(integer(1n << 160n), time))],
  "an entry without a time": ["DerTimeInvalid", withEntry(sequence(integer(1), nothing()))],
  "an entry that ends at its serial": ["DerBeyondEnd", withEntry(sequence(integer(1)))],
  "an entry with four fields": [
    "DerTrailing",
    withEntry(sequence(integer(1), time, sequence(reasonCode(1)), nothing())),
  ],
  "an entry with an empty list of extensions": ["DerBeyondEnd", entryWith()],
  "an entry that takes a revocation back": ["NotARevocation", entryWith(reasonCode(8))],
  "reason 11": ["DerContent", entryWith(reasonCode(11))],
  "a reason that is an integer": ["DerTag", entryWith(extension(extensionIds.reasonCode, integer(1)))],
  "a reason and something": [
    "DerTrailing",
    entryWith(extension(extensionIds.reasonCode, concat(enumerated(1), nothing()))),
  ],
  "a reason twice": ["DuplicateExtension", entryWith(reasonCode(1), reasonCode(1))],
  "an entry of another issuer": [
    "UnknownCriticalExtension",
    entryWith(extension("2.5.29.29", sequence(), { critical: true })),
  ],
  "a list of changes": [
    "UnknownCriticalExtension",
    remint({ extensions: [extension("2.5.29.27", integer(1), { critical: true })] }),
  ],
  "an extension twice": [
    "DuplicateExtension",
    remint({ extensions: [extension("1.2.3", nothing()), extension("1.2.3", nothing())] }),
  ],
  "a criticality written out as false": [
    "DerContent",
    remint({ extensions: [sequence(oid("1.2.3"), boolean(false), octetString(nothing()))] }),
  ],
  "something after the extensions": ["DerTrailing", changed([0, 6], (old) => concat(old, nothing()))],
};

describe("Crl", () => {
  printSeedOnFailure();
  let harness: CertificateHarness;
  before(async () => ({ harness } = await deployHarness(world.at)));
  const offsets = entryOffsets(list.der);
  const [first = 0] = offsets;

  it("reads every entry where it begins, and what the list says of itself", async () => {
    expect(offsets.length).to.equal(revoked.length);
    for (const [i, offset] of offsets.entries()) {
      const { revocation } = await harness.revocationAt(hexBytes(list.der), offset);
      expect(revocation.serial).to.equal(revoked[i]?.serial);
      expect([revocation.tbsHash, revocation.issuer]).to.deep.equal([
        sha256(list.signed),
        keccak256(list.options.issuer),
      ]);
      expect([revocation.thisUpdate, revocation.nextUpdate]).to.deep.equal(
        [list.options.thisUpdate, list.options.nextUpdate ?? 0].map(BigInt),
      );
    }
  });

  it("finds no entry anywhere else", async () => {
    const others = Array.from({ length: list.der.length + 2 }, (_, i) => i).filter((i) => !offsets.includes(i));
    for (const offset of [...others, 2n ** 256n - 1n])
      await expect(harness.revocationAt(hexBytes(list.der), offset))
        .to.be.revertedWithCustomError(harness, "NotAnEntry")
        .withArgs(offset);
  });

  it("is not fooled by an entry inside another one", async () => {
    const inner = sequence(integer(4_711), time);
    const der = entryWith(extension("1.2.3", concat(inner, inner)));
    const hidden = Buffer.from(der).indexOf(inner);
    await expect(harness.revocationAt(hexBytes(der), hidden)).to.be.revertedWithCustomError(harness, "NotAnEntry");
    expect((await harness.revocationAt(hexBytes(der), first)).revocation.serial).to.equal(1n);
  });

  it("reads lists without extensions and entries with ones that it does not know", async () => {
    const bare = remint({ extensions: [] });
    expect((await harness.revocationAt(hexBytes(bare), first)).revocation.serial).to.equal(revoked[0]?.serial);
    const der = entryWith(extension("2.5.29.24", nothing()), reasonCode(6));
    expect((await harness.revocationAt(hexBytes(der), first)).revocation.serial).to.equal(1n);
  });

  for (const [name, [error, der]] of Object.entries(refused))
    it(`refuses ${name}`, async () => {
      const [offset = first] = name.startsWith("no entries") ? [] : entryOffsets(der);
      await expect(harness.revocationAt(hexBytes(der), offset)).to.be.revertedWithCustomError(harness, error);
    });
});
