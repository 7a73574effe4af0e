import { expect } from "chai";
import { committeeOf } from "../../deploy/local/committee.ts";
import { labelledKey } from "../../deploy/local/world.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { forge, keyOf } from "../helpers/forge.ts";
import { rotate } from "../helpers/identity.ts";
import { impersonate } from "../helpers/impersonate.ts";
import { askAndPost, balanceIn, settle, useMarket } from "../helpers/market.ts";

const disputeWindowS = 5n;
/** Of one member: its ask of 5, for 100 units. */
const pay = 500n;

describe("Earnings of a node", () => {
  const market = useMarket({ task: { window: 3_000 } });

  async function earn(slot = 0n) {
    const m = market();
    const request = await askAndPost(m, { slot });
    await settle(m, await forge(m, request));
    const [first] = await committeeOf(m.world, request);
    if (first === undefined) throw new Error("Nobody was drawn.");
    return first.nodeId;
  }

  it("are set aside for a dispute window, and then go to the owner's account, by anyone's call", async () => {
    const m = market();
    const nodeId = await earn();
    const at = BigInt(await m.networkHelpers.time.latest()) + 10n;
    await m.networkHelpers.time.setNextBlockTimestamp(at);
    await expect(m.escrow.connect(m.owner).claimEarnings(nodeId))
      .to.emit(m.escrow, "EarningsClaimed")
      .withArgs(nodeId, pay, at + disputeWindowS);
    expect(decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings).to.equal(0n);
    await m.networkHelpers.time.setNextBlockTimestamp(at + disputeWindowS - 1n);
    await expect(m.escrow.connect(m.stranger).withdrawEarnings(nodeId))
      .to.be.revertedWithCustomError(m.escrow, "ClaimPending")
      .withArgs(nodeId, at + disputeWindowS);
    await m.networkHelpers.time.setNextBlockTimestamp(at + disputeWindowS);
    await expect(m.escrow.connect(m.stranger).withdrawEarnings(nodeId))
      .to.emit(m.escrow, "EarningsWithdrawn")
      .withArgs(nodeId, m.owner.address, pay);
    expect(await balanceIn(m, m.owner.address)).to.equal(pay);
    await expect(m.escrow.withdrawEarnings(nodeId))
      .to.be.revertedWithCustomError(m.escrow, "NothingToClaim")
      .withArgs(nodeId);
  });

  it("are claimed by the current signer too, and by nobody else", async () => {
    const m = market();
    const nodeId = await earn();
    const former = await impersonate(m, keyOf(m, nodeId).address);
    await rotate(m, nodeId, "current");
    for (const caller of [m.stranger, m.deployer, former]) {
      await expect(m.escrow.connect(caller).claimEarnings(nodeId))
        .to.be.revertedWithCustomError(m.escrow, "NotOperator")
        .withArgs(nodeId, caller.address);
    }
    const current = await impersonate(m, labelledKey("current").address);
    await expect(m.escrow.connect(current).claimEarnings(nodeId)).to.emit(m.escrow, "EarningsClaimed");
  });

  it("are claimed one claim at a time, and nothing is claimed of nothing", async () => {
    const m = market();
    const nodeId = await earn();
    const claim = () => m.escrow.connect(m.owner).claimEarnings(nodeId);
    await claim();
    await m.networkHelpers.time.increase(10);
    await expect(claim()).to.be.revertedWithCustomError(m.escrow, "ClaimPending");
    await m.escrow.withdrawEarnings(nodeId);
    await expect(claim()).to.be.revertedWithCustomError(m.escrow, "NothingToClaim").withArgs(nodeId);
  });

  it("go to whoever owns the node when they are withdrawn", async () => {
    const m = market();
    const nodeId = await earn();
    await m.escrow.connect(m.owner).claimEarnings(nodeId);
    await m.nodeRegistry.connect(m.owner).transferOwnership(nodeId, m.stranger.address);
    await m.nodeRegistry.connect(m.stranger).acceptOwnership(nodeId);
    await m.networkHelpers.time.increase(10);
    await m.escrow.withdrawEarnings(nodeId);
    expect(await balanceIn(m, m.stranger.address)).to.equal(pay);
    expect(await balanceIn(m, m.owner.address)).to.equal(0n);
  });

  it("take the tip along if a member settles with its own key", async () => {
    const m = market();
    const request = await askAndPost(m);
    const [, second] = await committeeOf(m.world, request);
    const nodeId = second?.nodeId ?? 0n;
    const member = await impersonate(m, keyOf(m, nodeId).address);
    await m.escrow.connect(member).settle([await forge(m, request)], []);
    expect(decodeNodeWord(await m.escrow.nodeWord(nodeId)).earnings).to.equal(pay + 100_000n);
    expect(await balanceIn(m, member.address)).to.equal(0n);
  });

  it("of tasks are collected by anyone, for publisher and treasury", async () => {
    const m = market();
    await earn();
    await expect(m.escrow.connect(m.stranger).collect(m.taskId))
      .to.emit(m.escrow, "FeesCollected")
      .withArgs(m.taskId, m.deployer.address, 125n, 75n); // 5% and 3% of five times the pay
    expect(await balanceIn(m, m.deployer.address)).to.equal(125n);
    expect(await balanceIn(m, m.treasury.address)).to.equal(75n);
    await expect(m.escrow.collect(m.taskId))
      .to.emit(m.escrow, "FeesCollected")
      .withArgs(m.taskId, m.deployer.address, 0n, 0n);
  });
});
