import { expect } from "chai";
import { network } from "hardhat";
import { bytesToHex, type Hex, hexToBytes, slice, stringToHex } from "viem";
import { type Chance, makeChance, seed } from "../../helpers/tcb/chance.ts";
import { deployHarness } from "../../helpers/tcb/harness.ts";
import { intelQe, intelSgx, intelTdx } from "../../helpers/tcb/intel-shaped.ts";
import {
  merge,
  type QeReport,
  qeStatus,
  type SgxPlatform,
  sgxStatus,
  type TdxPlatform,
  tdxStatus,
} from "../../helpers/tcb/matcher.ts";
import {
  type PlatformLevel,
  type QeIdentity,
  qeIdentitySchema,
  statuses,
  type TcbInfo,
  tcbInfoSchema,
} from "../../helpers/tcb/model.ts";
import { type JsonObject, qeIdentityOf, tcbInfoOf } from "../../helpers/tcb/texts.ts";

const texts = 60;
const platformsPerText = 60;
const tame = { wild: false };
/** Gas ceilings: a level that is not reached, and whole calls where the first level of all is reached. */
const gasOfMatching = { sgxLevel: 160, tdx: 2_000, qe: 900 };

const bytes16 = (svns: readonly number[]) => bytesToHex(Uint8Array.from(svns));

/** One of a text's levels, with some SVNs changed by a little: about half of them are reached. */
function near(chance: Chance, svns: readonly number[]) {
  if (chance.oneIn(20)) return svns.map(() => chance.below(256));
  return svns.map((least) =>
    Math.min(255, Math.max(0, least + (chance.oneIn(12) ? chance.below(5) - 2 : chance.below(2)))),
  );
}

function sgxPlatform(chance: Chance, info: TcbInfo): SgxPlatform {
  const { tcb } = chance.pick<PlatformLevel>(info.tcbLevels);
  const pceSvn = Math.max(0, Math.min(65_535, tcb.pcesvn + chance.below(4) - 1));
  return { components: near(chance, tcb.sgxtcbcomponents), pceSvn };
}

/** The same but for one bit. */
function flipBit(chance: Chance, value: Hex): Hex {
  const place = chance.below(hexToBytes(value).length);
  const bit = 1 << chance.below(8);
  return bytesToHex(hexToBytes(value).map((byte, i) => (i === place ? byte ^ bit : byte)));
}

/** Values that differ from `value` only where `mask` does not look, or in one bit somewhere. */
function nearMask(chance: Chance, value: Hex, mask: Hex): Hex {
  const masks = hexToBytes(mask);
  const near = bytesToHex(hexToBytes(value).map((byte, i) => byte | (chance.below(256) & ~(masks[i] ?? 0))));
  return chance.oneIn(4) ? flipBit(chance, near) : near;
}

function tdxPlatform(chance: Chance, info: TcbInfo): TdxPlatform {
  const { tcb } = chance.pick<PlatformLevel>(info.tcbLevels);
  const identity = chance.oneIn(3) ? undefined : chance.pick([...(info.tdxModuleIdentities ?? []), undefined]);
  const version = chance.oneIn(10) ? chance.below(256) : (identity?.id ?? 0);
  const module = identity ?? info.tdxModule ?? { mrsigner: "0x", attributes: "0x", attributesMask: "0x" };
  const svns = near(chance, tcb.tdxtcbcomponents ?? []);
  const least = chance.pick(identity?.tcbLevels.map((level) => level.tcb.isvsvn) ?? [svns[0] ?? 0]);
  const teeTcbSvn = [Math.min(255, Math.max(0, least + chance.below(3) - 1)), version, ...svns.slice(2)];
  return {
    components: near(chance, tcb.sgxtcbcomponents),
    pceSvn: Math.max(0, Math.min(65_535, tcb.pcesvn + chance.below(8) - 1)),
    teeTcbSvn,
    mrSignerSeam: chance.oneIn(8) ? flipBit(chance, module.mrsigner) : module.mrsigner,
    seamAttributes: nearMask(chance, module.attributes, module.attributesMask),
  };
}

function qeReport(chance: Chance, qe: QeIdentity): QeReport {
  const { isvsvn } = chance.pick(qe.tcbLevels).tcb;
  return {
    miscSelect: nearMask(chance, qe.miscselect, qe.miscselectMask),
    attributes: nearMask(chance, qe.attributes, qe.attributesMask),
    mrSigner: chance.oneIn(8) ? flipBit(chance, qe.mrsigner) : qe.mrsigner,
    isvProdId: chance.oneIn(8) ? chance.below(65_536) : qe.isvprodid,
    isvSvn: Math.max(0, Math.min(65_535, isvsvn + chance.below(3) - 1)),
  };
}

/** What is under a mask only can match if it has no bits beside the mask. */
function matchable<T extends { attributes: string; attributesMask: string }>(object: T): T {
  const mask = Buffer.from(object.attributesMask, "hex");
  const attributes = Buffer.from(object.attributes, "hex").map((byte, i) => byte & (mask[i] ?? 0));
  return { ...object, attributes: Buffer.from(attributes).toString("hex") };
}

/** Mostly texts whose masks cover their values. */
function matchableTexts(make: () => JsonObject): string[] {
  const isPart = (value: unknown): value is { attributes: string; attributesMask: string } =>
    typeof value === "object" && value !== null && "attributes" in value && "attributesMask" in value;
  return Array.from({ length: texts }, (_, i) => {
    const text = JSON.stringify(make(), (_, value: unknown) => (isPart(value) && i % 8 > 0 ? matchable(value) : value));
    return text.replace(/"miscselect":"[^"]*"/, i % 8 > 0 ? '"miscselect":"00000000"' : "$&");
  });
}

function expectAll(found: readonly bigint[], expected: readonly number[], about: (i: number) => unknown) {
  for (const [i, status] of found.entries()) {
    expect(Number(status), JSON.stringify(about(i))).to.equal(expected[i]);
  }
}

/** Requires that at least one in `n` of the cases is of either kind, so that a test tests. */
function expectMixed(expected: readonly number[], n: number) {
  const none = expected.filter((status) => status === 0).length;
  expect(none).to.be.within(expected.length / n, (expected.length * (n - 1)) / n);
}

describe("TcbLevels", () => {
  it(`finds the status of SGX platforms as a plain loop does (seed ${seed})`, async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const all: number[] = [];
    for (let i = 0; i < texts; i++) {
      const text = JSON.stringify(tcbInfoOf(chance, "SGX", tame));
      const info = tcbInfoSchema.parse(JSON.parse(text));
      const platforms = Array.from({ length: platformsPerText }, () => sgxPlatform(chance, info));
      const [found] = await harness.sgxStatuses(
        stringToHex(text),
        platforms.map(({ components }) => bytes16(components)),
        platforms.map(({ pceSvn }) => pceSvn),
      );
      const expected = platforms.map((platform) => sgxStatus(info, platform));
      expectAll(found, expected, (k) => [text, platforms[k]]);
      all.push(...expected);
    }
    expectMixed(all, 10);
  });

  it(`finds the status of TDX platforms with their modules as a plain loop does (seed ${seed})`, async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const all: number[] = [];
    for (const text of matchableTexts(() => tcbInfoOf(chance, "TDX", tame))) {
      const info = tcbInfoSchema.parse(JSON.parse(text));
      const platforms = Array.from({ length: platformsPerText }, () => tdxPlatform(chance, info));
      const [found] = await harness.tdxStatuses(
        stringToHex(text),
        platforms.map((platform) => ({
          ...platform,
          components: bytes16(platform.components),
          teeTcbSvn: bytes16(platform.teeTcbSvn),
          mrSignerSeam: slice(platform.mrSignerSeam, 0, 32),
          mrSignerSeamEnd: slice(platform.mrSignerSeam, 32),
        })),
      );
      const expected = platforms.map((platform) => tdxStatus(info, platform));
      expectAll(found, expected, (k) => [text, platforms[k]]);
      all.push(...expected);
    }
    expectMixed(all, 20);
  });

  it(`finds the status of quoting enclaves as a plain loop does (seed ${seed})`, async () => {
    const harness = await deployHarness(await network.create());
    const chance = makeChance(seed);
    const all: number[] = [];
    for (const text of matchableTexts(() => qeIdentityOf(chance, "TD_QE", tame))) {
      const qe = qeIdentitySchema.parse(JSON.parse(text));
      const reports = Array.from({ length: platformsPerText }, () => qeReport(chance, qe));
      const [found] = await harness.qeStatuses(stringToHex(text), reports);
      const expected = reports.map((report) => qeStatus(qe, report));
      expectAll(found, expected, (k) => [text, reports[k]]);
      all.push(...expected);
    }
    expectMixed(all, 10);
  });

  it("compares each of the 16 components by itself, for all pairs of edge values", async () => {
    const harness = await deployHarness(await network.create());
    const edges = [0, 1, 127, 128, 254, 255];
    for (const least of edges) {
      const info = tcbInfoOf(makeChance(1), "SGX", tame);
      const sgxtcbcomponents = Array.from({ length: 16 }, () => ({ svn: least }));
      const text = JSON.stringify({
        ...info,
        tcbLevels: [{ tcb: { sgxtcbcomponents, pcesvn: 0 }, tcbStatus: "UpToDate" }],
      });
      const platforms = edges.flatMap((value) =>
        Array.from({ length: 16 }, (_, i) => Array.from({ length: 16 }, (_, k) => (k === i ? value : least))),
      );
      const [found] = await harness.sgxStatuses(stringToHex(text), platforms.map(bytes16), Array(96).fill(0));
      expect(found.map(Number)).to.deep.equal(platforms.map((svns) => (svns.every((svn) => svn >= least) ? 1 : 0)));
    }
  });

  it("merges statuses by Intel's table", async () => {
    const harness = await deployHarness(await network.create());
    for (const platform of statuses.keys()) {
      for (const component of statuses.keys()) {
        const merged = Number(await harness.merge(platform, component));
        expect([platform, component, merged]).to.deep.equal([platform, component, merge(platform, component)]);
      }
    }
  });

  it("needs little gas for each level, and for a module and an enclave that match at once", async () => {
    const harness = await deployHarness(await network.create());
    const dates = { issueDate: 0, nextUpdate: 0 };
    const unreached = { components: bytes16(Array(16).fill(0)), pceSvn: 0 };
    const gasOfSgx = async (count: number) => {
      const info = tcbInfoSchema.parse(intelSgx(dates));
      const text = JSON.stringify({
        ...intelSgx(dates),
        tcbLevels: Array(count).fill(intelSgx(dates).tcbLevels).flat(1),
      });
      const [[status], [gas]] = await harness.sgxStatuses(stringToHex(text), [unreached.components], [0]);
      return { status, gas: Number(gas), levels: count * info.tcbLevels.length };
    };
    const [few, many] = [await gasOfSgx(1), await gasOfSgx(5)];
    expect([few.status, many.status]).to.deep.equal([0n, 0n]);
    expect((many.gas - few.gas) / (many.levels - few.levels)).to.be.below(gasOfMatching.sgxLevel);
    const platform = {
      components: bytes16([7, 7, 2, 2, 3, 1, 0, 3, ...Array<number>(8).fill(0)]),
      pceSvn: 11,
      teeTcbSvn: bytes16([4, 1, 7, ...Array<number>(13).fill(0)]),
      mrSignerSeam: bytesToHex(new Uint8Array(32)),
      mrSignerSeamEnd: bytesToHex(new Uint8Array(16)),
      seamAttributes: bytesToHex(new Uint8Array(8)),
    };
    const tdx = await harness.tdxStatuses(stringToHex(JSON.stringify(intelTdx(dates))), [platform]);
    expect(tdx[0]).to.deep.equal([1n]);
    expect(Number(tdx[1][0])).to.be.below(gasOfMatching.tdx);
    const text = JSON.stringify(intelQe("TD_QE", dates));
    const qe = qeIdentitySchema.parse(JSON.parse(text));
    const report = { miscSelect: qe.miscselect, mrSigner: qe.mrsigner, isvProdId: qe.isvprodid, isvSvn: 8 };
    const found = await harness.qeStatuses(stringToHex(text), [{ ...report, attributes: qe.attributes }]);
    expect(found[0]).to.deep.equal([1n]);
    expect(Number(found[1][0])).to.be.below(gasOfMatching.qe);
  });
});
