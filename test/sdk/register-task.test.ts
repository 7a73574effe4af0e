import { expect } from "chai";
import { network } from "hardhat";
import { type Address, getAddress, keccak256, parseEther, stringToHex, zeroHash } from "viem";
import { localChainId, makeWorld, walletOf } from "../../deploy/local/world.ts";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { Context } from "../../sdk/client/context.ts";
import { registerTask, type RegisterTaskInput } from "../../sdk/client/register-task.ts";
import { CallError } from "../../sdk/errors/call-error.ts";
import { InvalidValueError } from "../../sdk/errors/invalid-value.ts";

const bond = parseEther("250");
const task: RegisterTaskInput = {
  kind: "chat",
  artifactDigest: keccak256("0x01"),
  artifactUri: "https://example.org/manifest.json",
  runtimeDigest: keccak256("0x02"),
  unitSize: 100n,
  stakePerNode: parseEther("1000"),
  royaltyBps: 500n,
  askExponent: 3n,
  windowS: 60n,
  maxOutputBytes: 4_096n,
};

describe("registerTask on a real instance", () => {
  let context: Context;
  let publisher: Address;

  const atoma = async (account: Address): Promise<bigint> =>
    context.publicClient.readContract({
      address: context.deployment.atoma,
      abi: erc20Abi,
      functionName: "balanceOf",
      args: [account],
    });
  const refused = async (input: RegisterTaskInput): Promise<unknown> =>
    registerTask(context, input).then(
      () => "registered",
      (error: unknown) => error,
    );

  before(async () => {
    const connection = await network.create({ network: "default", chainType: "l1" });
    const world = await makeWorld(connection, {
      adjust: (p) => ({ ...p, taskSettings: { ...p.taskSettings, publisherBond: bond } }),
    });
    const signers = await connection.ethers.getSigners();
    publisher = getAddress(signers[3]?.address ?? "");
    const { instance, paymentToken, chain, deployer } = world;
    const deployment = { ...instance, chainId: localChainId, token: paymentToken, atoma: world.atoma, deployedAtBlock: 0n }; // prettier-ignore
    context = { publicClient: chain, walletClient: walletOf(connection, publisher), deployment };
    await deployer.writeContract({
      address: world.atoma,
      abi: erc20Abi,
      functionName: "transfer",
      args: [publisher, bond * 2n],
    });
  });

  it("pulls the bond, and the chain holds exactly the terms that were given", async () => {
    const before = await atoma(publisher);
    const taskId = await registerTask(context, task);
    expect(before - (await atoma(publisher))).to.equal(bond);
    const registry = {
      address: context.deployment.taskRegistry,
      abi: taskRegistryAbi,
      args: [Number(taskId)],
    } as const;
    expect(await context.publicClient.readContract({ ...registry, functionName: "publisherOf" })).to.equal(publisher);
    expect(await context.publicClient.readContract({ ...registry, functionName: "artifactUriOf" })).to.equal(
      task.artifactUri,
    );
    expect(await context.publicClient.readContract({ ...registry, functionName: "taskOf" })).to.deep.equal({
      kind: stringToHex("chat", { size: 32 }),
      artifactDigest: task.artifactDigest,
      runtimeDigest: task.runtimeDigest,
      workloadId: zeroHash,
      unitSize: 100n,
      stakePerNode: parseEther("1000"),
      royalty: 500,
      askExponent: 3,
      minReputation: 0,
      window: 60,
      maxOutput: 4_096,
    });
  });

  it("registers another with the next id, and refuses a third for want of the bond", async () => {
    const workloadId = keccak256("0x03");
    expect(await registerTask(context, { ...task, workloadId })).to.equal(2n);
    expect(await atoma(publisher)).to.equal(0n);
    const error = await refused(task);
    expect(error).to.be.instanceOf(CallError);
    expect(String(error)).to.contain("Cannot register the task");
  });

  it("says which field is out of bounds, or does not fit at all, and registers nothing", async () => {
    const nonce = await context.publicClient.getTransactionCount({ address: publisher });
    const high = await refused({ ...task, royaltyBps: 2_001n });
    expect(high).to.be.instanceOf(CallError);
    expect(String(high)).to.contain("The task's royalty is 2001. It must be within 0..2000.");
    const wide = await refused({ ...task, windowS: 2n ** 32n });
    expect(wide).to.be.instanceOf(InvalidValueError);
    for (const kind of ["", "x".repeat(33)]) {
      const error = await refused({ ...task, kind });
      expect(error).to.be.instanceOf(InvalidValueError);
      expect(String(error)).to.contain("1 to 32 are possible");
    }
    expect(await context.publicClient.getTransactionCount({ address: publisher })).to.equal(nonce);
  });
});
