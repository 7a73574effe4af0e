import { expect } from "chai";
import { binomialTail } from "../../../simulator/exact/binomial.ts";
import { evidenceOf, panelOf, punishWindowS, type Scene, truth, waitPast } from "../../helpers/disputes.ts";
import { useMarket } from "../../helpers/market.ts";
import { openPurse } from "../../helpers/purse.ts";
import {
  challenge,
  conclude,
  dear,
  evidence,
  finalize,
  fiveJurors,
  judge,
  nodeAt,
  payInAtoma,
  sevenJurors,
  stageLie,
  stakePerNode,
} from "../../helpers/trial.ts";

const windowS = 100n;

/** The attacker has bought a share of a pool, and lies where chance gives it a quorum of a committee. */
describe("The best case of a packed pool", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });

  /** Two liars of three record a lie; an outsider challenges it. The attacker owns them and jurors by their seats. */
  async function play(ownJurors: readonly number[], verdict: (scene: Scene) => `0x${string}`, attesting: number[]) {
    const m = market();
    const scene = await stageLie(m, windowS, dear);
    await challenge(m, scene);
    const pool = m.nodes.map(({ nodeId }) => nodeId);
    const purses = new Map(
      await Promise.all(pool.map(async (id) => [id, await openPurse(m, { accounts: [], nodes: [id] })] as const)),
    );
    const finalAtS = await judge(m, scene, verdict(scene), attesting);
    await conclude(m, scene);
    const jurors = await panelOf(m, scene.request, 1);
    const own = [nodeAt(scene, 0), nodeAt(scene, 1), ...ownJurors.map((seat) => jurors[seat]?.nodeId ?? 0n)];
    const profit = async () => {
      let total = 0n;
      for (const id of own) total += (await purses.get(id)?.profit()) ?? 0n;
      return total;
    };
    return { m, scene, finalAtS, profit };
  }

  it("with less than a third of the panel is to lose the liars' stake: its jurors do best to say the truth", async () => {
    const { m, scene, finalAtS, profit } = await play([0, 1], ({ request }) => truth(request), sevenJurors);
    for (const seat of [0, 1])
      await m.disputes.punish(scene.request.words, 0, await evidence(m, scene, seat, scene.outcome.digest));
    await waitPast(m, finalAtS + punishWindowS);
    await expect(m.disputes.close(scene.request.words)).to.emit(m.disputes, "SpoilsShared");
    expect(await profit()).to.equal(-2n * stakePerNode); // and an award of two pays to the owner of its jurors
    expect(await m.nodeRegistry.awardOf(m.owner)).to.equal(7n * payInAtoma);
  });

  it("with two thirds of the panel is the bond, the pay of the lie, and 25% of what others lose, as the docs name", async () => {
    const { m, scene, profit } = await play(fiveJurors, ({ outcome }) => outcome.digest, fiveJurors);
    const { requestId, words } = scene.request;
    const said = { digest: truth(scene.request), level: 1n };
    const honest = await evidenceOf(m, scene.request, await panelOf(m, scene.request, 1), 5, said);
    await m.disputes.punish(words, 1, honest);
    await finalize(m, scene);
    expect(await profit()).to.equal(5n * payInAtoma + 2n * (payInAtoma / 2n));
    await m.networkHelpers.time.increase(10n);
    const [ten, fifteen] = [stakePerNode / 10n, (stakePerNode * 15n) / 100n]; // to who asked, and to the liars
    await expect(m.disputes.close(words))
      .to.emit(m.disputes, "SpoilsShared")
      .withArgs(requestId, 0n, ten, 0n, fifteen, stakePerNode - ten - fifteen);
  });

  /**
   * With share r of a large pool, every verdict of the first panel is appealed by who dislikes it. A lie stands where the second
   * panel says so, or the first did and the second finds nothing: W. It is punished likewise: T. Else it is refunded, and
   * nobody is punished. A lie by 7 of 10 members with 100 pays of stake each is worth trying from V = 700 T / W pays on.
   */
  it("breaks even for a lie worth 2.6 million pays with a third of the pool, and as many as the docs say with other shares", () => {
    const panels = [
      [21, 15],
      [43, 29],
    ] as const;
    const breakEven = (share: number): number => {
      const [first, second] = panels.map(([seats, needed]) => {
        const [wrong, right] = [binomialTail(seats, needed, share), binomialTail(seats, needed, 1 - share)];
        return { wrong, right, none: 1 - wrong - right };
      });
      if (first === undefined || second === undefined) throw new Error("There are two panels.");
      return (700 * (second.right + first.right * second.none)) / (second.wrong + first.wrong * second.none);
    };
    const rounded = [0.1, 0.2, 1 / 3, 0.5, 2 / 3].map((share) => breakEven(share).toPrecision(2));
    expect(rounded).to.deep.equal(["2.4e+18", "8.3e+10", "2.6e+6", "7.0e+2", "0.19"]);
  });
});
