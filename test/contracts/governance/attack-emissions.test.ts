import { expect } from "chai";
import { answerDigest, committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import { epochS, type GovernedMarket, useGovernedMarket } from "../../helpers/governed.ts";
import { forge } from "../../helpers/forge.ts";
import { rotate } from "../../helpers/identity.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { askAndPost, paramsFor, sampleOutput, settle } from "../../helpers/market.ts";
import { earningsOf } from "../../helpers/trial.ts";

const tokens = 10n ** 18n;
const windowS = 600n;

describe("Emissions under attack", () => {
  const market = useGovernedMarket({ nodes: 12 });
  const asTimelock = async (m: GovernedMarket) => m.emissions.connect(await impersonate(m, m.governance.timelock));
  const shown = (request: LocalRequest, head: bigint) => ({
    request: request.words,
    digest: answerDigest(request, { output: sampleOutput }),
    head,
  });

  /** A settled request of some pay, as it is recorded. */
  const work = async (m: GovernedMarket, units: bigint, slot: bigint) => {
    await m.taskRegistry.publishSnapshot(m.taskId);
    const request = await askAndPost(m, paramsFor(m, { units, slot }));
    const settlement = await forge(m, request);
    await settle(m, settlement);
    return shown(request, settlement.head);
  };

  for (const [when, isReleased] of [
    ["is jailed still", false],
    ["is out of jail again as the work is recorded", true],
  ] as const) {
    it(`credit nothing to a member that was jailed before its request was paid, where it ${when}: it was absent`, async () => {
      const m = market();
      const request = await askAndPost(m, paramsFor(m, { units: 100_000n, challengeWindow: windowS }));
      const settlement = await forge(m, request);
      await settle(m, settlement);
      const [jailed = 0n, honest = 0n] = (await committeeOf(m.world, request)).map(({ nodeId }) => nodeId);
      const disputes = await impersonate(m, m.instance.disputes);
      await m.nodeRegistry.connect(disputes).jail(jailed, m.taskId);
      await m.networkHelpers.time.increase(windowS + 1n);
      const finalized = await m.escrow.finalize(settlement, m.settler.address);
      const receipt = await finalized.wait();
      const settled = receipt?.logs
        .flatMap((log) => m.escrow.interface.parseLog(log) ?? [])
        .find((one) => one.name === "Settled");
      const head = BigInt(String(settled?.args["head"])); // as the event tells it
      expect(await earningsOf(m, jailed)).to.equal(0n);
      if (isReleased) {
        await m.networkHelpers.time.increaseTo(await m.nodeRegistry.jailedUntil(jailed));
        await rotate(m, jailed, "a key after jail");
      }
      await m.emissions.record([shown(request, head)]);
      const epoch = await m.emissions.currentEpoch();
      expect(await m.emissions.creditOf(epoch, honest)).not.to.equal(0n);
      expect(await m.emissions.creditOf(epoch, jailed)).to.equal(0n);
    });
  }

  it("cannot be starved by whoever opens an epoch first, while what the last one did not need waits for its first claim", async () => {
    const m = market();
    const emissions = await asTimelock(m);
    await emissions.setBudget(1_000n * tokens);
    await m.atoma.connect(m.deployer).transfer(m.governance.emissions, 1_000n * tokens); // enough for many epochs like this
    await m.emissions.record([await work(m, 100n, 0n)]);
    const first = await m.emissions.currentEpoch();
    await m.networkHelpers.time.increase(epochS);
    await m.emissions.connect(m.stranger).record([await work(m, 100n, 1n)]); // a trifle, first of all
    expect((await m.emissions.epochOf(first + 1n)).budget > 999n * tokens).to.equal(true);
  });

  it("cannot be starved by whoever opens an epoch before its grant arrives", async () => {
    const m = market();
    await (await asTimelock(m)).setBudget(1_000n * tokens);
    await m.emissions.connect(m.stranger).record([await work(m, 100n, 0n)]); // a trifle, while there is nothing
    await m.atoma.connect(m.deployer).transfer(m.governance.emissions, 10_000n * tokens);
    await m.emissions.record([await work(m, 100_000n, 1n)]);
    const epoch = await m.emissions.currentEpoch();
    const { budget, valued } = await m.emissions.epochOf(epoch);
    expect(valued > 0n && budget === 1_000n * tokens, `${budget} for ${valued}`).to.equal(true);
  });
});
