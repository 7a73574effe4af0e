import { expect } from "chai";
import { leastUnbondingS } from "../../deploy/parameters/unbonding.ts";
import { openMarket, useMarket } from "../helpers/market.ts";

/** The longest time for which a snapshot can be named. */
const snapshotAgeS = 3 * 86_400;

describe("Unbonding", () => {
  const market = useMarket({ nodes: 0 });
  const leastS = (): number => leastUnbondingS(market().world.parameters);
  const registry = () => market().ethers.getContractAt("NodeRegistry", market().nodeRegistry);

  /** Leaves so many seconds between unbonding and the least, and waits until it counts. */
  async function setTo(extraS: number): Promise<void> {
    await (await registry()).connect(market().deployer).setUnbonding(leastS() + extraS);
    await market().networkHelpers.time.increase(snapshotAgeS);
  }

  it("has a least that the chain computes as the deployment does (DSP-1, STK-2)", async () => {
    expect(await market().nodeRegistry.leastUnbonding()).to.equal(BigInt(leastS()));
  });

  it("is set to more than that, to the second", async () => {
    const { nodeRegistry } = market();
    await expect(setTo(0))
      .to.be.revertedWithCustomError(nodeRegistry, "UnbondingTooShort")
      .withArgs(leastS(), leastS());
    await setTo(1);
    expect(await nodeRegistry.targetUnbonding()).to.equal(BigInt(leastS() + 1));
  });

  it("gets shorter only after the time that it was: whatever was asked under longer windows is over then (STK-2)", async () => {
    const m = market();
    const { nodeRegistry, networkHelpers } = m;
    const set = async (seconds: number) => (await registry()).connect(m.deployer).setUnbonding(seconds);
    const unbonding = async () => Number(await nodeRegistry.unbonding());
    const first = await unbonding();
    expect(first).to.be.greaterThan(leastS() + 100);
    await set(leastS() + 1);
    const until = (await networkHelpers.time.latest()) + first;
    expect(await unbonding()).to.equal(first);
    await set(leastS() + 50); // longer than the target, and shorter than what holds: a new wait
    expect([await unbonding(), await nodeRegistry.targetUnbonding()]).to.deep.equal([first, BigInt(leastS() + 50)]);
    await networkHelpers.time.increaseTo(until);
    expect(await unbonding()).to.equal(first);
    await networkHelpers.time.increase(5);
    expect(await unbonding()).to.equal(leastS() + 50);
    await set(leastS() + 51);
    expect(await unbonding()).to.equal(leastS() + 51); // longer: at once
    await set(first);
    await set(leastS() + 51); // up and down leaves nobody with less
    expect(await unbonding()).to.equal(first);
  });

  it("lets windows grow when it has been longer for a snapshot's age: who left before cannot be drawn then (STK-2)", async () => {
    const m = market();
    const set = async (extraS: number) => (await registry()).connect(m.deployer).setUnbonding(leastS() + extraS);
    const { parameters: values } = m.world.parameters;
    const grow = () =>
      m.escrow.connect(m.deployer).setParameters({ ...values, disputeWindow: values.disputeWindow + 10 });
    await setTo(5);
    await set(50);
    const countsAt = (await m.networkHelpers.time.latest()) + snapshotAgeS;
    const refused = (unbondingS: number) =>
      expect(grow())
        .to.be.revertedWithCustomError(m.nodeRegistry, "UnbondingTooShort")
        .withArgs(unbondingS, leastS() + 10);
    await refused(leastS() + 5);
    await set(50); // setting it again, shorter or longer, changes nothing of that
    await set(7);
    await refused(leastS() + 5);
    await set(60);
    await m.networkHelpers.time.increaseTo(countsAt - 1);
    await refused(leastS() + 5);
    await m.networkHelpers.time.increaseTo(countsAt + 100);
    await grow();
  });

  it("bounds the dispute parameters", async () => {
    const m = market();
    const { disputeParameters: values } = m.world.parameters;
    const set = (changes: Partial<typeof values>) =>
      m.disputes.connect(m.deployer).setParameters({ ...values, ...changes });
    await setTo(4);
    await set({ appealWindow: values.appealWindow, punishWindow: values.punishWindow + 3 });
    await expect(set({ punishWindow: values.punishWindow + 4 }))
      .to.be.revertedWithCustomError(m.nodeRegistry, "UnbondingTooShort")
      .withArgs(leastS() + 4, leastS() + 4);
    await expect(set({ appealWindow: values.appealWindow + 1 })) // twice at each of two levels
      .to.be.revertedWithCustomError(m.nodeRegistry, "UnbondingTooShort")
      .withArgs(leastS() + 4, leastS() + 4);
    expect((await m.disputes.parameters()).parameters_.appealWindow).to.equal(BigInt(values.appealWindow));
  });

  it("bounds each time among the escrow's parameters", async () => {
    const m = market();
    const { parameters: values } = m.world.parameters;
    const weights = {
      fallbackDelay: 1,
      chainPhase: 2,
      expireDelay: 1,
      disputeWindow: 1,
      beaconDelay: 5, // the request's own round, and two at each level
      beaconTimeout: 5,
    } as const;
    for (const [name, weight] of Object.entries(weights) as [keyof typeof weights, number][]) {
      await setTo(weight);
      await expect(m.escrow.connect(m.deployer).setParameters({ ...values, [name]: values[name] + 1 }), name)
        .to.be.revertedWithCustomError(m.nodeRegistry, "UnbondingTooShort")
        .withArgs(leastS() + weight, leastS() + weight);
      await setTo(weight + 1);
      await m.escrow.connect(m.deployer).setParameters({ ...values, [name]: values[name] + 1 });
      await m.escrow.connect(m.deployer).setParameters(values);
    }
  });

  it("bounds the age of snapshots", async () => {
    const m = market();
    const { taskSettings: values } = m.world.parameters;
    const managed = await m.ethers.getContractAt("TaskRegistry", m.taskRegistry);
    const set = (extraS: number) =>
      managed.connect(m.deployer).setSettings({ ...values, maxSnapshotAge: values.maxSnapshotAge + extraS });
    await setTo(60);
    await expect(set(60))
      .to.be.revertedWithCustomError(m.nodeRegistry, "UnbondingTooShort")
      .withArgs(leastS() + 60, leastS() + 60);
    await set(59);
  });

  it("that is too short keeps an instance from being connected", async () => {
    const short = leastS();
    let failure: unknown;
    await openMarket({ nodes: 0, adjust: (p) => ({ ...p, unbonding: short }) }).catch((error: unknown) => {
      failure = error;
    });
    expect(String(failure)).to.include("UnbondingTooShort");
    await openMarket({ nodes: 0, adjust: (p) => ({ ...p, unbonding: short + 1 }) });
  });
});
