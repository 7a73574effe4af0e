import { expect } from "chai";
import { answerDigest, committeeOf } from "../../../deploy/local/committee.ts";
import { consumerAsks, hireConsumer, moods } from "../../helpers/consumer.ts";
import { dissent, lie, truth } from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { sampleOutput, settle, useMarket } from "../../helpers/market.ts";
import { conclude, judge, sixJurors } from "../../helpers/trial.ts";

describe("A callback that failed, of a result that was disputed after it settled", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });

  /** Two members of three settle an answer for a consumer that reverts; the third says something else. */
  async function disputed() {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer, { k: 3n, quorum: 2n });
    await consumer.setMood(moods.reverting);
    const settlement = await forge(m, request, { answer: { output: sampleOutput }, committed: 0b011n });
    await settle(m, settlement);
    await consumer.setMood(moods.quiet);
    const digest = answerDigest(request, { output: sampleOutput });
    const outcome = { digest, head: settlement.head, settler: m.settler.address };
    const scene = { request, members: await committeeOf(m.world, request), settlement, outcome };
    await dissent(m, scene);
    return { scene, consumer };
  }

  it("is delivered no more once a verdict for another result is concluded", async () => {
    const m = market();
    const { scene, consumer } = await disputed();
    await judge(m, scene, lie, sixJurors);
    await conclude(m, scene);
    await expect(m.escrow.retryCallback(scene.settlement)).to.be.revertedWithCustomError(m.escrow, "Overturned");
    expect(await consumer.deliveries()).to.equal(0n);
  });

  it("is delivered after a verdict for it", async () => {
    const m = market();
    const { scene, consumer } = await disputed();
    await judge(m, scene, truth(scene.request), sixJurors);
    await conclude(m, scene);
    await expect(m.escrow.retryCallback(scene.settlement)).to.emit(m.escrow, "CallbackDelivered");
    expect(await consumer.deliveries()).to.equal(1n);
  });
});
