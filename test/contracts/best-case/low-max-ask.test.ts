import { expect } from "chai";
import { answerDigest } from "../../../deploy/local/committee.ts";
import { panelOf, payOf, stage, truth, waitPast } from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { settle, useMarket } from "../../helpers/market.ts";
import { openPurse } from "../../helpers/purse.ts";
import { atoma, challenge, conclude, evidence, finalize, judge, stakePerNode } from "../../helpers/trial.ts";

const windowS = 100n;
const punishWindowS = 100n;
/** The attacker's nodes ask 1, all others 10: at a maxAsk of 1 the committee is the attacker's. A pay is one ATOMA's worth. */
const cheap = { units: 1_000_000n, maxAsk: 1n };

describe("The best case of a low maxAsk", () => {
  const market = useMarket({
    nodes: 30,
    asks: [1, 10, 10],
    task: { window: 30 },
    adjust: (p) => ({ ...p, disputeParameters: { ...p.disputeParameters, punishWindow: Number(punishWindowS) } }),
  });
  const own = () => market().nodes.flatMap(({ nodeId }, i) => (i % 3 === 0 ? [nodeId] : []));

  it("with a committee of its own that lies, is to lose its stake to a panel drawn at any ask", async () => {
    const m = market();
    const scene = await stage(m, { ...cheap, challengeWindow: windowS }, []);
    for (const { nodeId } of scene.members) expect(own()).to.include(nodeId);
    const answer = { output: "0xbad0" } as const;
    const settlement = await forge(m, scene.request, { answer });
    await settle(m, settlement);
    const digest = answerDigest(scene.request, answer);
    const purse = await openPurse(m, { accounts: [m.account(6)], nodes: own() });
    await challenge(m, { ...scene, outcome: { ...scene.outcome, digest, head: settlement.head } });
    const finalAtS = await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    for (const seat of [0, 1, 2])
      await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, seat, digest));
    await waitPast(m, finalAtS + punishWindowS);
    // the most that an attacker who asked as well gets back is 50 pays of what it lost
    await expect(m.disputes.close(scene.request.words))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(scene.request.requestId, 7n * atoma, 50n * atoma, 50n * atoma, 0n, 3n * stakePerNode - 107n * atoma);
    expect(await purse.profit()).to.equal(-3n * stakePerNode);
  });

  /**
   * What a low maxAsk does buy: work of jurors below their ask. It costs (k1 + 4) pays at that maxAsk, the fee, the royalty and
   * the tip a dispute; docs/contracts/Disputes.md names it.
   */
  it("to make a panel work below its ask is to lose the bond and the fees, at the price that the docs name", async () => {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.stranger.address, 10n ** 9n);
    const accounts = [m.requester, m.stranger, m.settler];
    const purse = await openPurse(m, { accounts, nodes: own() });
    const scene = await stage(m, { ...cheap, challengeWindow: windowS }, []);
    await settle(m, scene.settlement);
    await m.disputes.connect(m.stranger).openByBond(scene.request.words, scene.outcome);
    await judge(m, scene, truth(scene.request));
    await conclude(m, scene);
    await finalize(m, scene);
    const pay = payOf(scene.request);
    const { royaltyBps, protocolFeeBps } = scene.request.fields;
    const ownJurors = (await panelOf(m, scene.request, 1)).filter(({ nodeId }) => own().includes(nodeId)).length;
    const price = BigInt(11 - ownJurors) * pay + (3n * pay * (royaltyBps + protocolFeeBps)) / 10_000n;
    expect(await purse.profit()).to.equal((-price * atoma) / (await m.taskRegistry.stakePrice()));
  });
});
