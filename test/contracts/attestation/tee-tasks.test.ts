import { expect } from "chai";
import { labelledKey, localChainId } from "../../../deploy/local/world.ts";
import { committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import { signerConsentData } from "../../../sdk/agreement/signer-consent.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { keccak256, type PrivateKeyAccount } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { consumerAsks, hireConsumer } from "../../helpers/consumer.ts";
import { attestationBy, commit, reveal, revealedBy, stall, type Stalled } from "../../helpers/fallback.ts";
import { forge } from "../../helpers/forge.ts";
import { askAndPost, paramsFor, sampleOutput, selectorOf, settle, useMarket } from "../../helpers/market.ts";
import {
  attestArgs,
  machineOf,
  prepareMachine,
  registerWorkload,
  measuredOf,
  useTeeMarket,
} from "../../helpers/tee.ts";

/** Every node has a machine of its own, of one model. */
const machines = ["a", "b", "c"] as const;

describe("A task that names a TEE workload", function () {
  this.timeout(300_000);
  printSeedOnFailure();
  const machine = machineOf("tasks");
  const machineAt = (i: number) => machine.remint({ machine: machines[i] ?? "a" });
  const market = useTeeMarket(machine, {
    nodes: 3,
    task: { window: 30_000 },
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100, expireDelay: 100 } }),
  });

  beforeEach(async () => {
    const machinesOfNodes = machines.map((_, i) => machineAt(i));
    const measurements = machinesOfNodes.map((one) => measuredOf(one));
    await registerWorkload(market(), machine, { measurements, maxAge: 3_600 });
    for (const one of machinesOfNodes) await prepareMachine(market(), one);
  });

  /** Nodes with these ids, which count from 1, show evidence. */
  async function attest(...nodeIds: readonly bigint[]): Promise<void> {
    for (const nodeId of nodeIds) {
      const i = Number(nodeId) - 1;
      const node = market().nodes[i];
      if (node === undefined) throw new Error(`There is no node ${nodeId}.`);
      await market().teeRegistry.attest(...(await attestArgs(market(), machineAt(i), node)));
    }
  }
  async function rotate(nodeId: bigint, next: PrivateKeyAccount): Promise<void> {
    const { instance, nodeRegistry, owner, ownerWallet } = market();
    const [deadline, { address }] = [2n ** 40n, ownerWallet.account];
    const data = signerConsentData(localChainId, instance.nodeRegistry, { owner: address, deadline });
    await nodeRegistry.connect(owner).rotateSigner(nodeId, next.address, deadline, await next.signTypedData(data));
  }
  const ask = (changes = {}) => askAndPost(market(), { acceptNoPanel: true, ...changes });
  const membersOf = async (request: LocalRequest) =>
    (await committeeOf(market().world, request)).map(({ nodeId }) => nodeId);
  const earningsOf = async (nodeId: bigint) => decodeNodeWord(await market().escrow.nodeWord(nodeId)).earnings;
  const notSettled = async (settlement: Awaited<ReturnType<typeof forge>>) =>
    expect(settle(market(), settlement))
      .to.be.revertedWithCustomError(market().escrow, "NothingSettled")
      .withArgs(selectorOf(market(), "EvidenceNotLive"));

  it("is served by one member without a challenge window, and calls back", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer, { k: 1n, acceptNoPanel: true });
    const [nodeId = 0n] = await membersOf(request);
    await attest(nodeId);
    const digest = digestOf({ status: 0n, usage: 1_000n, outputHash: keccak256(sampleOutput) });
    await expect(settle(m, await forge(m, request)))
      .to.emit(consumer, "Delivered")
      .withArgs(request.requestId, 0n, digest, sampleOutput);
    expect(await earningsOf(nodeId)).to.not.equal(0n);
  });

  it("pays nobody whose evidence is not live: never shown, over, revoked, or of a workload that is", async () => {
    const m = market();
    const request = await ask({ k: 1n });
    const settlement = await forge(m, request);
    const [nodeId = 0n] = await membersOf(request);
    const key = m.nodes[Number(nodeId) - 1]?.signer.address ?? "0x";
    await notSettled(settlement);
    const before = await m.networkHelpers.takeSnapshot();
    await attest(nodeId);
    await m.networkHelpers.time.increaseTo((await m.teeRegistry.liveUntil(m.workloadId, nodeId, key)) + 1n);
    await notSettled(settlement);
    await before.restore();
    await attest(nodeId);
    const bound = await m.networkHelpers.takeSnapshot();
    await m.teeRegistry.connect(m.owner).revokeBinding(m.workloadId, key);
    await notSettled(settlement);
    await bound.restore();
    await m.teeRegistry.revokeWorkload(m.workloadId);
    await notSettled(settlement);
  });

  it("settles by the members whose evidence is live, who leave the others out", async () => {
    const m = market();
    const request = await ask({ k: 3n, quorum: 2n });
    const members = await membersOf(request);
    await attest(...members.slice(0, 2));
    await notSettled(await forge(m, request));
    await settle(m, await forge(m, request, { attested: bitmapOf([0, 1]) }));
    const earnings = await Promise.all(members.map(earningsOf));
    expect(earnings.map((one) => one > 0n)).to.deep.equal([true, true, false]);
  });

  it("counts a key of before a rotation while its own evidence is live, and the new one only with evidence of its own", async () => {
    const m = market();
    const request = await ask({ k: 1n });
    const [nodeId = 0n] = await membersOf(request);
    const node = m.nodes[Number(nodeId) - 1];
    const next = labelledKey("the next enclave");
    await attest(nodeId);
    await rotate(nodeId, next);
    await notSettled(await forge(m, request, { key: () => next }));
    await settle(m, await forge(m, request, { key: () => node?.signer }));
    expect(await earningsOf(nodeId)).to.not.equal(0n);
  });

  describe("has a pool that anyone may clear", () => {
    const evict = (nodeId: bigint) => market().taskRegistry.connect(market().stranger).evict(market().taskId, nodeId);
    const keeps = async (nodeId: bigint): Promise<void> => {
      const { taskRegistry, taskId } = market();
      await expect(evict(nodeId)).to.be.revertedWithCustomError(taskRegistry, "NotEvictable").withArgs(taskId, nodeId);
    };
    const keyOf = (nodeId: bigint) => market().nodes[Number(nodeId) - 1]?.signer.address ?? "0x";

    it("of nodes that never showed evidence, and of no others", async () => {
      await attest(1n);
      await keeps(1n);
      const { taskRegistry, taskId } = market();
      await expect(evict(2n)).to.emit(taskRegistry, "Unsubscribed").withArgs(taskId, 2n);
    });

    it("of nodes whose evidence ended more than a day ago", async () => {
      const m = market();
      await attest(1n);
      const until = await m.teeRegistry.liveUntil(m.workloadId, 1n, keyOf(1n));
      await m.networkHelpers.time.increaseTo(until + 86_399n); // the call is mined a second later
      await keeps(1n);
      await m.networkHelpers.time.increase(1);
      await expect(evict(1n)).to.emit(m.taskRegistry, "Unsubscribed");
    });

    it("at once of nodes whose key was revoked, or is another one", async () => {
      const m = market();
      await attest(1n, 2n);
      await m.teeRegistry.connect(m.owner).revokeBinding(m.workloadId, keyOf(1n));
      await expect(evict(1n)).to.emit(m.taskRegistry, "Unsubscribed");
      await rotate(2n, labelledKey("outside"));
      await expect(evict(2n)).to.emit(m.taskRegistry, "Unsubscribed");
    });
  });

  describe("on chain", () => {
    const revealAll = async (s: Stalled, seats: readonly number[]) => {
      await market().networkHelpers.time.increaseTo(s.times.chainCommitEndS + 1n);
      for (const i of seats) await reveal(s, i);
      await market().networkHelpers.time.increaseTo(s.times.deadlineS + 1n);
    };
    const settleBy = (s: Stalled, seats: readonly number[]) =>
      market().escrow.connect(market().settler).settleRevealed(revealedBy(s, seats));

    it("takes commits of keys whose evidence is live alone", async () => {
      const m = market();
      const request = await ask({ k: 3n, quorum: 2n });
      const s = await stall(m, request);
      await m.networkHelpers.time.increaseTo(s.times.fallbackAtS);
      await attest(...(await membersOf(request)).slice(1));
      await expect(commit(s, 0)).to.be.revertedWithCustomError(m.escrow, "EvidenceNotLive");
      for (const i of [1, 2]) await commit(s, i);
      await revealAll(s, [1, 2]);
      await settleBy(s, [1, 2]);
      const earnings = await Promise.all((await membersOf(request)).map(earningsOf));
      expect(earnings.map((one) => one > 0n)).to.deep.equal([false, true, true]);
    });

    it("does not take the word of a key outside for that of one inside which replaces it", async () => {
      const m = market();
      const request = await ask({ k: 1n });
      const s = await stall(m, request);
      const inside = labelledKey("a key inside");
      const [nodeId = 0n] = await membersOf(request);
      const node = m.nodes[Number(nodeId) - 1];
      if (node === undefined) throw new Error("There is no such node.");
      const bound = { keys: { signer: inside.address }, signs: inside };
      await m.teeRegistry.attest(...(await attestArgs(m, machineAt(Number(nodeId) - 1), node, bound)));
      await m.networkHelpers.time.increaseTo(s.times.fallbackAtS);
      await expect(commit(s, 0)).to.be.revertedWithCustomError(m.escrow, "EvidenceNotLive");
      const { shown } = await attestationBy(s, 0, [0]);
      await rotate(nodeId, inside);
      await expect(m.escrow.showAttestation(request.words, shown)) // signed by the key before
        .to.be.revertedWithCustomError(m.escrow, "EvidenceNotLive");
    });
  });

  it("gives the money back where nobody's evidence is live", async () => {
    const m = market();
    const request = await ask({ k: 1n });
    await notSettled(await forge(m, request));
    const s = await stall(m, request);
    await m.networkHelpers.time.increaseTo(s.times.deadlineS + 101n);
    await expect(m.escrow.expire(request.words)).to.emit(m.escrow, "Refunded");
  });
});

describe("A task that names none", () => {
  const market = useMarket({ nodes: 3 });

  it("has no result of one member without a challenge window", async () => {
    const m = market();
    const params = paramsFor(m, { k: 1n, acceptNoPanel: true });
    await expect(m.escrow.connect(m.requester).request(params, "0x")) //
      .to.be.revertedWithCustomError(m.escrow, "ChallengeWindowRequired");
  });
});
