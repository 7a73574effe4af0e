import { expect } from "chai";
import { type BaseContract, EventLog } from "ethers";
import { type GovernedMarket, useGovernedMarket, timelockDelayS } from "../../helpers/governed.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { passAndQueue, proposalOf, states, stepArguments } from "../../helpers/proposals.ts";

const adminRole = 0n;
const guardianRole = 2n;
const noRole = `0x${"00".repeat(32)}`;

describe("A network after its hand-over", () => {
  const market = useGovernedMarket({ nodes: 12 });

  it("changes a parameter by a proposal that passes vote, queue and delay, and by nothing else", async () => {
    const m = market();
    const { parameters } = m.world;
    const wanted = { ...parameters.parameters, protocolFee: 500 };
    const data = m.escrow.interface.encodeFunctionData("setParameters", [wanted]);
    const proposal = proposalOf("Raise the protocol fee to 5%", [m.instance.escrow, data]);
    const proposalId = await passAndQueue(m, proposal);
    expect(await m.governor.state(proposalId)).to.equal(states.queued);
    await m.networkHelpers.time.increase(timelockDelayS - 10n);
    await expect(m.governor.execute(...stepArguments(proposal))).to.be.revertedWithCustomError(
      m.timelock,
      "TimelockUnexpectedOperationState",
    );
    await m.networkHelpers.time.increase(10n);
    await expect(m.governor.connect(m.stranger).execute(...stepArguments(proposal))).to.emit(m.escrow, "ParametersSet");
    expect((await m.escrow.parameters()).parameters.protocolFee).to.equal(500n);
  });

  it("has one admin, the timelock, whose only proposer is the governor", async () => {
    const m = market();
    const { timelock, governor } = m.governance;
    expect(await expectHeld(m.authority)).to.have.members([
      `${adminRole} ${timelock}`,
      `${guardianRole} ${m.guardian.address}`,
    ]);
    const [proposer, canceller, executor] = await Promise.all([
      m.timelock.PROPOSER_ROLE(),
      m.timelock.CANCELLER_ROLE(),
      m.timelock.EXECUTOR_ROLE(),
    ]);
    const everybody = `0x${"00".repeat(20)}`;
    expect(await expectHeld(m.timelock)).to.have.members([
      `${noRole} ${timelock}`,
      `${proposer} ${governor}`,
      `${canceller} ${governor}`,
      `${executor} ${everybody}`,
    ]);
  });

  it("shows a role that was revoked and granted again: what was revoked once is not gone for good", async () => {
    const m = market();
    const [authority, timelock] = await asTimelock(m);
    const proposer = await m.timelock.PROPOSER_ROLE();
    const { address } = m.deployer;
    for (const again of [true, false]) {
      await authority.grantRole(adminRole, address, 0);
      await timelock.grantRole(proposer, address);
      if (again) await authority.revokeRole(adminRole, address);
      if (again) await timelock.revokeRole(proposer, address);
    }
    expect(await expectHeld(m.authority)).to.include(`${adminRole} ${address}`);
    expect(await expectHeld(m.timelock)).to.include(`${proposer} ${address}`);
  });

  it("leaves its deployer nothing of what it could do before, and what the timelock can", async () => {
    const m = market();
    const { deployer, instance, governance, world } = m;
    const { parameters } = world;
    const [zero, stranger] = [0n, m.stranger.address];
    const attempts: readonly (readonly [name: string, at: string, method: string, args: readonly unknown[]])[] = [
      ["EscrowExtension", instance.escrow, "setParameters", [parameters.parameters]],
      ["TaskRegistry", instance.taskRegistry, "setSettings", [parameters.taskSettings]],
      ["TaskRegistry", instance.taskRegistry, "setStakePrice", [parameters.stakePrice]],
      ["NodeRegistry", instance.nodeRegistry, "setUnbonding", [parameters.unbonding]],
      ["Disputes", instance.disputes, "setParameters", [parameters.disputeParameters]],
      ["Treasury", governance.treasury, "grant", [world.atoma, stranger, zero]],
      ["Emissions", governance.emissions, "setBudget", [1n]],
      ["Emissions", governance.emissions, "setPrice", [parameters.stakePrice * 20n]],
      ["Emissions", governance.emissions, "giveBack", [zero]],
      ["AccessManager", instance.authority, "grantRole", [adminRole, deployer.address, zero]],
      ["AccessManager", instance.authority, "revokeRole", [adminRole, governance.timelock]],
      ["AccessManager", instance.authority, "setTargetFunctionRole", [instance.escrow, ["0x12345678"], 1n]],
      ["AccessManager", instance.authority, "setTargetClosed", [instance.escrow, true]],
      ["AccessManager", instance.authority, "updateAuthority", [instance.escrow, instance.nodeRegistry]],
      ["AtomaTimelock", governance.timelock, "grantRole", [noRole, deployer.address]],
      ["AtomaTimelock", governance.timelock, "updateDelay", [timelockDelayS]],
    ];
    for (const [name, at, method, args] of attempts) {
      const contract = (await m.ethers.getContractAt(name, at)).connect(m.ethers.provider);
      const call = contract.getFunction(method);
      await call.staticCall(...args, { from: governance.timelock }); // it is possible at all
      await expect(
        call.staticCall(...args, { from: deployer.address }),
        `${name}.${method}`,
      ).to.be.revertedWithCustomError(
        contract,
        refusals[`${name}.${method}`] ?? refusals[name] ?? "AccessManagedUnauthorized",
      );
    }
  });
});

/** What a contract says to who has no role, where it is not managed by the access manager. */
const refusals: Readonly<Record<string, string>> = {
  AccessManager: "AccessManagerUnauthorizedAccount",
  AtomaTimelock: "AccessControlUnauthorizedAccount",
  "AtomaTimelock.updateDelay": "TimelockUnauthorizedCaller",
};

const asTimelock = async ({ authority, timelock, ...m }: GovernedMarket) => {
  const signer = await impersonate(m, m.governance.timelock);
  return [authority.connect(signer), timelock.connect(signer)] as const;
};

/**
 * The roles that events leave to each account, as "role account", in the order of the chain. The contract's own word about
 * every role and account that an event names must be the same.
 */
async function expectHeld(contract: BaseContract): Promise<string[]> {
  const logs = [...(await contract.queryFilter("RoleGranted")), ...(await contract.queryFilter("RoleRevoked"))];
  const events = logs
    .filter((log) => log instanceof EventLog)
    .sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index)
    .map(({ eventName, args }) => ({ eventName, role: String(args[0]), account: String(args[1]) }));
  const held = new Set<string>();
  for (const { eventName, role, account } of events) {
    if (eventName === "RoleGranted") held.add(`${role} ${account}`);
    else held.delete(`${role} ${account}`);
  }
  for (const role of new Set(events.map((event) => event.role))) {
    for (const account of new Set(events.map((event) => event.account))) {
      const [isMember] = [(await contract.getFunction("hasRole")(role, account)) as unknown].flat();
      expect(isMember, `what the chain says about ${role} of ${account}`).to.equal(held.has(`${role} ${account}`));
    }
  }
  return [...held];
}
