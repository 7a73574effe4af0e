import { expect } from "chai";
import { network } from "hardhat";
import { type Hex, keccak256, parseEther, stringToHex } from "viem";
import { registerTask, plainTask, type LocalNode } from "../../deploy/local/nodes.ts";
import { settlementOf } from "../../deploy/local/committee.ts";
import { labelledKey, localChainId, makeWorld, mint, walletOf, type World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import type { Context } from "../../sdk/client/context.ts";
import { createAtomaClient } from "../../sdk/client/create-client.ts";
import { type Deployment, parseDeployment } from "../../sdk/client/deployment.ts";
import type { LifeEvent } from "../../sdk/client/life-events.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { CallError } from "../../sdk/errors/call-error.ts";
import { digestsRootOf } from "../../sdk/merkle/bundle.ts";
import { buildTree, proofOf } from "../../sdk/merkle/tree.ts";
import { decodeRequest } from "../../sdk/words/request.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";

const poolSize = 12;
const funds = 10n ** 12n;
const asked = { taskId: 1n, units: 100n, maxAsk: 10n };
const output = stringToHex("forty-two");

/** A world with a task and a pool, everything after deployment done through the client. */
async function deployWorld() {
  const connection = await network.create({ network: "default", chainType: "l1" });
  const world = await makeWorld(connection);
  const { instance, paymentToken, atoma, deployer } = world;
  const deployment: Deployment = {
    ...instance,
    chainId: localChainId,
    token: paymentToken,
    atoma,
    deployedAtBlock: 0n,
  };
  const context: Context = { publicClient: world.chain, walletClient: deployer, deployment };
  const client = createAtomaClient(context);
  await registerTask(world, plainTask);
  const nodes: LocalNode[] = [];
  for (let i = 0; i < poolSize; i++) nodes.push(await serve(client, world, i));
  await client.publishSnapshot(1n);
  await mint(world, deployer.account.address, funds * 4n);
  await client.deposit({ amount: funds });
  return { world, context, client, nodes };
}

async function serve(client: ReturnType<typeof createAtomaClient>, world: World, index: number): Promise<LocalNode> {
  const signer = labelledKey(`client test ${index}`);
  const nodeId = await client.registerNode({
    signer,
    endpoint: `http://127.0.0.1:${index}`,
    consentDeadlineS: 2n ** 40n,
  });
  await client.stake({ nodeId, amount: parseEther("2000") });
  await client.subscribe({ taskId: 1n, nodeId, ask: 5n });
  return { nodeId, owner: world.deployer, signer };
}

async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

async function caught(promise: Promise<unknown>): Promise<CallError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(CallError);
  return error as CallError;
}

describe("Client actions on a real instance", () => {
  let setup: Awaited<ReturnType<typeof deployWorld>>;
  before(async () => {
    setup = await deployWorld();
  });

  /** Lets the request's round be published, and signs it. */
  async function roundOf({ fields }: MadeRequest) {
    await setup.world.connection.networkHelpers.time.increase(10);
    return { round: fields.round, signature: setup.world.beacon.sign(fields.round) };
  }

  async function agree(made: MadeRequest, answer: Parameters<typeof settlementOf>[3] = { output }) {
    return settlementOf(setup.world, setup.nodes, made, answer);
  }

  async function eventsOf(made: MadeRequest): Promise<LifeEvent[]> {
    return collect(setup.client.wait(made, { pollMs: 5, timeoutMs: 1_000 }));
  }

  it("finds its chain", async () => {
    await setup.client.checkChain();
  });

  it("asks, settles, tells the life of the request and its result, and pays what the payout says", async () => {
    const { client, nodes, world } = setup;
    const made = await client.request({ ...asked, k: 5n, input: stringToHex("question") });
    expect(await client.committee(made.words)).to.equal(undefined);
    const rounds = [await roundOf(made)];
    const settlement = await agree(made, { output, silent: [4] });
    const { settled, skipped } = await client.settle({ settlements: [settlement, settlement], rounds });
    expect(settled).to.deep.equal([made.requestId]);
    expect(skipped.map(({ reason }) => reason)).to.deep.equal(["NotOpen"]);

    const events = await eventsOf(made);
    expect(events.map(({ type }) => type)).to.deep.equal(["requested", "drawn", "settled"]);
    const result = await client.result(made);
    expect(result).to.include({ status: 0n, usage: 1_000n, output, digest: digestOf({ status: 0n, usage: 1_000n, outputHash: keccak256(output) }) }); // prettier-ignore
    expect(result?.members.map(({ attested }) => attested)).to.deep.equal([true, true, true, true, false]);
    expect(await client.committee(made.words)).to.deep.equal(
      result?.members.map(({ nodeId }) => ({ nodeId, ask: 5n })),
    );
    for (const { nodeId, pay } of result?.members ?? []) {
      const word = await world.chain.readContract({ ...escrow(), functionName: "nodeWord", args: [Number(nodeId)] });
      const node = decodeNodeWord(word);
      expect(node.earnings).to.equal(pay);
      expect(node.signer).to.equal(nodes.find((n) => n.nodeId === nodeId)?.signer.address);
    }
    const [royalty, treasury] = await world.chain.readContract({ ...escrow(), functionName: "feesOf", args: [1] });
    expect([royalty, treasury]).to.deep.equal([result?.payout.royalty, result?.payout.treasury]);
    await world.connection.networkHelpers.time.increase(60);
    expect(await client.release({ slots: [made.fields.slot] })).to.equal(result?.payout.leftover);
  });

  it("asks by URI, and a bundle whose items can be proven", async () => {
    const { client, world } = setup;
    const made = await client.requestByUri({
      ...asked,
      k: 3n,
      inputDigest: keccak256("0x01"),
      uri: "https://example.org/in",
    });
    expect(made.fields.inputDigest).to.equal(keccak256("0x01"));
    const outputs: Hex[] = ["0xaa", "0xbb", "0xcc"];
    const bundle = await client.requestBundle({ ...asked, k: 3n, inputs: outputs, uri: "https://example.org/items" });
    expect(bundle.fields.items).to.equal(3n);
    const digests = outputs.map((item) => digestOf({ status: 0n, usage: 7n, outputHash: keccak256(item) }));
    const settlements = [await agree(made), await agree(bundle, { output: digestsRootOf(digests) })];
    const rounds = [await roundOf(made), await roundOf(bundle)].filter(
      ({ round }, i) => i === 0 || round !== made.fields.round,
    );
    const { settled } = await client.settle({ settlements, rounds });
    expect(settled.length).to.equal(2);
    const prove = (index: number, item: Hex) =>
      world.chain.readContract({
        ...escrow(),
        functionName: "proveItem",
        args: [bundle.requestId, BigInt(index), 0, 7n, item, proofOf(buildTree(digests), index)],
      });
    await Promise.all(outputs.map((item, index) => prove(index, item)));
    expect(await prove(1, "0xaa").then(() => "proven", () => "refused")).to.equal("refused"); // prettier-ignore
  });

  it("signs a request that is paid from time-locked balance", async () => {
    const { client, world } = setup;
    const { timestamp } = await world.chain.getBlock();
    await client.timeLock({ amount: funds / 10n, unlockAtS: timestamp + 86_400n });
    const signed = await client.signRequest({ ...asked, k: 3n, nonce: 7n, input: "0x1234" });
    expect(await world.chain.readContract({ ...escrow(), functionName: "requestIdOf", args: [signed.words] })).to.equal(
      signed.requestId,
    );
    const made = madeOf(signed.requestId, signed.words);
    const rounds = [await roundOf(made)];
    const settlement = await agree(made);
    await client.settleSigned({ settlement, signature: signed.signature, rounds });
    expect((await client.result(made))?.output).to.equal(output);
    const again = await caught(client.settleSigned({ settlement, signature: signed.signature }));
    expect(again.contractError?.name).to.equal("NonceUsed");
  });

  it("deposits with a permit into the signer's own account", async () => {
    const { world, context } = setup;
    const payer = walletOf(world.connection, labelledKey("client test payer"));
    await world.connection.networkHelpers.setBalance(payer.account.address, parseEther("1"));
    await mint(world, payer.account.address, 500n);
    await createAtomaClient({ ...context, walletClient: payer }).depositWithPermit({
      amount: 500n,
      deadlineS: 2n ** 40n,
    });
    const [balance] = await world.chain.readContract({
      ...escrow(),
      functionName: "accountOf",
      args: [payer.account.address],
    });
    expect(balance).to.equal(500n);
  });

  it("claims and withdraws a node's earnings after the dispute window", async () => {
    const { client, world, nodes } = setup;
    const words = await Promise.all(
      nodes.map(({ nodeId }) =>
        world.chain.readContract({ ...escrow(), functionName: "nodeWord", args: [Number(nodeId)] }),
      ),
    );
    const place = words.findIndex((word) => decodeNodeWord(word).earnings > 0n);
    const { nodeId } = nodes[place] ?? { nodeId: 0n };
    await client.claimEarnings(nodeId);
    expect((await caught(client.withdrawEarnings(nodeId))).contractError?.name).to.equal("ClaimPending");
    await world.connection.networkHelpers.time.increase(60);
    await client.withdrawEarnings(nodeId);
    expect((await caught(client.claimEarnings(nodeId))).message).to.contain("no earnings");
  });

  it("says what to do when the contracts refuse", async () => {
    const { client } = setup;
    const single = await caught(client.request({ ...asked, k: 1n, input: "0x" }));
    expect(single.message).to.equal(
      "Cannot request: A committee of one needs a challenge window, unless the task names a TEE workload. Set one, or ask for more members.",
    );
    const poor = await caught(client.request({ ...asked, k: 3n, tip: 10n ** 15n, input: "0x" }));
    expect(poor.contractError).to.deep.include({ name: "InsufficientBalance" });
    expect((await caught(client.request({ ...asked, k: 10n, input: "0x" }))).message).to.contain("acceptNoPanel");
    const waiting = await client.request({ ...asked, k: 3n, input: "0x" });
    const early = await caught(client.settle({ settlements: [await agree(waiting)] }));
    expect(early.message).to.contain("No item of the batch").and.contain("beacon round is not posted");
    await client.wait(waiting, { pollMs: 5, timeoutMs: 20 }).return();
    const late = await collect(client.wait(waiting, { pollMs: 5, timeoutMs: 20 })).catch((error: unknown) => error);
    expect(String(late)).to.contain("did not end within 20 ms");
  });

  function escrow() {
    return { address: setup.context.deployment.escrow, abi: requestEscrowAbi } as const;
  }

  function madeOf(requestId: Hex, words: MadeRequest["words"]): MadeRequest {
    const { escrow: address } = setup.context.deployment;
    return {
      escrow: address,
      requestId,
      words,
      fields: decodeRequest(words),
      blockNumber: 0n,
      transactionHash: requestId,
    };
  }
});

describe("Deployment records", () => {
  const address = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
  const names = ["escrow", "nodeRegistry", "taskRegistry", "beacon", "token", "atoma", "authority"];
  const record = { chainId: 1, deployedAtBlock: "12", ...Object.fromEntries(names.map((name) => [name, address])) };

  it("are read from JSON", () => {
    expect(parseDeployment(record)).to.deep.equal({ ...record, chainId: 1n, deployedAtBlock: 12n });
  });

  it("are refused with the name of the field that is wrong", () => {
    expect(() => parseDeployment(null)).to.throw("not an object");
    expect(() => parseDeployment({ ...record, chainId: 0 })).to.throw("chainId");
    expect(() => parseDeployment({ ...record, deployedAtBlock: "0x1" })).to.throw("deployedAtBlock");
    names.forEach((name) => expect(() => parseDeployment({ ...record, [name]: "0x12" })).to.throw(name));
    expect(() => parseDeployment({ ...record, escrow: address.replace("F", "f") })).to.throw("escrow");
  });
});
