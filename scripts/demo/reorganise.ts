import type { NetworkConnection } from "hardhat/types/network";
import { type Address, getAddress, type Hex, hexToBigInt, numberToHex } from "viem";

/** What becomes of the newest blocks of a chain that is reorganised. */
export type ReorganisationInput = {
  /** Height of the last block that stays: below the head, above the genesis. */
  readonly ancestor: bigint;
  /**
   * Whether what this sender had in the replaced blocks is forgotten, as if the other branch's miners had never heard of it. All
   * others' transactions are in the new blocks, one later than before, so that they meet another time.
   */
  readonly forgets: (sender: Address) => boolean;
};

export type Reorganisation = {
  /** Blocks that were replaced. */
  readonly depth: number;
  /** Transactions that are in the new blocks, and those that are in none. */
  readonly moved: number;
  readonly forgotten: number;
};

type Provider = Pick<NetworkConnection["provider"], "request">;
type Sent = { readonly hash: Hex; readonly from: Address };
type Placed = Sent & { readonly distance: number };

/** The chain was not reorganised as asked. */
export class ReorganisationError extends Error {
  override readonly name = "ReorganisationError";
}

/**
 * Replaces the newest blocks of an anvil that makes a block a second by as many others, with the same times. What waited in its
 * pool waits there afterwards.
 *
 * @throws ReorganisationError if there is nothing above the ancestor, or a transaction that had to stay is in no block
 */
export async function reorganise(provider: Provider, input: ReorganisationInput): Promise<Reorganisation> {
  await provider.request({ method: "evm_setIntervalMining", params: [0] });
  try {
    return await replaceBlocks(provider, input);
  } finally {
    await provider.request({ method: "evm_setTime", params: [Math.floor(Date.now() / 1_000)] });
    await provider.request({ method: "evm_setIntervalMining", params: [1] });
  }
}

async function replaceBlocks(provider: Provider, { ancestor, forgets }: ReorganisationInput): Promise<Reorganisation> {
  const head = hexToBigInt((await provider.request({ method: "eth_blockNumber" })) as Hex);
  const depth = Number(head - ancestor);
  if (depth < 1 || ancestor < 1n)
    throw new ReorganisationError(`Block ${ancestor} cannot be the last to stay below head ${head}.`);
  const sent = await transactionsAbove(provider, ancestor, depth);
  const moved = sent.filter(({ from }) => !forgets(from));
  const waiting = await takePool(provider);
  const pairs = await Promise.all(
    moved.map(async (one) => [await rawOf(provider, one), Math.min(one.distance + 1, depth - 1)] as const),
  );
  await provider.request({ method: "anvil_setBlockTimestampInterval", params: [1] });
  await provider.request({ method: "anvil_reorg", params: [depth, pairs] });
  await provider.request({ method: "anvil_removeBlockTimestampInterval" });
  for (const raw of waiting) await sendAgain(provider, raw);
  await checkMoved(provider, moved);
  return { depth, moved: moved.length, forgotten: sent.length - moved.length };
}

/** In the order in which they were executed. */
async function transactionsAbove(provider: Provider, ancestor: bigint, depth: number): Promise<Placed[]> {
  const all: Placed[] = [];
  for (let distance = 0; distance < depth; distance++) {
    const height = numberToHex(ancestor + 1n + BigInt(distance));
    const block = await provider.request({ method: "eth_getBlockByNumber", params: [height, true] });
    const { transactions } = block as { readonly transactions: readonly Sent[] };
    all.push(...transactions.map(({ hash, from }) => ({ hash, from: getAddress(from), distance })));
  }
  return all;
}

/** Empties the pool and returns what was in it: anvil throws away what does not fit the first block of the new branch. */
async function takePool(provider: Provider): Promise<Hex[]> {
  const pool = await provider.request({ method: "txpool_content" });
  const { pending, queued } = pool as Record<"pending" | "queued", Record<Address, Record<string, Sent>>>;
  const waiting = [pending, queued].flatMap((senders) => Object.values(senders).flatMap((one) => Object.values(one)));
  const raws = await Promise.all(waiting.map((one) => rawOf(provider, one)));
  await provider.request({ method: "anvil_dropAllTransactions" });
  return raws;
}

async function rawOf(provider: Provider, { hash }: Sent): Promise<Hex> {
  const raw = await provider.request({ method: "eth_getRawTransactionByHash", params: [hash] });
  if (typeof raw !== "string") throw new ReorganisationError(`Anvil does not show transaction ${hash}.`);
  return raw as Hex;
}

/** What the new branch holds already is refused; its sender sees that for himself. */
async function sendAgain(provider: Provider, raw: Hex): Promise<void> {
  await provider.request({ method: "eth_sendRawTransaction", params: [raw] }).catch(() => undefined);
}

async function checkMoved(provider: Provider, moved: readonly Sent[]): Promise<void> {
  for (const { hash, from } of moved) {
    const receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt === null) throw new ReorganisationError(`Transaction ${hash} of ${from} is not in the new blocks.`);
  }
}
