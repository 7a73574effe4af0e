import { expect } from "chai";
import type { BaseContract } from "ethers";
import { day, timelockDelayS, useGovernedMarket, votingPeriodS } from "../../helpers/governed.ts";
import { enact, passAndQueue, proposalOf, stepArguments } from "../../helpers/proposals.ts";

describe("Settings of governance itself", () => {
  const market = useGovernedMarket({ nodes: 0 });
  const supply = 10n ** 27n;

  type Setter =
    | "setVotingDelay"
    | "setVotingPeriod"
    | "setProposalThreshold"
    | "updateQuorumNumerator"
    | "setLateQuorumVoteExtension";

  const change = (method: Setter, value: bigint) => {
    const { governor, governance } = market();
    const data = governor.interface.encodeFunctionData(method as "setVotingDelay", [value]);
    return proposalOf(`${method} ${value}`, [governance.governor, data]);
  };

  const bounds: readonly (readonly [method: Setter, name: string, least: bigint, most: bigint])[] = [
    ["setVotingDelay", "votingDelay", day, 30n * day],
    ["setVotingPeriod", "votingPeriod", day, 30n * day],
    ["setProposalThreshold", "proposalThreshold", supply / 100_000n, supply / 100n],
    ["updateQuorumNumerator", "quorumNumerator", 1n, 20n],
  ];

  for (const [method, name, least, most] of bounds) {
    it(`${name}: a proposal reaches its bounds, and one beyond them cannot be executed`, async () => {
      const m = market();
      for (const value of [least - 1n, most + 1n]) {
        const proposal = change(method, value);
        await passAndQueue(m, proposal);
        await m.networkHelpers.time.increase(timelockDelayS);
        await expect(m.governor.execute(...stepArguments(proposal)))
          .to.be.revertedWithCustomError(m.governor, "SettingOutOfBounds")
          .withArgs(name, value, least, most);
      }
      const governor: BaseContract = m.governor;
      for (const value of [least, most]) {
        await enact(m, change(method, value));
        expect(await governor.getFunction(`${name}()`)()).to.equal(value);
      }
    });
  }

  it("leave a late quorum no more time than a period of voting", async () => {
    const m = market();
    const proposal = change("setLateQuorumVoteExtension", votingPeriodS + 1n);
    await passAndQueue(m, proposal);
    await m.networkHelpers.time.increase(timelockDelayS);
    await expect(m.governor.execute(...stepArguments(proposal))).to.be.revertedWithCustomError(
      m.governor,
      "GovernorPreventLateQuorumVoteExtensionTooLarge",
    );
  });

  it("never make the delay shorter than at first, nor longer than thirty days", async () => {
    const m = market();
    const most = 30n * day;
    for (const value of [timelockDelayS - 1n, most + 1n]) {
      const data = m.timelock.interface.encodeFunctionData("updateDelay", [value]);
      const proposal = proposalOf(`Delay ${value}`, [m.governance.timelock, data]);
      await passAndQueue(m, proposal);
      await m.networkHelpers.time.increase(timelockDelayS);
      await expect(m.governor.execute(...stepArguments(proposal)))
        .to.be.revertedWithCustomError(m.timelock, "DelayOutOfBounds")
        .withArgs(value, timelockDelayS, most);
    }
    const longer = m.timelock.interface.encodeFunctionData("updateDelay", [timelockDelayS + 1n]);
    await enact(m, proposalOf("Longer", [m.governance.timelock, longer]));
    expect(await m.timelock.getMinDelay()).to.equal(timelockDelayS + 1n);
  });

  it("keep the timelock, whatever is decided", async () => {
    const m = market();
    const data = m.governor.interface.encodeFunctionData("updateTimelock", [m.stranger.address]);
    const proposal = proposalOf("Another timelock", [m.governance.governor, data]);
    await passAndQueue(m, proposal);
    await m.networkHelpers.time.increase(timelockDelayS);
    await expect(m.governor.execute(...stepArguments(proposal))).to.be.revertedWithCustomError(
      m.governor,
      "TimelockIsFixed",
    );
  });

  it("are checked when the governor is made", async () => {
    const { ethers, world, governance } = market();
    const good = {
      leastVotingTime: day,
      votingDelay: day,
      votingPeriod: day,
      lateQuorumExtension: 1n,
      proposalThreshold: supply / 1_000n,
      quorumPercent: 4n,
    };
    const factory = await ethers.getContractFactory("AtomaGovernor");
    const outside = <T extends string>(name: string, key: T, least: bigint, most: bigint) =>
      [least - 1n, most + 1n].map((value) => [name, { [key]: value }, value, least, most] as const);
    const bad = [
      ...outside("votingDelay", "votingDelay", day, 30n * day),
      ...outside("votingPeriod", "votingPeriod", day, 30n * day),
      ...outside("proposalThreshold", "proposalThreshold", supply / 100_000n, supply / 100n),
      ...outside("quorumNumerator", "quorumPercent", 1n, 20n),
    ];
    const nobody = `0x${"00".repeat(20)}`;
    await factory.deploy(world.atoma, governance.timelock, nobody, good);
    for (const [name, change, value, least, most] of bad) {
      await expect(factory.deploy(world.atoma, governance.timelock, nobody, { ...good, ...change }))
        .to.be.revertedWithCustomError(factory, "SettingOutOfBounds")
        .withArgs(name, value, least, most);
    }
  });

  it("include a first delay of at most thirty days", async () => {
    const { ethers, deployer } = market();
    const factory = await ethers.getContractFactory("AtomaTimelock");
    const most = 30n * day;
    await expect(factory.deploy(most + 1n, deployer.address))
      .to.be.revertedWithCustomError(factory, "DelayOutOfBounds")
      .withArgs(most + 1n, 0n, most);
    const longest = await factory.deploy(most, deployer.address);
    expect(await longest.LEAST_DELAY()).to.equal(most);
  });
});
