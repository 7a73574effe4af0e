import { expect } from "chai";
import { subscribe } from "../../../deploy/local/nodes.ts";
import { decodeSnapshot } from "../../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../../sdk/committee/snapshot-address.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  evidenceOf,
  lie,
  panelTimeS,
  type Scene,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { settle, useMarket } from "../../helpers/market.ts";

const windowS = 100n;
const six = [0, 1, 2, 3, 4, 5];

describe("Jail", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const idOf = ({ members }: Scene, seat: number): bigint => members[seat]?.nodeId ?? 0n;

  /** A member says two things, which jails it. */
  async function incriminate({ request, members }: Scene, seat = 0) {
    const [a, b] = [
      await evidenceOf(market(), request, members, seat, { digest: truth(request) }),
      await evidenceOf(market(), request, members, seat, { digest: lie }),
    ];
    return market().disputes.proveEquivocation(request.words, 0, a, b);
  }

  const nodesIn = async (snapshotId: bigint): Promise<readonly bigint[]> => {
    const { instance, world } = market();
    const address = snapshotAddress(instance.taskRegistry, snapshotId);
    const code = await world.chain.getCode({ address });
    return decodeSnapshot(code ?? "0x").entries.map(({ nodeId }) => nodeId);
  };

  describe("takes a node out of the task's pool in the same transaction:", () => {
    it("after an equivocation, so that the next snapshot is without it, and earlier ones stay", async () => {
      const m = market();
      const scene = await stage(m);
      const node = idOf(scene, 0);
      await expect(incriminate(scene)).to.emit(m.taskRegistry, "Unsubscribed").withArgs(m.taskId, node);
      expect(await m.taskRegistry.subscriptionOf(m.taskId, node)).to.deep.equal([false, false, 0n]);
      expect(await m.taskRegistry.poolSize(m.taskId)).to.equal(29n);
      const former = scene.request.fields.snapshotId;
      await m.taskRegistry.publishSnapshot(m.taskId);
      expect(await nodesIn(former)).to.include(node);
      expect(await nodesIn(former + 1n)).not.to.include(node);
    });

    it("after a verdict", async () => {
      const m = market();
      const scene = await stage(m);
      await conflict(m, scene);
      const finalAt = (await convene(m, scene.request, 1)) + panelTimeS + appealWindowS;
      await decide(m, scene.request, { level: 1, digest: truth(scene.request), attesting: six });
      await waitPast(m, finalAt);
      const lost = await evidenceOf(m, scene.request, scene.members, 1, { digest: lie });
      await expect(m.disputes.punish(scene.request.words, 0, lost))
        .to.emit(m.taskRegistry, "Unsubscribed")
        .withArgs(m.taskId, idOf(scene, 1));
      expect(await m.taskRegistry.poolSize(m.taskId)).to.equal(29n);
    });

    it("also while it waits to become active", async () => {
      const m = market();
      const scene = await stage(m);
      const node = idOf(scene, 0);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, node);
      const [index] = m.nodes.filter(({ nodeId }) => nodeId === node);
      if (index === undefined) throw new Error("the node is not of this market");
      await subscribe(m.world, index, m.taskId, 5);
      expect(await m.taskRegistry.subscriptionOf(m.taskId, node)).to.deep.equal([true, false, 5n]);
      await incriminate(scene);
      await m.taskRegistry.activate(m.taskId, 10n);
      expect(await m.taskRegistry.poolSize(m.taskId)).to.equal(29n);
    });

    it("and does not revert for one that left, or is jailed already (STK-2)", async () => {
      const m = market();
      const scene = await stage(m);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, idOf(scene, 0));
      const opening = incriminate(scene);
      await expect(opening).to.emit(m.nodeRegistry, "NodeJailed").and.not.to.emit(m.taskRegistry, "Unsubscribed");
      const next = await stage(m, { slot: 1n });
      const again = next.members.findIndex(({ nodeId }) => nodeId === idOf(scene, 0));
      const seat = again < 0 ? 0 : again;
      await expect(incriminate(next, seat)).to.emit(m.nodeRegistry, "NodeJailed");
    });

    it("by the node registry alone", async () => {
      const m = market();
      await expect(m.taskRegistry.connect(m.deployer).expel(m.taskId, 1n))
        .to.be.revertedWithCustomError(m.taskRegistry, "OnlyNodeRegistry")
        .withArgs(m.deployer.address);
    });
  });

  describe("after an attestation:", () => {
    it("leaves nothing to be paid by `finalize`, and no reputation (REP-1)", async () => {
      const m = market();
      const scene = await stageSettled(m, windowS);
      const [jailed, other] = [idOf(scene, 0), idOf(scene, 1)];
      await incriminate(scene);
      const fees = await m.escrow.feesOf(m.taskId);
      await m.networkHelpers.time.increase(windowS + 1n);
      await expect(m.escrow.finalize(scene.settlement, m.settler.address)).to.emit(m.escrow, "Settled");
      const word = decodeNodeWord(await m.escrow.nodeWord(jailed));
      expect([word.reputation, word.earnings]).to.deep.equal([0n, 0n]);
      expect(decodeNodeWord(await m.escrow.nodeWord(other)).reputation).to.equal(511n);
      const pay = 5n * scene.request.fields.units;
      const toTreasury = (await m.escrow.feesOf(m.taskId)).treasuryShare - fees.treasuryShare;
      expect(toTreasury).to.be.greaterThanOrEqual(2n * pay); // of the jailed and of the absent member
    });

    it("leaves what was paid before", async () => {
      const m = market();
      const scene = await stage(m);
      await settle(m, scene.settlement);
      const { earnings } = decodeNodeWord(await m.escrow.nodeWord(idOf(scene, 0)));
      await incriminate(scene);
      expect(decodeNodeWord(await m.escrow.nodeWord(idOf(scene, 0))).earnings).to.equal(earnings);
    });
  });
});
