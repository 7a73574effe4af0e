import { expect } from "chai";
import { concat, zeros } from "../../../keepers/attestation/dev/bytes.ts";
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
import { readDer, writeDer } from "../../helpers/attestation/der-tree.ts";
import { mintPlatform } from "../../../keepers/attestation/dev/platform.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import {
  sgxExtensionId,
  sgxExtensionValue,
  type SgxExtension,
} from "../../../keepers/attestation/dev/sgx-extension.ts";
import { deployHarness, hexBytes } from "../../helpers/certificate-store.ts";
import type { CertificateHarness } from "../../../types/index.js";

const nowS = 1_900_000_000;
const random = seededRandom(caseSeed("SGX extension"));
const { sgx } = mintPlatform(random.fork("one"), "platform", "a");

const pair = (suffix: string, value: Uint8Array) => sequence(oid(`${sgxExtensionId}.${suffix}`), value);

/** The elements of the list, or of the list in its element `index`. */
const childrenOf = (der: Uint8Array): Uint8Array[] => (readDer(der).children ?? []).map(writeDer);

const listOf = (fields: SgxExtension): Uint8Array[] => childrenOf(sgxExtensionValue(fields));
const tcbOf = (fields: SgxExtension): Uint8Array[] =>
  childrenOf(childrenOf(listOf(fields)[1] ?? zeros(0))[1] ?? zeros(0));

/** The same list with one element in place of element `index`; undefined leaves it out. */
const replaced = (items: readonly Uint8Array[], index: number, item?: Uint8Array): Uint8Array[] =>
  items.flatMap((old, i) => (i !== index ? [old] : item === undefined ? [] : [item]));

const withElement = (index: number, item?: Uint8Array) => sequence(...replaced(listOf(sgx), index, item));
const withTcb = (items: readonly Uint8Array[]) => withElement(1, pair("2", sequence(...items)));
const withTcbElement = (index: number, item?: Uint8Array) => withTcb(replaced(tcbOf(sgx), index, item));
const withMore = (...more: Uint8Array[]) => sequence(...listOf(sgx), ...more);
const shuffled = (items: readonly Uint8Array[]) =>
  items
    .map((item) => ({ item, order: random.integer(0, 2 ** 40) }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);

const refused: Record<string, readonly [string, Uint8Array]> = {
  "bytes after the end": ["DerTrailing", concat(sgxExtensionValue(sgx), zeros(1))],
  "no elements": ["SgxElementMissing", sequence()],
  "a PPID of 15 bytes": ["DerContent", withElement(0, pair("1", octetString(zeros(15))))],
  "a PPID of 17 bytes": ["DerContent", withElement(0, pair("1", octetString(zeros(17))))],
  "a PPID that is a number": ["DerTag", withElement(0, pair("1", integer(1)))],
  "a PPID and something": [
    "DerTrailing",
    withElement(0, sequence(oid(`${sgxExtensionId}.1`), octetString(zeros(16)), nothing())),
  ],
  "a PCEID of 1 byte": ["DerContent", withElement(2, pair("3", octetString(zeros(1))))],
  "an FMSPC of 7 bytes": ["DerContent", withElement(3, pair("4", octetString(zeros(7))))],
  "a type of two bytes": ["DerContent", withElement(4, pair("5", enumerated(256)))],
  "a type that is an integer": ["DerTag", withElement(4, pair("5", integer(0)))],
  "an instance of 15 bytes": ["DerContent", withElement(5, pair("6", octetString(zeros(15))))],
  "a flag of 1": [
    "DerContent",
    withElement(6, pair("7", sequence(pair("7.1", element(tags.boolean, Uint8Array.of(1)))))),
  ],
  "a flag that is a number": ["DerTag", withElement(6, pair("7", sequence(pair("7.1", integer(1)))))],
  "a flag twice": [
    "DuplicateSgxElement",
    withElement(6, pair("7", sequence(pair("7.1", boolean(true)), pair("7.1", boolean(true))))),
  ],
  "flag 4": ["UnknownSgxElement", withElement(6, pair("7", sequence(pair("7.4", boolean(true)))))],
  "flag 0": ["UnknownSgxElement", withElement(6, pair("7", sequence(pair("7.0", boolean(true)))))],
  "element 8": ["UnknownSgxElement", withMore(pair("8", integer(0)))],
  "element 0": ["UnknownSgxElement", withMore(pair("0", integer(0)))],
  "element 128": ["DerContent", withMore(pair("128", integer(0)))],
  "an element of another list": ["DerContent", withMore(sequence(oid("1.2.840.113741.1.13.2.1"), integer(0)))],
  "the PPID twice": ["DuplicateSgxElement", withMore(listOf(sgx)[0] ?? zeros(0))],
  "an instance twice": ["DuplicateSgxElement", withMore(listOf(sgx)[5] ?? zeros(0))],
  "TCB element 19": ["UnknownSgxElement", withTcb([...tcbOf(sgx), pair("2.19", integer(0))])],
  "TCB element 0": ["UnknownSgxElement", withTcb([...tcbOf(sgx), pair("2.0", integer(0))])],
  "a TCB that is a set": ["DerTag", withElement(1, pair("2", element(tags.set, ...tcbOf(sgx))))],
  "PCESVN 65536": ["DerContent", withTcbElement(16, pair("2.17", integer(65_536)))],
  "a CPUSVN of 15 bytes": ["DerContent", withTcbElement(17, pair("2.18", octetString(zeros(15))))],
  "a CPUSVN that is a number": ["DerTag", withTcbElement(17, pair("2.18", integer(1)))],
};

/** Each of the elements that have to be there, left out. */
const missing = [0, 1, 2, 3, 4].map((index) => withElement(index));
/** What is wrong with any component. */
const wrongComponents = (arc: number): Record<string, readonly [string, Uint8Array]> => {
  const name = `2.${arc}`;
  const number = (...bytes: number[]) => pair(name, element(tags.integer, Uint8Array.from(bytes)));
  const short = pair(name, integer(1));
  return {
    "256": ["DerContent", pair(name, integer(256))],
    "a negative number": ["DerContent", number(0x80)],
    "a number with a needless zero": ["DerContent", number(0, 1)],
    "no number": ["DerContent", number()],
    "an octet": ["DerTag", pair(name, octetString(Uint8Array.of(1)))],
    "a long form of its length": ["DerLengthForm", concat(Uint8Array.of(0x30, 0x81, 0x10), short.slice(2))],
    "something after the number": ["DerTrailing", sequence(oid(`${sgxExtensionId}.${name}`), integer(1), nothing())],
  };
};

describe("SgxExtension", () => {
  printSeedOnFailure();
  let harness: CertificateHarness;
  before(async () => ({ harness } = await deployHarness(nowS)));
  const parse = async (der: Uint8Array) => (await harness.platform(hexBytes(der))).found;

  const expectFields = async (der: Uint8Array, fields: SgxExtension) => {
    const found = await parse(der);
    expect([found.ppid, found.components, found.pceSvn, found.pceId, found.fmspc]).to.deep.equal([
      hexBytes(fields.ppid),
      hexBytes(Uint8Array.from(fields.components)),
      BigInt(fields.pceSvn),
      hexBytes(fields.pceId),
      hexBytes(fields.fmspc),
    ]);
  };

  it("reads random platforms of either authority", async () => {
    for (let i = 0; i < 20; i++) {
      const own = random.fork(`platform ${i}`);
      const ca = own.pick(["platform", "processor"] as const);
      const fields = {
        ...mintPlatform(own, ca, "a").sgx,
        components: Array.from({ length: 16 }, () => own.integer(0, 255)),
        pceSvn: own.integer(0, 65_535),
        pceId: own.bytes(2),
      };
      await expectFields(sgxExtensionValue(fields), fields);
    }
  });

  it("reads the bounds of every number", async () => {
    for (const value of [0, 1, 127, 128, 255]) {
      const fields = { ...sgx, components: Array.from({ length: 16 }, () => value), pceSvn: value };
      await expectFields(sgxExtensionValue(fields), fields);
    }
    for (const pceSvn of [256, 32_767, 32_768, 65_535])
      await expectFields(sgxExtensionValue({ ...sgx, pceSvn }), { ...sgx, pceSvn });
  });

  it("reads elements in any order", async () => {
    for (let i = 0; i < 10; i++) {
      const tcb = pair("2", sequence(...shuffled(tcbOf(sgx))));
      await expectFields(sequence(...shuffled(replaced(listOf(sgx), 1, tcb))), sgx);
    }
  });

  it("reads a configuration without flags", async () => {
    await expectFields(withElement(6, pair("7", sequence())), sgx);
  });

  for (const [name, [error, der]] of Object.entries(refused))
    it(`refuses ${name}`, async () => {
      await expect(harness.platform(hexBytes(der))).to.be.revertedWithCustomError(harness, error);
    });

  it("refuses a list that lacks one of its five needed elements, and says which it has", async () => {
    for (const [index, der] of missing.entries())
      await expect(harness.platform(hexBytes(der)))
        .to.be.revertedWithCustomError(harness, "SgxElementMissing")
        .withArgs(0, 0xfe & ~(2 << index));
  });

  it("refuses a TCB that lacks one of its 18 elements, or has it twice", async () => {
    for (const index of tcbOf(sgx).keys()) {
      const lacking = harness.platform(hexBytes(withTcbElement(index)));
      await expect(lacking).to.be.revertedWithCustomError(harness, "SgxElementMissing");
      const twice = withTcb([...tcbOf(sgx), tcbOf(sgx)[index] ?? zeros(0)]);
      await expect(harness.platform(hexBytes(twice))).to.be.revertedWithCustomError(harness, "DuplicateSgxElement");
    }
  });

  it("refuses components in any other form than the shortest", async () => {
    for (const arc of [1, 9, 16])
      for (const [error, item] of Object.values(wrongComponents(arc)))
        await expect(harness.platform(hexBytes(withTcbElement(arc - 1, item)))).to.be.revertedWithCustomError(
          harness,
          error,
        );
  });
});
