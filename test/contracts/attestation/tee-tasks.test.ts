import { expect } from "chai";
import { labelledKey, localChainId } from "../../../deploy/local/world.ts";
import { committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import { signerConsentData } from "../../../sdk/agreement/signer-consent.ts";
import { bitmapOf } from "../../../sdk/committee/bitmap.ts";
import { keccak256 } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { consumerAsks, hireConsumer } from "../../helpers/consumer.ts";
import { commit, reveal, revealedBy, stall } from "../../helpers/fallback.ts";
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
    const deadline = 2n ** 40n;
    const consent = await next.signTypedData(
      signerConsentData(localChainId, m.instance.nodeRegistry, { owner: m.ownerWallet.account.address, deadline }),
    );
    await m.nodeRegistry.connect(m.owner).rotateSigner(nodeId, next.address, deadline, consent);
    await notSettled(await forge(m, request, { key: () => next }));
    await settle(m, await forge(m, request, { key: () => node?.signer }));
    expect(await earningsOf(nodeId)).to.not.equal(0n);
  });

  it("settles what was revealed on chain by members whose evidence is live alone", async () => {
    const m = market();
    const request = await ask({ k: 3n, quorum: 2n });
    const s = await stall(m, request);
    await m.networkHelpers.time.increaseTo(s.times.fallbackAtS);
    for (const i of [0, 1, 2]) await commit(s, i);
    await m.networkHelpers.time.increaseTo(s.times.chainCommitEndS + 1n);
    for (const i of [0, 1, 2]) await reveal(s, i);
    await m.networkHelpers.time.increaseTo(s.times.deadlineS + 1n);
    const settleBy = (seats: readonly number[]) => m.escrow.connect(m.settler).settleRevealed(revealedBy(s, seats));
    await expect(settleBy([0, 1, 2])).to.be.revertedWithCustomError(m.escrow, "InvalidBitmaps");
    await attest(...(await membersOf(request)).slice(1));
    await expect(settleBy([0, 1, 2])).to.be.revertedWithCustomError(m.escrow, "InvalidBitmaps");
    await settleBy([1, 2]);
    const earnings = await Promise.all((await membersOf(request)).map(earningsOf));
    expect(earnings.map((one) => one > 0n)).to.deep.equal([false, true, true]);
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
