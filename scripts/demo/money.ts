import { type Address, getAddress, isAddress, parseEventLogs } from "viem";
import { type LocalRequest, requestsIn } from "../../deploy/local/committee.ts";
import type { World } from "../../deploy/local/world.ts";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";

/** All the money in the escrow, in units of the payment token, by where it is. */
export type Money = {
  readonly deposited: bigint;
  readonly withdrawn: bigint;
  /** What the token says that the escrow holds. */
  readonly held: bigint;
  readonly accounts: bigint;
  readonly timeLocks: bigint;
  /** Of requests that are open or wait for their challenge window. */
  readonly locks: bigint;
  /** Left-overs of ended requests, kept in their slots. */
  readonly leftovers: bigint;
  readonly earnings: bigint;
  readonly claims: bigint;
  readonly royalties: bigint;
  readonly treasury: bigint;
};

/** The places in which money can be. */
export const places = [
  "accounts",
  "timeLocks",
  "locks",
  "leftovers",
  "earnings",
  "claims",
  "royalties",
  "treasury",
] as const satisfies readonly (keyof Money)[];

/** What is in all places together. */
export const sumOf = (money: Money): bigint => places.reduce((sum, place) => sum + money[place], 0n);

/** Whether money in equals money out and every unit that is held belongs to somebody. */
export const isConserved = (money: Money): boolean =>
  money.deposited - money.withdrawn === money.held && sumOf(money) === money.held;

/** The network as of one block, so that nothing moves while it is counted. */
type Still = World & { readonly blockNumber: bigint };

const escrowOf = ({ instance, blockNumber }: Still) =>
  ({ address: instance.escrow, abi: requestEscrowAbi, blockNumber }) as const;

/** Counts it all from the chain alone: events tell where to look, storage tells how much is there. */
export async function countMoney(now: World): Promise<Money> {
  const { chain, instance, paymentToken } = now;
  const blockNumber = await chain.getBlockNumber();
  const world: Still = { ...now, blockNumber };
  const logs = await chain.getLogs({ address: instance.escrow, fromBlock: 0n, toBlock: blockNumber });
  const events = parseEventLogs({ abi: requestEscrowAbi, logs });
  const amounts = (name: "Deposited" | "Withdrawn"): bigint[] =>
    events.flatMap((event) => (event.eventName === name ? [event.args.amount] : []));
  const holders = await holdersOf(
    world,
    events.flatMap(({ args }) => addressesIn(args)),
  );
  const held = {
    address: paymentToken,
    abi: erc20Abi,
    functionName: "balanceOf",
    args: [instance.escrow],
    blockNumber,
  } as const;
  return {
    deposited: sum(amounts("Deposited")),
    withdrawn: sum(amounts("Withdrawn")),
    held: await chain.readContract(held),
    ...(await countAccounts(world, holders)),
    ...(await countSlots(world, requestsIn({ logs }))),
    ...(await countNodes(world)),
    ...(await countFees(world)),
  };
}

/** Everybody who sent a transaction or is named by an event: nobody else can have been credited. */
async function holdersOf(world: Still, named: readonly Address[]): Promise<ReadonlySet<Address>> {
  const { chain, treasury, instance, blockNumber: head } = world;
  const senders: Address[] = [];
  for (let blockNumber = 0n; blockNumber <= head; blockNumber++) {
    const { transactions } = await chain.getBlock({ blockNumber, includeTransactions: true });
    senders.push(...transactions.map(({ from }) => getAddress(from)));
  }
  return new Set([getAddress(treasury), getAddress(instance.disputes), ...named, ...senders]);
}

function addressesIn(args: object): Address[] {
  return Object.values(args).flatMap((value) =>
    typeof value === "string" && isAddress(value) ? [getAddress(value)] : [],
  );
}

async function countAccounts(
  world: Still,
  holders: ReadonlySet<Address>,
): Promise<Pick<Money, "accounts" | "timeLocks">> {
  let [accounts, timeLocks] = [0n, 0n];
  for (const holder of holders) {
    const of = { ...escrowOf(world), args: [holder] } as const;
    const [balance] = await world.chain.readContract({ ...of, functionName: "accountOf" });
    const purse = { ...escrowOf(world), args: [holder, 0n] } as const; // nobody here uses another purse
    const [locked] = await world.chain.readContract({ ...purse, functionName: "timeLockOf" });
    [accounts, timeLocks] = [accounts + balance, timeLocks + locked];
  }
  return { accounts, timeLocks };
}

/** Each slot counts once, under the newest request that it was used for. */
async function countSlots(
  world: Still,
  requests: readonly LocalRequest[],
): Promise<Pick<Money, "locks" | "leftovers">> {
  const newest = new Map(requests.map(({ fields }) => [`${fields.requester} ${fields.slot}`, fields]));
  let [locks, leftovers] = [0n, 0n];
  for (const fields of newest.values()) {
    const args = [fields.requester, fields.slot] as const;
    const word = await world.chain.readContract({ ...escrowOf(world), functionName: "slotOf", args });
    const { state, leftover } = decodeSlotWord(word);
    if (state === "open" || state === "openDisputed" || state.startsWith("recorded")) locks += lockUp(fields);
    else leftovers += leftover;
  }
  return { locks, leftovers };
}

async function countNodes(world: Still): Promise<Pick<Money, "earnings" | "claims">> {
  const { chain, instance, blockNumber } = world;
  const registry = { address: instance.nodeRegistry, abi: nodeRegistryAbi, blockNumber } as const;
  const count = Number(await chain.readContract({ ...registry, functionName: "nodeCount" }));
  let [earnings, claims] = [0n, 0n];
  for (let nodeId = 1; nodeId <= count; nodeId++) {
    const of = { ...escrowOf(world), args: [nodeId] } as const;
    earnings += decodeNodeWord(await chain.readContract({ ...of, functionName: "nodeWord" })).earnings;
    claims += (await chain.readContract({ ...of, functionName: "claimOf" }))[0];
  }
  return { earnings, claims };
}

async function countFees(world: Still): Promise<Pick<Money, "royalties" | "treasury">> {
  const { chain, instance, blockNumber } = world;
  const registry = { address: instance.taskRegistry, abi: taskRegistryAbi, blockNumber } as const;
  const count = Number(await chain.readContract({ ...registry, functionName: "taskCount" }));
  let [royalties, treasury] = [0n, 0n];
  for (let taskId = 1; taskId <= count; taskId++) {
    const fees = await chain.readContract({ ...escrowOf(world), functionName: "feesOf", args: [taskId] });
    [royalties, treasury] = [royalties + fees[0], treasury + fees[1]];
  }
  return { royalties, treasury };
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
