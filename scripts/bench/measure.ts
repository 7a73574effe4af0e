import { concat, getAddress, type Hex, keccak256, numberToHex, parseEventLogs } from "viem";
import { committeeOf, type LocalRequest, settlementOf } from "../../deploy/local/committee.ts";
import { type LocalNode, publishSnapshot } from "../../deploy/local/nodes.ts";
import { approveAll, localChainId, mint, walletOf } from "../../deploy/local/world.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { signedRequestData } from "../../sdk/agreement/signed-request.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
import { decodeRequest, encodeRequest, type RequestWords } from "../../sdk/words/request.ts";
import { flagSigned } from "../../sdk/words/flags.ts";
import { roundAt } from "../../sdk/drand/schedule.ts";
import { type AskOptions, escrowOf, type Lab } from "./lab.ts";

/** Gas by name. */
export type Figures = Record<string, bigint>;

const output: Hex = `0x${"22".repeat(32)}`;

/** A draw takes more tries for some requests than for others: settlements are averages over so many. */
const drawsPerSize = 8;

/** Requests and settlements of committees of every size, steady state: slots, node words and fee words are in use. */
export async function measureRequests(lab: Lab): Promise<Figures> {
  const figures: Figures = { "request.fresh": (await lab.ask({ k: 10, slot: 1_000 })).gas };
  for (const k of [1, 3, 5, 10, 15, 21]) {
    await roundTrip(lab, { k, slot: 1 });
    let total = 0n;
    for (let i = 0; i < drawsPerSize; i++) {
      const { request, settle } = await roundTrip(lab, { k, slot: 1 });
      total += settle;
      if (k === 10) figures["request.recycled"] = request;
    }
    figures[`settle.k${k}`] = total / BigInt(drawsPerSize);
  }
  return figures;
}

/** Gas of one request's transactions; `finalize` is zero where no challenge window comes before payment. */
export type RoundTrip = { readonly request: bigint; readonly settle: bigint; readonly finalize: bigint };

/** Asks, posts the round, settles and, after a challenge window, finalises. */
export async function roundTrip(lab: Lab, options: AskOptions, hasWindow = options.k === 1): Promise<RoundTrip> {
  const { gas, request } = await lab.ask(options);
  await lab.sleep(5);
  await lab.post(request);
  const settlement = await settlementOf(lab.world, lab.nodes, request, { output });
  const settle = await lab.settle(await firstMember(lab, request), [settlement]);
  const finalized = hasWindow ? await finalize(lab, settle.hash, settlement) : 0n;
  await lab.sleep(10);
  return { request: gas, settle: settle.gas, finalize: finalized };
}

/** Settlement by a committee of one whose key is bound to the task's workload: no challenge window. Steady state. */
export async function measureAlone(lab: Lab): Promise<bigint> {
  await roundTrip(lab, { k: 1, slot: 1 }, false);
  return (await roundTrip(lab, { k: 1, slot: 1 }, false)).settle;
}

async function finalize(lab: Lab, hash: Hex, settlement: Awaited<ReturnType<typeof settlementOf>>): Promise<bigint> {
  const { logs } = await lab.world.chain.getTransactionReceipt({ hash });
  const [recorded] = parseEventLogs({ abi: escrowOf(lab.world).abi, logs, eventName: "ResultRecorded" });
  if (recorded === undefined) throw new Error("The result was not recorded.");
  await lab.sleep(61);
  const args = [{ ...settlement, proof: "0x" }, recorded.args.settler] as const;
  const call = { ...escrowOf(lab.world), functionName: "finalize", args } as const;
  return (await lab.gasOf(await lab.world.deployer.writeContract(call))).gas;
}

/** The payment and callback after a challenge window, for k = 1. */
export async function measureFinalize(lab: Lab): Promise<Figures> {
  const { request } = await lab.ask({ k: 1, slot: 1 });
  await lab.sleep(5);
  await lab.post(request);
  const settlement = await settlementOf(lab.world, lab.nodes, request, { output });
  const { hash } = await lab.settle(await firstMember(lab, request), [settlement]);
  const gas = await finalize(lab, hash, settlement);
  await lab.sleep(10);
  return { "finalize.k1": gas };
}

/** The node of the first seat. */
export async function firstMember(lab: Lab, request: LocalRequest): Promise<LocalNode> {
  const [member] = await committeeOf(lab.world, request);
  const node = lab.nodes.find(({ nodeId }) => nodeId === member?.nodeId);
  if (node === undefined) throw new Error("The committee is empty.");
  return node;
}

/** A bundle, from the request to its settlement by a committee of 10. */
export async function measureBundle(lab: Lab, items: number): Promise<{ request: bigint; settle: bigint }> {
  const { gas, request } = await lab.ask({ k: 10, slot: 1, items });
  await lab.sleep(5);
  await lab.post(request);
  const root = await settlementOf(lab.world, lab.nodes, request, { output: keccak256("0x01") });
  const settled = await lab.settle(await firstMember(lab, request), [root]);
  await lab.sleep(10);
  return { request: gas, settle: settled.gas };
}

/** A bundle of 50 items, request and settlement together; and 50 separate requests in one settlement. Both per item. */
export async function measureMany(lab: Lab): Promise<Figures> {
  const items = 50;
  const bundle = await measureBundle(lab, items);

  for (let slot = 1; slot <= items; slot++) await roundTrip(lab, { k: 3, slot }); // so that every slot has been used
  const settlements = [];
  const requests: LocalRequest[] = [];
  for (let slot = 1; slot <= items; slot++) requests.push((await lab.ask({ k: 10, slot })).request);
  await lab.sleep(5);
  for (const round of new Map(requests.map((request) => [request.fields.round, request])).values())
    await lab.post(round);
  for (const request of requests) settlements.push(await settlementOf(lab.world, lab.nodes, request, { output }));
  const [first] = requests;
  if (first === undefined) throw new Error("No request was made.");
  const batch = await lab.settle(await firstMember(lab, first), settlements);
  return {
    "bundle50.item": (bundle.request + bundle.settle) / BigInt(items),
    "batch50.item": batch.gas / BigInt(items),
  };
}

/** Drawing 10 members by itself; the pool's size must not matter. */
export async function measureDraw(lab: Lab): Promise<Figures> {
  return { "draw10.n30": await drawGas(lab, 30), "draw10.n3000": await drawGas(lab, 3_000) };
}

/** Drawing 10 members of so many by itself, on average over 64 seeds. */
export async function drawGas(lab: Lab, count: number): Promise<bigint> {
  const harness = await lab.world.connection.ethers.deployContract("DrawHarness");
  const entries = concat(
    Array.from({ length: count }, (_, i) => numberToHex((BigInt(i + 1) << 32n) | 5n, { size: 8 })),
  );
  const snapshot = getAddress((await harness.getFunction("write").staticCall(entries)) as string);
  await harness.getFunction("write")(entries);
  let total = 0n;
  for (let i = 0n; i < 64n; i++) {
    const seed = keccak256(numberToHex(i, { size: 32 }));
    total += (await harness.getFunction("gasOf")(snapshot, count, seed, 10)) as bigint;
  }
  return total / 64n;
}

/** Publishing one more node: the difference between pools of two sizes. */
export async function measureSnapshot(small: Lab, large: Lab): Promise<Figures> {
  const nodes = BigInt(large.nodes.length - small.nodes.length);
  return { "snapshot.perNode": ((await publishGas(large)) - (await publishGas(small))) / nodes };
}

/** Publishing the pool; cheapest once no subscription waits for it. */
export async function publishGas({ world, taskId, gasOf }: Lab): Promise<bigint> {
  const registry = { address: world.instance.taskRegistry, abi: taskRegistryAbi } as const;
  const call = { ...registry, functionName: "publishSnapshot", args: [Number(taskId)] } as const;
  return (await gasOf(await world.deployer.writeContract(call))).gas;
}

/** The dearest of 32 rounds, whole transactions with a fresh storage slot. */
export async function measureBeacon(lab: Lab): Promise<Figures> {
  let most = 0n;
  for (let i = 0; i < 32; i++) {
    const { request } = await lab.ask({ k: 10, slot: 100 + i });
    const { gas } = await lab.post(request);
    if (gas > most) most = gas;
  }
  return { "beacon.submit": most };
}

/** Signed requests: one transaction each. */
export async function measureSigned(lab: Lab): Promise<Figures> {
  const { world } = lab;
  const requester = walletOf(world.connection, world.deployer.account.address);
  await mint(world, requester.account.address, 10n ** 12n);
  await approveAll(requester, world.paymentToken, world.instance.escrow);
  const [account] = await world.connection.ethers.getSigners();
  if (account === undefined) throw new Error("The local chain has no accounts.");
  const escrow = escrowOf(world);
  const { timestamp } = await world.chain.getBlock();
  await requester.writeContract({ ...escrow, functionName: "deposit", args: [requester.account.address, 10n ** 12n] });
  await requester.writeContract({ ...escrow, functionName: "timeLock", args: [0n, 10n ** 12n, timestamp + 86_400n] });
  const figures: Figures = {};
  let nonce = 0n;
  for (const k of [1n, 5n, 10n]) {
    await settleSigned(lab, k, nonce++);
    figures[`signed.k${k}`] = await settleSigned(lab, k, nonce++);
  }
  return figures;
}

async function settleSigned(lab: Lab, k: bigint, nonce: bigint): Promise<bigint> {
  const { world } = lab;
  await publishSnapshot(world, lab.taskId);
  const template = (await lab.ask({ k: 10, slot: 5_000 + Number(nonce) })).request.fields;
  const submittedAtS = (await world.chain.getBlock()).timestamp;
  const words = encodeRequest({
    ...template,
    requester: getAddress(world.deployer.account.address),
    sequence: nonce,
    slot: 0n,
    k,
    quorum: (2n * k) / 3n + 1n,
    callbackGas: 0n,
    challengeWindowS: 0n,
    submittedAtS,
    round: roundAt(world.beacon, submittedAtS + template.beaconDelayS),
    flags: flagSigned | (template.flags & 1n),
  });
  const { escrow, beacon } = world.instance;
  const requestId = requestIdOf({ chainId: localChainId, escrow, beacon }, words);
  const request = { requestId, words, fields: decodeRequest(words) };
  await lab.sleep(5);
  await lab.post(request);
  const settlement = await settlementOf(world, lab.nodes, request, { output });
  const signature = await signAsRequester(lab, words);
  const settler = walletOf(world.connection, (await firstMember(lab, request)).signer);
  await world.connection.networkHelpers.setBalance(settler.account.address, 10n ** 18n);
  const call = { ...escrowOf(world), functionName: "settleSigned", args: [settlement, signature, []] } as const;
  return (await lab.gasOf(await settler.writeContract(call))).gas;
}

async function signAsRequester({ world }: Lab, words: RequestWords): Promise<Hex> {
  const data = signedRequestData(localChainId, world.instance.escrow, words);
  return compactSignature(await world.deployer.signTypedData({ ...data, account: world.deployer.account }));
}
