import { expect } from "chai";
import { type Address, getContractAddress, toHex } from "viem";
import { bitmapOf, countBits, hasBit, indicesOf, isSubset } from "../../sdk/committee/bitmap.ts";
import { anyAsk, draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import { decodeSnapshot, encodeSnapshot, maxSnapshotNodes, type Snapshot } from "../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import { makeFuzz, type Random } from "../helpers/random.ts";
import { deployHarness, expectRows, fuzzCases, type Harness, times } from "./harness.ts";

const capAsk = 1_000n;
const caps = [0n, capAsk - 1n, capAsk, anyAsk];

/** A pool of distinct nodes with scattered ids, its asks mostly at, just below or just above the cap. */
function randomSnapshot(random: Random, count: number): Snapshot {
  const ids = new Set<bigint>();
  while (ids.size < count) ids.add(random.within(1n, 2n ** 32n - 1n));
  const asks = [1n, capAsk - 1n, capAsk, capAsk, capAsk, capAsk + 1n, anyAsk];
  const entries = [...ids].map((nodeId) => ({ nodeId, ask: random.pick(asks) }));
  return { header: { ...decodeTaskWord(random.bits(256)), count: BigInt(count) }, entries };
}

describe("DRW-1: the draw", () => {
  const random = makeFuzz("committee");
  let harness: Harness;

  before(async () => {
    harness = await deployHarness();
  });

  /** Draws from one pool in both languages, batch by batch with other exclusions. */
  async function compareDraws(count: number, cases: number) {
    const snapshot = randomSnapshot(random, count);
    const address = await harness.publish(encodeSnapshot(snapshot));
    let incomplete = 0;
    for (let done = 0; done < cases; done += 500) {
      const excluded = times(random.pick(count === 1 ? [0, 1] : [0, 1, 5]), () => random.pick(snapshot.entries).nodeId);
      const inputs = times(500, () => {
        const k = random.pick([1n, 1n, 3n, 3n, 10n, 21n]);
        const isHopeless = k < 4n || random.below(50) === 0; // draws that end without a committee take all their tries
        return { seed: random.bytes(32), k, maxAsk: random.pick(isHopeless ? caps : caps.slice(2)) };
      });
      const flat = inputs.flatMap(({ seed, k, maxAsk }) => [BigInt(seed), k, maxAsk]);
      const actual = await harness.read<readonly bigint[][]>("draws", [address, flat, excluded]);
      const drawn = inputs.map((input) => draw({ ...input, snapshot, excluded }));
      expectRows(actual, drawn.map((members) => members.map((m) => (m.nodeId << 32n) | m.ask)), inputs); // prettier-ignore
      drawn.forEach((members, index) => {
        const { k, maxAsk } = inputs[index] ?? { k: 0n, maxAsk: 0n };
        const ids = new Set(members.map((m) => m.nodeId));
        expect(ids.size).to.equal(members.length);
        expect(members.every((m) => m.ask <= maxAsk && !excluded.includes(m.nodeId))).to.equal(true);
        if (BigInt(members.length) < k) incomplete++;
      });
    }
    return incomplete;
  }

  it("is the same in a pool of one node", async () => {
    expect(await compareDraws(1, fuzzCases / 20)).to.be.greaterThan(0);
  });

  it("is the same in a pool of 30 nodes", async () => {
    expect(await compareDraws(30, (fuzzCases * 13) / 20)).to.be.greaterThan(0);
  });

  it("is the same in a full pool of 3,067 nodes", async () => {
    await compareDraws(maxSnapshotNodes, (fuzzCases * 3) / 10);
  });

  it("has the seed that the contracts give it", async () => {
    const cases = times(fuzzCases, () => [random.bits(216), random.bits(256), random.bits(256)] as const);
    const expected = cases.map(([randomness, id, level]) => [
      BigInt(seedOf(randomness, toHex(id, { size: 32 }), level)),
    ]);
    expectRows(await harness.rows("seeds", 1, cases.flat()), expected, cases);
  });

  it("finds a snapshot at the address of its creation nonce", async () => {
    const nonces = [1n, 0x7fn, 0x80n, 0xffn, 0x100n, 0xffffn, 0x1_0000n, 0xff_ffffn, 0x100_0000n, 0xffff_ffffn];
    const cases = times(fuzzCases, (index) => {
      const id = nonces[index] ?? random.within(1n, 0xffff_ffffn >> BigInt(random.below(32)));
      return [random.bits(160), id] as const;
    });
    const addressOf = (creator: bigint, id: bigint) => snapshotAddress(toHex(creator, { size: 20 }), id);
    const expected = cases.map(([creator, id]) => [BigInt(addressOf(creator, id))]);
    expectRows(await harness.rows("snapshotAddresses", 1, cases.flat()), expected, cases);
    expect(() => snapshotAddress(harness.address, 0n)).to.throw("1..2^32 - 1");
  });

  it("reads a snapshot's code back as it was written, from where its nonce says", async () => {
    for (const count of [1, 30, maxSnapshotNodes]) {
      const snapshot = randomSnapshot(random, count);
      const address = await harness.publish(encodeSnapshot(snapshot));
      const code = await harness.client.getCode({ address });
      expect(decodeSnapshot(code ?? "0x")).to.deep.equal(snapshot);
      const nonce = BigInt(await harness.client.getTransactionCount({ address: harness.address })) - 1n;
      expect(address.toLowerCase()).to.equal(getContractAddress({ from: harness.address, nonce }).toLowerCase());
      expect(address).to.equal(snapshotAddress(harness.address as Address, nonce));
    }
  });

  it("refuses code that is no snapshot, or another length than its header says", () => {
    const code = encodeSnapshot(randomSnapshot(random, 2));
    expect(() => decodeSnapshot("0x")).to.throw("no snapshot");
    expect(() => decodeSnapshot(`${code}00`)).to.throw("as long as");
    expect(() => decodeSnapshot(`0x01${code.slice(4)}`)).to.throw("as long as");
    expect(() => encodeSnapshot(randomSnapshot(random, maxSnapshotNodes + 1))).to.throw("entries");
  });
});

describe("Bitmaps", () => {
  it("list, count and test their bits", () => {
    const random = makeFuzz("bitmaps");
    times(fuzzCases, () => random.bits(32)).forEach((bitmap) => {
      const indices = indicesOf(bitmap);
      expect(bitmapOf(indices)).to.equal(bitmap);
      expect(countBits(bitmap)).to.equal(BigInt(indices.length));
      expect(indices.every((index) => hasBit(bitmap, index))).to.equal(true);
      const part = bitmap & random.bits(32);
      expect(isSubset(part, bitmap)).to.equal(true);
      expect(isSubset(part | (1n << 32n), bitmap)).to.equal(false);
    });
  });
});
