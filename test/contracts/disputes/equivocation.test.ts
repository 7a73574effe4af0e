import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { labelledKey } from "../../../deploy/local/world.ts";
import {
  commitOf,
  dissent,
  evidenceOf,
  lie,
  otherLie,
  payOf,
  stage,
  stageSettled,
  truth,
} from "../../helpers/disputes.ts";
import { keyOf } from "../../helpers/forge.ts";
import { rotate } from "../../helpers/identity.ts";
import { useMarket } from "../../helpers/market.ts";

const stake = 1_000n * 10n ** 18n;
const unit = 10n ** 18n;
const [leaf, otherLeaf] = [keccak256("0x01"), keccak256("0x02")];

describe("Equivocation", () => {
  const market = useMarket({ nodes: 14, task: { window: 30 } });

  async function twoWords(digests: readonly [Hex, Hex], levels: readonly [bigint, bigint] = [0n, 0n]) {
    const m = market();
    const scene = await stage(m);
    const { request, members } = scene;
    const first = await evidenceOf(m, request, members, 0, { digest: digests[0], level: levels[0] });
    const second = await evidenceOf(m, request, members, 0, { digest: digests[1], level: levels[1] });
    return { ...scene, first, second, node: members[0]?.nodeId ?? 0n };
  }

  it("by two attestations costs the whole allocation and the key, and pays requester and prover", async () => {
    const m = market();
    const { request, first, second, node } = await twoWords([lie, otherLie]);
    const proving = m.disputes.connect(m.stranger).proveEquivocation(request.words, 0, first, second);
    await expect(proving).to.emit(m.disputes, "EquivocationProven").withArgs(request.requestId, node, 0n, stake);
    await expect(proving).to.emit(m.nodeRegistry, "NodeJailed");
    const cap = (50n * payOf(request) * unit) / 1_000_000n;
    expect(await m.nodeRegistry.awardOf(m.stranger.address)).to.equal(cap);
    expect(await m.nodeRegistry.awardOf(m.requester.address)).to.equal(cap);
    expect(await m.nodeRegistry.awardOf(m.treasury.address)).to.equal(stake - 2n * cap);
    expect(await m.nodeRegistry.awardOf(m.instance.disputes)).to.equal(0n);
  });

  it("by two commits to different leaves does the same", async () => {
    const m = market();
    const { request, members } = await stage(m);
    const node = members[0]?.nodeId ?? 0n;
    const [a, b] = [
      await commitOf(m, request, keyOf(m, node), leaf),
      await commitOf(m, request, keyOf(m, node), otherLeaf),
    ];
    await expect(m.disputes.proveDoubleCommit(request.words, 0, a, a)) //
      .to.be.revertedWithCustomError(m.disputes, "NoContradiction");
    await expect(m.disputes.proveDoubleCommit(request.words, 1, a, b)) //
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
    await expect(m.disputes.proveDoubleCommit(request.words, 0, a, b))
      .to.emit(m.disputes, "EquivocationProven")
      .withArgs(request.requestId, node, 0n, stake);
  });

  it("is proven once per node and request", async () => {
    const m = market();
    const { request, first, second, node } = await twoWords([lie, otherLie]);
    await m.disputes.proveEquivocation(request.words, 0, first, second);
    await expect(m.disputes.proveEquivocation(request.words, 0, second, first))
      .to.be.revertedWithCustomError(m.disputes, "AlreadyPunished")
      .withArgs(node);
  });

  it("is not two words for the same digest, of two nodes, of two levels, or of two requests", async () => {
    const m = market();
    const same = await twoWords([lie, lie]);
    await expect(m.disputes.proveEquivocation(same.request.words, 0, same.first, { ...same.second, committed: 3n })) //
      .to.be.revertedWithCustomError(m.disputes, "NoContradiction");
    const { request, members, first } = same;
    const ofAnother = await evidenceOf(m, request, members, 1, { digest: otherLie });
    const ofLevelOne = await evidenceOf(m, request, members, 0, { digest: otherLie, level: 1n });
    const next = await stage(m, { slot: 1n });
    const ofNext = await evidenceOf(m, next.request, members, 0, { digest: otherLie });
    for (const second of [ofAnother, ofLevelOne, ofNext]) {
      await expect(m.disputes.proveEquivocation(request.words, 0, first, second)) //
        .to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
    }
  });

  it("is proven by former keys that were current when the request was made, whatever the node did since", async () => {
    const m = market();
    const { request, first, second, node } = await twoWords([lie, otherLie]);
    await rotate(m, node, "a newer key");
    await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, node);
    await m.nodeRegistry.connect(m.owner).transferOwnership(node, m.stranger.address);
    await m.nodeRegistry.connect(m.stranger).acceptOwnership(node);
    await expect(m.disputes.proveEquivocation(request.words, 0, first, second))
      .to.emit(m.disputes, "EquivocationProven")
      .withArgs(request.requestId, node, 0n, stake);
  });

  it("is not proven by a key that was replaced before the request was made: whoever stole it frames nobody", async () => {
    const m = market();
    const node = m.nodes[0]?.nodeId ?? 0n;
    const stolen = keyOf(m, node);
    await rotate(m, node, "a newer key");
    const { request, members } = await stage(m);
    const first = await evidenceOf(m, request, members, 0, { digest: lie, key: stolen });
    const second = await evidenceOf(m, request, members, 0, { digest: otherLie, key: stolen });
    await expect(m.disputes.proveEquivocation(request.words, 0, first, second))
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy")
      .withArgs(0n);
  });

  it("is not proven by keys that never served a node", async () => {
    const m = market();
    const { request, members } = await stage(m);
    const [a, b] = [lie, otherLie].map((digest) =>
      evidenceOf(m, request, members, 0, { digest, key: labelledKey("nobody") }),
    );
    if (a === undefined || b === undefined) throw new Error("Two were made.");
    await expect(m.disputes.proveEquivocation(request.words, 0, await a, await b)) //
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
    const malformed = { ...(await a), r: `0x${"00".repeat(32)}` as const };
    await expect(m.disputes.proveEquivocation(request.words, 0, malformed, await b)) //
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
  });

  it("is proven until the unbonding time after the request is over", async () => {
    const m = market();
    const { request, first, second } = await twoWords([lie, otherLie]);
    const latest = request.fields.submittedAtS + (await m.nodeRegistry.unbonding());
    const snapshot = await m.networkHelpers.takeSnapshot();
    await m.networkHelpers.time.setNextBlockTimestamp(latest + 1n);
    await expect(m.disputes.proveEquivocation(request.words, 0, first, second))
      .to.be.revertedWithCustomError(m.disputes, "WindowOver")
      .withArgs(latest);
    await snapshot.restore();
    await m.networkHelpers.time.setNextBlockTimestamp(latest);
    await expect(m.disputes.proveEquivocation(request.words, 0, first, second)) //
      .to.emit(m.disputes, "EquivocationProven");
  });

  it("of a node without stake takes nothing, jails all the same, and reverts for no reason that the node has", async () => {
    const m = market();
    const { request, first, second, node } = await twoWords([lie, otherLie]);
    await m.disputes.proveEquivocation(request.words, 0, first, second);
    const next = await stage(m, { slot: 1n });
    const again = [lie, otherLie].map((digest) =>
      evidenceOf(m, next.request, [{ nodeId: node, ask: 0n }], 0, { digest }),
    );
    const [a, b] = await Promise.all(again);
    if (a === undefined || b === undefined) throw new Error("Two were made.");
    await expect(m.disputes.proveEquivocation(next.request.words, 0, a, b))
      .to.emit(m.disputes, "EquivocationProven")
      .withArgs(next.request.requestId, node, 0n, 0n);
  });

  it("of a dissenter that also attested the result is proven beside the dispute", async () => {
    const m = market();
    const scene = await stageSettled(m, 100n);
    await dissent(m, scene);
    const first = await evidenceOf(m, scene.request, scene.members, 2, { digest: lie });
    const second = await evidenceOf(m, scene.request, scene.members, 2, { digest: truth(scene.request) });
    await expect(m.disputes.proveEquivocation(scene.request.words, 0, first, second)) //
      .to.emit(m.disputes, "EquivocationProven");
  });
});
