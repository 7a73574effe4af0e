import { expect } from "chai";
import { longestDisputeS } from "../../../deploy/parameters/unbonding.ts";
import { conflict, convene, panelOf, roundOf, stage } from "../../helpers/disputes.ts";
import { useMarket } from "../../helpers/market.ts";

describe("Parameters of disputes", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const values = () => market().world.parameters.disputeParameters;

  it("are set by the admin alone, and count their versions", async () => {
    const m = market();
    await expect(m.disputes.connect(m.stranger).setParameters(values()))
      .to.be.revertedWithCustomError(m.disputes, "AccessManagedUnauthorized")
      .withArgs(m.stranger.address);
    await expect(m.disputes.connect(m.deployer).setParameters(values())).to.emit(m.disputes, "DisputeParametersSet");
    expect((await m.disputes.parameters()).version).to.equal(2n);
  });

  it("are refused outside their bounds, each by name, and accepted at them", async () => {
    const m = market();
    const bounds: readonly (readonly [keyof ReturnType<typeof values>, number, number])[] = [
      ["panelMin", 7, 43],
      ["panelWindow", 1, 86_400],
      ["appealWindow", 1, 86_400],
      ["punishWindow", 1, 86_400],
      ["jurorSlash", 0, 2_500],
    ];
    for (const [name, least, most] of bounds) {
      for (const value of [least - 1, most + 1].filter((candidate) => candidate >= 0)) {
        await expect(m.disputes.connect(m.deployer).setParameters({ ...values(), [name]: value }))
          .to.be.revertedWithCustomError(m.disputes, "ParameterOutOfBounds")
          .withArgs(name, value, least, most);
      }
      for (const value of [least, most]) {
        await m.disputes.connect(m.deployer).setParameters({ ...values(), [name]: value });
        expect((await m.disputes.parameters()).parameters_[name]).to.equal(BigInt(value));
      }
    }
  });

  it("do not change a dispute that is open", async () => {
    const m = market();
    const scene = await stage(m);
    await conflict(m, scene);
    const before = await m.disputes.bondOf(scene.request.words, 2);
    await m.disputes.connect(m.deployer).setParameters({ ...values(), panelMin: 9, panelWindow: 500 });
    const startAt = await convene(m, scene.request, 1);
    expect(await panelOf(m, scene.request, 1)).to.have.length(7);
    expect(await m.disputes.bondOf(scene.request.words, 2)).to.equal(before);
    await m.networkHelpers.time.increaseTo(startAt + 60n + 4n + 1n);
    await m.disputes.conclude(scene.request.words);
    const next = await stage(m, { slot: 1n });
    await conflict(m, next);
    await convene(m, next.request, 1);
    expect(await panelOf(m, next.request, 1)).to.have.length(9);
    expect(await roundOf(m, next.request, 1)).to.be.greaterThan(next.request.fields.round);
  });

  it("bound how long a dispute can last, as the deployment computes it (DSP-1)", async () => {
    const m = market();
    const { parameters, beaconPeriod } = m.world.parameters;
    const beaconWait = parameters.beaconDelay + Number(beaconPeriod) + parameters.beaconTimeout;
    for (const window of [1, 30, 86_400]) {
      const expected = longestDisputeS(m.world.parameters, window);
      expect(await m.disputes.longestDispute(window, beaconWait)).to.equal(BigInt(expected));
    }
  });
});
