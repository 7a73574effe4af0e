import { network } from "hardhat";
import { getAddress, type Hex } from "viem";
import { requestsIn, type LocalRequest } from "../../deploy/local/committee.ts";
import {
  type LocalNode,
  plainTask,
  publishSnapshot,
  registerNode,
  registerTask,
  subscribe,
  type TaskInput,
} from "../../deploy/local/nodes.ts";
import {
  approveAll,
  makeWorld,
  makeWorldBeside,
  mint,
  walletOf,
  type World,
  type WorldOptions,
} from "../../deploy/local/world.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import type { IRequestEscrow } from "../../types/index.js";
import { expectBalancedBooks } from "./books.ts";

/** What a requester chooses; see `IEscrowTypes.RequestParams`. */
export type RequestParams = {
  readonly taskId: bigint;
  readonly units: bigint;
  readonly maxAsk: bigint;
  readonly tip: bigint;
  readonly k: bigint;
  readonly quorum: bigint;
  readonly slot: bigint;
  readonly callbackGas: bigint;
  readonly challengeWindow: bigint;
  readonly acceptNoPanel: boolean;
};

/** A world with a task, a published pool of nodes, and a requester with money in the escrow. */
export type Market = Awaited<ReturnType<typeof openMarket>>;

export type MarketOptions = WorldOptions & {
  readonly nodes?: number;
  /** Asks of the nodes, repeated in turn. */
  readonly asks?: readonly number[];
  readonly task?: Partial<TaskInput>;
  /** Makes the world; the production modules deploy it. */
  readonly make?: typeof makeWorld;
  /** Opens a second instance on the chain of this world instead. The same keys sign for its nodes. */
  readonly beside?: World;
};

/** What the requester and the settler of a market hold at first, in units of the payment token. */
export const startingBalance = 10n ** 15n;

export const sampleOutput: Hex = `0x${"22".repeat(32)}`;

/** Opens a market on a fresh chain. Accounts: 0 deployer, 1 treasury, 2 nodes' owner, 3 requester, 4 settler, 5 stranger. */
export async function openMarket({
  nodes: count = 12,
  asks = [5],
  task = {},
  make = makeWorld,
  beside,
  ...options
}: MarketOptions = {}) {
  const connection = beside?.connection ?? (await network.create({ network: "default", chainType: "l1" }));
  const world = beside === undefined ? await make(connection, options) : await makeWorldBeside(beside, options);
  const { ethers } = connection;
  const signers = await ethers.getSigners();
  const account = (index: number) => {
    const signer = signers[index];
    if (signer === undefined) throw new Error(`The chain has no account ${index}.`);
    return signer;
  };
  const [deployer, treasury, owner, requester, settler, stranger] = [0, 1, 2, 3, 4, 5].map(account) as Accounts;
  const { instance } = world;
  const escrow = await ethers.getContractAt("IRequestEscrow", instance.escrow);
  const nodeRegistry = await ethers.getContractAt("INodeRegistry", instance.nodeRegistry);
  const taskRegistry = await ethers.getContractAt("ITaskRegistry", instance.taskRegistry);
  const beacon = await ethers.getContractAt("DrandBeacon", instance.beacon);
  const token = await ethers.getContractAt("LocalUsd", world.paymentToken);
  const atoma = await ethers.getContractAt("AtomaToken", world.atoma);
  const disputes = await ethers.getContractAt("Disputes", instance.disputes);
  const authority = await ethers.getContractAt("AccessManager", instance.authority);
  const teeRegistry = await ethers.getContractAt("TeeRegistry", instance.teeRegistry);
  const taskId = await registerTask(world, { ...plainTask, ...task });
  const ownerWallet = walletOf(connection, getAddress(owner.address));
  const nodes: LocalNode[] = [];
  await approveAll(world.deployer, world.atoma, instance.nodeRegistry);
  for (let i = 0; i < count; i++) {
    const node = await registerNode(world, ownerWallet, `node ${i}`);
    await subscribe(world, node, taskId, asks[i % asks.length] ?? 5);
    nodes.push(node);
  }
  if (count > 0) await publishSnapshot(world, taskId);
  await mint(world, getAddress(requester.address), 2n * startingBalance);
  await token.connect(requester).approve(escrow, 2n ** 256n - 1n);
  await escrow.connect(requester).deposit(requester.address, startingBalance);
  return {
    connection,
    world,
    ethers,
    instance,
    taskId,
    nodes,
    ownerWallet,
    networkHelpers: connection.networkHelpers,
    deployer,
    treasury,
    owner,
    requester,
    settler,
    stranger,
    account,
    escrow,
    nodeRegistry,
    taskRegistry,
    beacon,
    disputes,
    token,
    atoma,
    authority,
    teeRegistry,
  };
}

type Signer = Awaited<ReturnType<Awaited<ReturnType<typeof network.create>>["ethers"]["getSigners"]>>[number];
type Accounts = [Signer, Signer, Signer, Signer, Signer, Signer];

/** Five of twelve nodes for 100 units at up to 10, paid at once, without callback, in slot 0. */
export function paramsFor({ taskId }: Pick<Market, "taskId">, changes: Partial<RequestParams> = {}): RequestParams {
  return {
    taskId,
    units: 100n,
    maxAsk: 10n,
    tip: 100_000n,
    k: 5n,
    quorum: 0n,
    slot: 0n,
    callbackGas: 0n,
    challengeWindow: 0n,
    acceptNoPanel: false,
    ...changes,
  };
}

/** The requests of a transaction. */
export async function requestsOf(
  { world }: Pick<Market, "world">,
  { hash }: { hash: string },
): Promise<LocalRequest[]> {
  return requestsIn(await world.chain.getTransactionReceipt({ hash: hash as Hex }));
}

/** The only request of a transaction. */
export async function requestOf(market: Pick<Market, "world">, transaction: { hash: string }): Promise<LocalRequest> {
  const [request] = await requestsOf(market, transaction);
  if (request === undefined) throw new Error("The transaction made no request.");
  return request;
}

/** The requester asks. */
export async function ask(market: Market, changes: Partial<RequestParams> = {}): Promise<LocalRequest> {
  const { escrow, requester } = market;
  return requestOf(market, await escrow.connect(requester).request(paramsFor(market, changes), "0x1234"));
}

/** Waits for a request's round and posts it, in a block of the round's own second or later. */
export async function post(
  { world, beacon, networkHelpers }: Market,
  { fields: { round } }: LocalRequest,
): Promise<void> {
  const due = timeOf(world.beacon, round);
  if (BigInt(await networkHelpers.time.latest()) < due) await networkHelpers.time.increaseTo(due);
  await beacon.submit(round, world.beacon.sign(round));
}

/** Asks and posts the round. */
export async function askAndPost(market: Market, changes: Partial<RequestParams> = {}): Promise<LocalRequest> {
  const request = await ask(market, changes);
  await post(market, request);
  return request;
}

/** The settler settles, without signatures of rounds. */
export function settle({ escrow, settler }: Market, ...settlements: Settlement[]) {
  return escrow.connect(settler).settle(settlements, []);
}

/** Selector of an error of the escrow. */
export function selectorOf(
  { escrow }: Pick<Market, "escrow">,
  name: Parameters<IRequestEscrow["interface"]["getError"]>[0],
): string {
  const fragment = escrow.interface.getError(name);
  if (fragment === null) throw new Error(`The escrow has no error ${name}.`);
  return fragment.selector;
}

/** Free balance of an account in the escrow. */
export async function balanceIn({ escrow }: Pick<Market, "escrow">, account: string): Promise<bigint> {
  return (await escrow.accountOf(account)).balance;
}

/**
 * A market per describe block: opened once, and put back before every test. After every test the escrow's books are
 * balanced to the last unit.
 */
export function useMarket(options: MarketOptions = {}, check: (market: Market) => Promise<void> = expectBalancedBooks) {
  let market: Market;
  let restore: () => Promise<void>;
  before(async () => {
    market = await openMarket(options);
    const snapshot = await market.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());
  afterEach(() => check(market));
  return () => market;
}
