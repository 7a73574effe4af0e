import { expect } from "chai";
import { committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { labelledKey } from "../../deploy/local/world.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { forge } from "../helpers/forge.ts";
import { rotate } from "../helpers/identity.ts";
import {
  ask,
  askAndPost,
  type Market,
  paramsFor,
  post,
  requestOf,
  selectorOf,
  settle,
  useMarket,
} from "../helpers/market.ts";

/** Signs for the committee's first member with a labelled key. */
const firstSignsWith = (label: string) => ({ key: (i: number) => (i === 0 ? labelledKey(label) : undefined) });

describe("A node that was drawn", () => {
  const market = useMarket({ task: { window: 3_000 } });

  it("settles with the key it had when the request was made, after rotating it", async () => {
    const m = market();
    const { request, first } = await drawn(m);
    await rotate(m, first.nodeId, "second key");
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    const word = decodeNodeWord(await m.escrow.nodeWord(first.nodeId));
    expect(word.signer).to.equal(labelledKey("second key").address);
    expect(word.earnings).to.equal(500n);
  });

  it("settles with its current key, which it did not have when the request was made", async () => {
    const m = market();
    const { request, first } = await drawn(m);
    await rotate(m, first.nodeId, "second key");
    await expect(settle(m, await forge(m, request, firstSignsWith("second key")))).to.emit(m.escrow, "Settled");
  });

  it("does not settle with a key that it gave up before the request was made", async () => {
    const m = market();
    for (const { nodeId } of m.nodes) await rotate(m, nodeId, `second key ${nodeId}`);
    const { request, members } = await drawn(m);
    await expectWrongSigner(m, await forge(m, request));
    const second = (i: number) => labelledKey(`second key ${members[i]?.nodeId}`);
    await expect(settle(m, await forge(m, request, { key: second }))).to.emit(m.escrow, "Settled");
  });

  it("does not settle with a key that came and went after the request was made", async () => {
    const m = market();
    const { request, first } = await drawn(m);
    await rotate(m, first.nodeId, "second key");
    await rotate(m, first.nodeId, "third key");
    await expectWrongSigner(m, await forge(m, request, firstSignsWith("second key")));
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
  });

  it("settles with a key that it gave up in the very block of the request", async () => {
    const m = market();
    const { request, first } = await drawn(m, async (nodeId) => {
      await m.ethers.provider.send("evm_setAutomine", [false]);
      const pending = [await rotate(m, nodeId, "second key")];
      return async () => {
        await m.networkHelpers.mine();
        await m.ethers.provider.send("evm_setAutomine", [true]);
        await Promise.all(pending.map((transaction) => transaction.wait()));
      };
    });
    expect((await m.nodeRegistry.nodeOf(first.nodeId)).signerSince).to.equal(request.fields.submittedAtS);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
  });

  it("does not settle with a former key of another node", async () => {
    const m = market();
    const { request, members } = await drawn(m);
    const outsider = m.nodes.find(({ nodeId }) => members.every((member) => member.nodeId !== nodeId));
    await rotate(m, outsider?.nodeId ?? 0n, "elsewhere");
    await expectWrongSigner(m, await forge(m, request, { key: (i) => (i === 0 ? outsider?.signer : undefined) }));
  });

  it("stays drawn and is paid after unsubscribing and taking part of its stake out", async () => {
    const m = market();
    const { request, first } = await drawn(m);
    await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, first.nodeId);
    await m.taskRegistry.publishSnapshot(m.taskId);
    await m.nodeRegistry.connect(m.owner).withdraw(first.nodeId, m.owner.address, 9_000n * 10n ** 18n);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    expect(decodeNodeWord(await m.escrow.nodeWord(first.nodeId)).earnings).to.equal(500n);
  });

  it("is paid the ask of the snapshot that the request named", async () => {
    const m = market();
    const { request, first } = await drawn(m);
    await m.taskRegistry.connect(m.owner).updateAsk(m.taskId, first.nodeId, 9n);
    await m.taskRegistry.publishSnapshot(m.taskId);
    await settle(m, await forge(m, request));
    expect(decodeNodeWord(await m.escrow.nodeWord(first.nodeId)).earnings).to.equal(500n);
  });

  it("finishes what it was drawn for after the task is deprecated", async () => {
    const m = market();
    const { request } = await drawn(m);
    await m.taskRegistry.connect(m.deployer).deprecate(m.taskId);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    await expect(ask(m, { slot: 1n }))
      .to.be.revertedWithCustomError(m.escrow, "SnapshotStale")
      .withArgs(m.taskId, 0n);
  });

  it("is drawn all the same whatever happens after the request is bound (DRW-2)", async () => {
    const m = market();
    const request = await askAndPost(m);
    const members = await m.escrow.committeeOf(request.words);
    const [first = 0n, second = 0n, third = 0n] = members.map((member) => member >> 32n);
    await rotate(m, first, "second key");
    await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, first);
    await m.taskRegistry.connect(m.owner).updateAsk(m.taskId, second, 4_000_000n);
    await m.nodeRegistry.connect(m.owner).transferOwnership(third, m.stranger.address);
    await m.nodeRegistry.connect(m.stranger).acceptOwnership(third);
    await m.taskRegistry.publishSnapshot(m.taskId);
    const values = { ...m.world.parameters.parameters, protocolFee: 1_000, beaconDelay: 300, beaconTimeout: 60 };
    await m.escrow.connect(m.deployer).setParameters(values);
    await m.taskRegistry.connect(m.deployer).deprecate(m.taskId);
    await m.networkHelpers.time.increase(1_000);
    expect(await m.escrow.committeeOf(request.words)).to.deep.equal(members);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
  });

  it("loses a little reputation if it is absent, and gains a little if it attests", async () => {
    const m = market();
    for (let slot = 0n; slot < 6n; slot++) await settle(m, await forge(m, await askAndPost(m, { slot })));
    const { request, members } = await drawn(m, undefined, 6n);
    const reputationsOf = () =>
      Promise.all(members.map(async ({ nodeId }) => decodeNodeWord(await m.escrow.nodeWord(nodeId)).reputation));
    const before = await reputationsOf();
    await settle(m, await forge(m, request, { committed: 0b11111n, attested: 0b01111n }));
    const after = await reputationsOf();
    for (const [i, reputation] of before.entries()) {
      expect(after[i]).to.equal(
        i === 4 ? reputation - (reputation >> 6n) : reputation + ((65_535n - reputation) >> 7n),
      );
    }
  });
});

/** A request whose committee is known. `meanwhile` works on the node that is going to be first, in the request's block. */
async function drawn(
  m: Market,
  meanwhile?: (nodeId: bigint) => Promise<() => Promise<void>>,
  slot = 0n,
): Promise<{ request: LocalRequest; members: Member[]; first: Member }> {
  if (meanwhile !== undefined) return drawnInOneBlock(m, meanwhile);
  const request = await ask(m, { slot });
  await post(m, request);
  return withMembers(m, request);
}

async function withMembers(m: Market, request: LocalRequest) {
  const members = await committeeOf(m.world, request);
  const [first] = members;
  if (first === undefined) throw new Error("Nobody was drawn.");
  return { request, members, first };
}

/** Rehearses the request to learn its committee, takes it back, and makes it again in one block with something else. */
async function drawnInOneBlock(m: Market, meanwhile: (nodeId: bigint) => Promise<() => Promise<void>>) {
  const snapshot = await m.networkHelpers.takeSnapshot();
  const at = (await m.networkHelpers.time.latest()) + 50;
  await m.networkHelpers.time.setNextBlockTimestamp(at);
  const rehearsal = await withMembers(m, await ask(m));
  await snapshot.restore();
  await m.networkHelpers.time.setNextBlockTimestamp(at);
  const mine = await meanwhile(rehearsal.first.nodeId);
  const transaction = await m.escrow.connect(m.requester).request(paramsFor(m), "0x1234");
  await mine();
  const request = await requestOf(m, transaction);
  expect(request.requestId).to.equal(rehearsal.request.requestId);
  await post(m, request);
  return withMembers(m, request);
}

async function expectWrongSigner(m: Market, settlement: Settlement) {
  await expect(settle(m, settlement))
    .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
    .withArgs(selectorOf(m, "WrongSigner"));
}
