import { expect } from "chai";
import type { Member } from "../../../sdk/committee/snapshot.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  evidenceOf,
  lie,
  panelOf,
  panelTimeS,
  type Scene,
  stage,
  truth,
  waitPast,
} from "../../helpers/disputes.ts";
import { useMarket } from "../../helpers/market.ts";

const six = [0, 1, 2, 3, 4, 5];
const seat = 6;

describe("A juror in jail", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });

  /** Two words of one node over one request, whether it was drawn for that or not. */
  async function incriminate({ request }: Scene, juror: Member): Promise<void> {
    const [a, b] = [
      await evidenceOf(market(), request, [juror], 0, { digest: truth(request) }),
      await evidenceOf(market(), request, [juror], 0, { digest: lie }),
    ];
    await market().disputes.proveEquivocation(request.words, 0, a, b);
  }

  /** A dispute whose last juror is known before it is opened: the same block time draws the same panel. */
  async function foreseen(scene: Scene): Promise<{ juror: Member; openAt: bigint }> {
    const { networkHelpers } = market();
    const before = await networkHelpers.takeSnapshot();
    const openAt = BigInt(await networkHelpers.time.latest()) + 20n;
    await networkHelpers.time.setNextBlockTimestamp(openAt);
    await conflict(market(), scene);
    await convene(market(), scene.request, 1);
    const juror = (await panelOf(market(), scene.request, 1))[seat];
    await before.restore();
    if (juror === undefined) throw new Error("the panel has too few jurors");
    return { juror, openAt };
  }

  async function judge({ request }: Scene): Promise<void> {
    const finalAt = (await convene(market(), request, 1)) + panelTimeS + appealWindowS;
    await decide(market(), request, { level: 1, digest: truth(request), attesting: six });
    await waitPast(market(), finalAt);
  }

  it("is not silent if it was there before the panel's round was chosen", async () => {
    const m = market();
    const [scene, other] = [await stage(m), await stage(m, { slot: 1n })];
    const { juror, openAt } = await foreseen(scene);
    await incriminate(other, juror);
    await m.networkHelpers.time.setNextBlockTimestamp(openAt);
    await conflict(m, scene);
    await judge(scene);
    expect((await panelOf(m, scene.request, 1))[seat]).to.deep.equal(juror);
    await expect(m.disputes.punishSilent(scene.request.words, 1, seat))
      .to.be.revertedWithCustomError(m.disputes, "NotSilent")
      .withArgs(seat);
  });

  it("is silent if it went there later: nobody goes to jail to keep what silence costs", async () => {
    const m = market();
    const [scene, other] = [await stage(m), await stage(m, { slot: 1n })];
    const { juror, openAt } = await foreseen(scene);
    await m.networkHelpers.time.setNextBlockTimestamp(openAt);
    await conflict(m, scene);
    await incriminate(other, juror);
    await judge(scene);
    await expect(m.disputes.punishSilent(scene.request.words, 1, seat))
      .to.emit(m.disputes, "SilentJurorPunished")
      .withArgs(scene.request.requestId, juror.nodeId, 1n, 0n);
  });
});
