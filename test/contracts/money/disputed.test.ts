import { expect } from "chai";
import type { Member } from "../../../sdk/committee/snapshot.ts";
import { decodeHead } from "../../../sdk/words/head.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  lie,
  panelOf,
  panelTimeS,
  payOf,
  type Scene,
  stage,
  stageSettled,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { openLedger } from "../../helpers/ledger.ts";
import { balanceIn, selectorOf, settle, useMarket } from "../../helpers/market.ts";
import { bondFunds, challenge, conclude, finalize, fiveJurors, judge } from "../../helpers/trial.ts";
import { lockOf, oddAsks, oddTerms, settledParts, together } from "../../helpers/shares.ts";

const windowS = 100n;
/** Bond of a first level with seven jurors: (7 + 4) pays. */
const bondOf = (scene: Scene) => 11n * payOf(scene.request);

describe("The money of a dispute with an outsider's bond", () => {
  const market = useMarket({ nodes: 30, asks: oddAsks, task: { window: 30 } });

  /** A result that the stranger challenges. The ledger is opened before the lock is paid in. */
  async function challenged(challengeWindow: bigint) {
    const m = market();
    const ledger = await openLedger(m);
    const scene = await stageSettled(m, challengeWindow, oddTerms);
    await challenge(m, scene);
    expect(await balanceIn(m, m.instance.disputes)).to.equal(bondOf(scene));
    const paid = { requester: lockOf(scene.request) + bondFunds, challenger: bondOf(scene) - bondFunds };
    return { m, ledger, scene, paid, settled: partsOf(scene) };
  }
  const partsOf = ({ request, members, settlement }: Scene) =>
    settledParts(request, members, decodeHead(settlement.head).attested);
  const paidEach = (jurors: readonly Member[], each: bigint) => new Map(jurors.map(({ nodeId }) => [nodeId, each]));

  it("upheld: the lock as settled; of the bond a pay to each juror that attested, the rest to the treasury", async () => {
    const { m, ledger, scene, paid, settled } = await challenged(windowS);
    await judge(m, scene, truth(scene.request), fiveJurors);
    const jurors = (await panelOf(m, scene.request, 1)).slice(0, 5);
    const each = payOf(scene.request);
    await expect(conclude(m, scene))
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, 0n, 0n, 5n * each);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
    await ledger.expectEquation({
      paid,
      parts: {
        ...settled,
        nodes: together(settled.nodes, paidEach(jurors, each)),
        treasury: settled.treasury + bondOf(scene) - 5n * each,
      },
    });
  });

  it("overturned before it is settled: the whole lock to the requester, the bond to the challenger", async () => {
    const { m, ledger, scene, paid } = await challenged(windowS);
    await judge(m, scene, lie);
    const concluding = conclude(m, scene);
    await expect(concluding)
      .to.emit(m.escrow, "Refunded")
      .withArgs(scene.request.requestId, m.requester.address, lockOf(scene.request), selectorOf(m, "Overturned"));
    await expect(concluding)
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, bondOf(scene), 0n, 0n);
    await expect(finalize(m, scene)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
    await ledger.expectEquation({ paid, parts: { requester: lockOf(scene.request), challenger: bondOf(scene) } });
  });

  it("overturned after it is settled: what is paid stays paid, the bond to the challenger", async () => {
    const { m, ledger, scene, paid, settled } = await challenged(0n);
    const slot = await m.escrow.slotOf(m.requester, 0n);
    await judge(m, scene, lie);
    await expect(conclude(m, scene)).to.emit(m.disputes, "DisputeConcluded").and.not.to.emit(m.escrow, "Refunded");
    expect(await m.escrow.slotOf(m.requester, 0n)).to.equal(slot);
    await ledger.expectEquation({ paid, parts: { ...settled, challenger: bondOf(scene) } });
  });

  /** The first panel shows four of seven for one digest, too late to decide, and nobody escalates. */
  async function leaveUndecided(scene: Scene): Promise<readonly Member[]> {
    const m = market();
    const endsAt = (await convene(m, scene.request, 1)) + panelTimeS;
    await m.networkHelpers.time.setNextBlockTimestamp(endsAt + 1n);
    await decide(m, scene.request, { level: 1, digest: lie, attesting: [0, 1, 2, 3] });
    await waitPast(m, endsAt + appealWindowS);
    return (await panelOf(m, scene.request, 1)).slice(0, 4);
  }

  it("undecided (NoFault): the lock to the requester; the known jurors a pay each, the rest of the bond back", async () => {
    const { m, ledger, scene, paid } = await challenged(windowS);
    const known = await leaveUndecided(scene);
    const each = payOf(scene.request);
    const concluding = conclude(m, scene);
    await expect(concluding)
      .to.emit(m.disputes, "BondsReturned")
      .withArgs(scene.request.requestId, 7n * each, 0n, 4n * each);
    await expect(concluding)
      .to.emit(m.escrow, "Refunded")
      .withArgs(scene.request.requestId, m.requester.address, lockOf(scene.request), selectorOf(m, "Undecided"));
    await ledger.expectEquation({
      paid,
      parts: {
        requester: lockOf(scene.request),
        challenger: bondOf(scene) - 4n * each,
        nodes: paidEach(known, each),
      },
    });
  });

  it("undecided after it is settled: what is paid stays paid, the bond as before", async () => {
    const { m, ledger, scene, paid, settled } = await challenged(0n);
    const known = await leaveUndecided(scene);
    const each = payOf(scene.request);
    await conclude(m, scene);
    await ledger.expectEquation({
      paid,
      parts: {
        ...settled,
        challenger: bondOf(scene) - 4n * each,
        nodes: together(settled.nodes, paidEach(known, each)),
      },
    });
  });
});

describe("The money of a dispute that no panel can judge", () => {
  const market = useMarket({ nodes: 9, asks: oddAsks, task: { window: 30 } });
  const small = { ...oddTerms, acceptNoPanel: true };

  it("recorded: the quorum stands and is paid, the bond back", async () => {
    const m = market();
    const ledger = await openLedger(m);
    const scene = await stageSettled(m, windowS, small);
    await challenge(m, scene);
    expect(await balanceIn(m, m.instance.disputes)).to.equal(bondOf(scene));
    await convene(m, scene.request, 1);
    await expect(decide(m, scene.request, { level: 1, digest: lie }))
      .to.be.revertedWithCustomError(m.disputes, "NoPanel")
      .withArgs(6n);
    await conclude(m, scene);
    await expect(finalize(m, scene)).to.emit(m.escrow, "Settled");
    await ledger.expectEquation({
      paid: { requester: lockOf(scene.request) + bondFunds, challenger: bondOf(scene) - bondFunds },
      parts: { ...settledParts(scene.request, scene.members, 0b011n), challenger: bondOf(scene) },
    });
  });

  it("open: as a quorum says, or the whole lock back without one", async () => {
    const m = market();
    const ledger = await openLedger(m);
    const scene = await stage(m, small, []);
    await conflict(m, scene);
    await convene(m, scene.request, 1);
    await conclude(m, scene);
    const snapshot = await m.networkHelpers.takeSnapshot();
    const lock = lockOf(scene.request);
    await expect(settle(m, scene.settlement)).to.emit(m.escrow, "Settled");
    await ledger.expectEquation({
      paid: { requester: lock },
      parts: settledParts(scene.request, scene.members, 0b111n),
    });
    await snapshot.restore();
    await m.networkHelpers.time.increase(1_000);
    await expect(m.escrow.expire(scene.request.words)).to.emit(m.escrow, "Refunded");
    await ledger.expectEquation({ paid: { requester: lock }, parts: { requester: lock } });
  });
});
