import { expect } from "chai";
import {
  type Abi,
  type Address,
  encodeFunctionData,
  type Hex,
  parseTransaction,
  toFunctionSelector,
  zeroHash,
} from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { deployLocally } from "../../deploy/local/interrupt.ts";
import type { Contracts } from "../../deploy/run/engine.ts";
import { openOutbox } from "../../deploy/run/outbox.ts";
import { type DeploymentRecord, makeRecord } from "../../deploy/run/record.ts";
import type { Provider } from "../../deploy/run/rpc.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import { proveHistory } from "../../deploy/verify/history.ts";
import type { Proof } from "../../deploy/verify/proof.ts";
import { proveRoles } from "../../deploy/verify/roles.ts";
import type { Subject } from "../../deploy/verify/subject.ts";
import { verifyDeployment } from "../../deploy/verify/verify.ts";
import { deployer, freshChain, freshFolder, localFile } from "./fixture.ts";

const accomplice: Address = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const resign = toFunctionSelector("renounceRole(uint64,address)");
const grant = encodeFunctionData({ abi: accessManagerAbi, functionName: "grantRole", args: [0n, accomplice, 0] });

/** A deployer that does something just before it gives up its power. */
const beforeResigning = (provider: Provider, mischief: () => Promise<void>): Provider => ({
  request: async (call) => {
    const isSend = call.method === "eth_sendRawTransaction";
    if (isSend && parseTransaction((call.params ?? [])[0] as Hex).data?.startsWith(resign) === true) await mischief();
    return provider.request(call);
  },
});

describe("The proof that a deployer left nothing behind", () => {
  let world: Awaited<ReturnType<typeof freshChain>>;
  beforeEach(async () => {
    world = await freshChain();
  });
  afterEach(() => world.connection.close());

  /** As the timelock, whose power over itself and the manager the deployer still has; its events name no caller. */
  async function send(from: Address, to: Address, data: Hex): Promise<void> {
    const { provider } = world;
    await provider.request({ method: "hardhat_impersonateAccount", params: [from] });
    await provider.request({ method: "hardhat_setBalance", params: [from, "0xde0b6b3a7640000"] });
    await provider.request({ method: "eth_sendTransaction", params: [{ from, to, data }] });
  }
  const onTimelock = (functionName: string, args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi: atomaTimelockAbi as Abi, functionName, args });
  const onManager = (functionName: string, args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi: accessManagerAbi as Abi, functionName, args });

  /** Deploys; `mischief` is told the addresses of manager, timelock and escrow, which depend on the nonces alone. */
  async function deployWith(mischief: (at: Contracts) => Promise<void>): Promise<Subject> {
    const rehearsal = await freshChain();
    const known = await deployLocally({ provider: rehearsal.provider, file: localFile, folder: freshFolder() });
    await rehearsal.connection.close();
    const folder = freshFolder();
    const provider = beforeResigning(world.provider, () => mischief(known));
    const contracts = await deployLocally({ provider, file: localFile, folder });
    const build = { version: "0", commit: "0", compiler: "0" };
    const signed = openOutbox(folder).all();
    const input = { chain: world.chain, file: localFile, instance: "first", contracts, signed, deployer, build };
    return { chain: world.chain, file: localFile, record: await makeRecord(input) };
  }
  const failed = (proofs: readonly Proof[]): string =>
    proofs.flatMap(({ title, fault }) => (fault === undefined ? [] : [`${title}: ${fault}`])).join("\n");

  it("fails where a budget of emissions was left, which pays out from the first epoch", async () => {
    const subject = await deployWith(async ({ timelock = "0x", emissions = "0x" }) => {
      const args = [localFile.emissions.mostBudget] as const;
      await send(timelock, emissions, encodeFunctionData({ abi: emissionsAbi, functionName: "setBudget", args }));
    });
    const faults = failed(await verifyDeployment(subject));
    expect(faults).to.include("emissions.budget as in the file").and.include("governance never changed it");
  });

  it("fails where an operation was left in the timelock, which makes an admin although nobody holds a role any more", async () => {
    const subject = await deployWith(async ({ authority = "0x", timelock = "0x" }) => {
      const { PROPOSER } = timelockRoles;
      await send(timelock, timelock, onTimelock("grantRole", [PROPOSER, accomplice]));
      const delayS = BigInt(localFile.governance.timelockDelay);
      await send(accomplice, timelock, onTimelock("schedule", [authority, 0n, grant, zeroHash, zeroHash, delayS]));
      await send(timelock, timelock, onTimelock("revokeRole", [PROPOSER, accomplice]));
    });
    expect(failed(await proveRoles(subject))).to.equal(""); // who holds roles now says nothing of it
    const faults = failed(await verifyDeployment(subject));
    expect(faults).to.include(`timelock: until the hand-over nothing was scheduled`).and.include("CallScheduled(");
    const { authority, timelock } = subject.record;
    await world.provider.request({ method: "evm_increaseTime", params: [localFile.governance.timelockDelay + 1] });
    await send(accomplice, timelock, onTimelock("execute", [authority, 0n, grant, zeroHash, zeroHash]));
    expect(failed(await proveRoles(subject))).to.include(`${accomplice} holds role 0`); // it was a backdoor
  });

  it("fails where an admin came and went, or left delays that begin later", async () => {
    const subject = await deployWith(async ({ authority = "0x", timelock = "0x", escrow = "0x" }) => {
      await send(timelock, authority, grant);
      await send(timelock, authority, onManager("setTargetAdminDelay", [escrow, 2 ** 32 - 1]));
      await send(timelock, authority, onManager("setGrantDelay", [2n, 2 ** 32 - 1]));
      await send(timelock, authority, onManager("revokeRole", [0n, accomplice]));
    });
    expect(failed(await proveRoles(subject))).to.equal("");
    const faults = failed(await proveHistory(subject));
    expect(faults).to.include(`account: ${accomplice}`);
    expect(faults).to.include("TargetAdminDelayUpdated(").and.include("RoleGrantDelayChanged(");
    expect(faults).not.to.include("timelock: until");
  });

  it("is not misled by a record that names a later block, and lets governance do as it likes afterwards", async () => {
    const { chain, file, record } = await deployWith(() => Promise.resolve());
    await send(record.timelock, record.authority, onManager("grantRole", [7n, accomplice, 0]));
    const authorityBlock = Number(await chain.getBlockNumber()) + 1;
    const lie: DeploymentRecord = { ...record, authorityBlock };
    expect(failed(await proveRoles({ chain, file, record: lie }))).to.include(`${accomplice} holds role 7`);
    expect(failed(await proveHistory({ chain, file, record: lie }))).to.equal("");
  });
});
