import { expect } from "chai";
import { type Address, getAddress, parseEventLogs } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeRequest } from "../../sdk/words/request.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import type { Market } from "./market.ts";

/**
 * ESC-1, counted from events and views: what the escrow holds is the sum of all that it owes.
 *
 * @param donated what was sent to the escrow outside its rules
 */
export async function expectBalancedBooks(market: Market, donated = 0n): Promise<void> {
  const { token, escrow } = market;
  const [accounts, nodes, requests, fees] = [
    await accountsTotal(market),
    await nodesTotal(market),
    await requestsTotal(market),
    await feesTotal(market),
  ];
  expect(await token.balanceOf(escrow), "ESC-1").to.equal(accounts + nodes + requests + fees + donated);
}

async function eventsOf({ world }: Market) {
  const logs = await world.chain.getLogs({ address: world.instance.escrow, fromBlock: 0n });
  return parseEventLogs({ abi: requestEscrowAbi, logs });
}

async function accountsTotal(market: Market): Promise<bigint> {
  const { escrow, world, treasury, nodes } = market;
  const known = [
    market.instance.disputes,
    treasury.address,
    world.deployer.account.address,
    ...nodes.map(({ signer }) => signer.address),
  ];
  const signers = await market.ethers.getSigners();
  const accounts = new Set([...known, ...signers.map(({ address }) => address)].map((address) => getAddress(address)));
  const purses = new Map<string, { readonly account: Address; readonly purse: bigint }>();
  for (const { eventName, args } of await eventsOf(market)) {
    if (eventName === "Deposited") accounts.add(args.account);
    if (eventName === "Transferred") accounts.add(args.to);
    if (eventName === "Requested") accounts.add(args.requester);
    if (eventName === "EarningsWithdrawn") accounts.add(args.owner);
    if (eventName === "TimeLocked") purses.set(`${args.account} ${args.purse}`, args);
  }
  let total = 0n;
  for (const account of accounts) {
    total += (await escrow.accountOf(account)).balance;
  }
  for (const purse of purses.values()) total += (await escrow.timeLockOf(purse.account, purse.purse)).amount;
  return total;
}

async function nodesTotal({ escrow, nodeRegistry }: Market): Promise<bigint> {
  let total = 0n;
  const count = await nodeRegistry.nodeCount();
  for (let nodeId = 1n; nodeId <= count; nodeId++) {
    total += decodeNodeWord(await escrow.nodeWord(nodeId)).earnings + (await escrow.claimOf(nodeId)).amount;
  }
  return total;
}

/** Locks of requests that have not ended, and what slots still hold of those that have. */
async function requestsTotal(market: Market): Promise<bigint> {
  const events = await eventsOf(market);
  const ended = new Set(
    events.flatMap((event) =>
      event.eventName === "Settled" || event.eventName === "Refunded" ? [event.args.requestId] : [],
    ),
  );
  let total = 0n;
  const slots = new Set<string>();
  for (const event of events) {
    if (event.eventName !== "Requested") continue;
    const fields = decodeRequest(event.args.request);
    if (!ended.has(event.args.requestId)) total += lockUp(fields);
    slots.add(`${event.args.requester} ${fields.slot}`);
  }
  for (const key of slots) {
    const [requester = "", slot = "0"] = key.split(" ");
    total += decodeSlotWord(await market.escrow.slotOf(requester, slot)).leftover;
  }
  return total;
}

async function feesTotal({ escrow, taskRegistry }: Market): Promise<bigint> {
  let total = 0n;
  for (let taskId = await taskRegistry.taskCount(); taskId > 0n; taskId--) {
    const { royalty, treasuryShare } = await escrow.feesOf(taskId);
    total += royalty + treasuryShare;
  }
  return total;
}

/** STK-1 of the nodes and tasks of a market: the ATOMA in the node registry is stake and bonds. */
export async function expectStakeAccounted(market: Market, bonds: bigint): Promise<void> {
  const { atoma, nodeRegistry, taskRegistry, world } = market;
  let stake = 0n;
  const [nodeCount, taskCount] = [await nodeRegistry.nodeCount(), await taskRegistry.taskCount()];
  for (let nodeId = 1n; nodeId <= nodeCount; nodeId++) {
    stake += await nodeRegistry.freeStake(nodeId);
    for (let taskId = 1n; taskId <= taskCount; taskId++) {
      const call = { address: world.instance.nodeRegistry, abi: nodeRegistryAbi } as const;
      const args = [Number(nodeId), Number(taskId)] as const;
      stake += await world.chain.readContract({ ...call, functionName: "allocatedStake", args });
      stake += (await nodeRegistry.unbondingStake(nodeId, taskId)).amount;
    }
  }
  expect(await atoma.balanceOf(nodeRegistry), "STK-1").to.equal(stake + bonds);
}
