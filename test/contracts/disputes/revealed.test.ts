import { expect } from "chai";
import type { Hex } from "viem";
import { answerDigest } from "../../../deploy/local/committee.ts";
import { appealWindowS, convene, decide, panelTimeS, truth, waitPast } from "../../helpers/disputes.ts";
import { commit, reveal, revealedBy, stall, type Stalled } from "../../helpers/fallback.ts";
import { askAndPost, useMarket } from "../../helpers/market.ts";

const output: Hex = `0x${"66".repeat(32)}`;
const liars = [0, 1];

describe("Members that lied on chain, in a dispute", () => {
  const market = useMarket({
    nodes: 30,
    adjust: (p) => ({ ...p, parameters: { ...p.parameters, fallbackDelay: 10, chainPhase: 100 } }),
  });
  const passTo = (timestampS: bigint) => market().networkHelpers.time.increaseTo(timestampS);

  /** A quorum of liars settles by reveals, and a panel finds the truth. */
  async function overrule(): Promise<Stalled> {
    const m = market();
    const s = await stall(m, await askAndPost(m, { k: 3n, quorum: 2n, challengeWindow: 100n }));
    const lie = answerDigest(s.request, { output });
    await passTo(s.times.fallbackAtS);
    for (const i of liars) await commit(s, i, s.leaf(i, lie));
    await passTo(s.times.chainCommitEndS + 1n);
    for (const i of liars) await reveal(s, i, { digest: lie });
    await passTo(s.times.deadlineS + 1n);
    const settlement = revealedBy({ ...s, answer: { output } }, liars);
    await m.escrow.connect(m.settler).settleRevealed(settlement);
    const outcome = { digest: lie, head: settlement.head, settler: m.settler.address };
    await m.disputes.connect(m.requester).openByBond(s.request.words, outcome);
    const finalAt = (await convene(m, s.request, 1)) + panelTimeS + appealWindowS;
    await decide(m, s.request, { level: 1, digest: truth(s.request) });
    await waitPast(m, finalAt);
    return s;
  }

  it("lose their whole stake by their own reveals, once, and nobody else does", async () => {
    const m = market();
    const s = await overrule();
    for (const i of liars) {
      await expect(m.disputes.connect(m.stranger).punishRevealed(s.request.words, i))
        .to.emit(m.disputes, "LoserPunished")
        .withArgs(s.request.requestId, s.nodeOf(i), 0n, 1_000n * 10n ** 18n);
      expect(await m.nodeRegistry.allocatedStake(s.nodeOf(i), m.taskId)).to.equal(0n);
      await expect(m.disputes.punishRevealed(s.request.words, i))
        .to.be.revertedWithCustomError(m.disputes, "AlreadyPunished")
        .withArgs(s.nodeOf(i));
    }
    await expect(m.disputes.punishRevealed(s.request.words, 2)).to.be.revertedWithCustomError(m.disputes, "NotALoser");
    await m.disputes.conclude(s.request.words);
    expect((await m.escrow.slotOf(m.requester, 0n)) & 0xffn).to.equal(6n); // refunded
  });

  it("are punished after the verdict alone", async () => {
    const m = market();
    const s = await stall(m, await askAndPost(m));
    await expect(m.disputes.punishRevealed(s.request.words, 0)).to.be.revertedWithCustomError(
      m.disputes,
      "NotDisputed",
    );
  });
});
