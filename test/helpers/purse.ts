import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import { balanceIn, type Market } from "./market.ts";
import { earningsOf } from "./trial.ts";

type Account = Market["requester"];

/** All that is in one attacker's hand. */
export type Purse = {
  readonly accounts: readonly Account[];
  readonly nodes?: readonly bigint[];
  /** Royalties of the market's task are the attacker's too. */
  readonly publishes?: boolean;
};

/** Slots of a requester that are looked at. */
const slots = 4n;
const atomaUnit = 10n ** 18n;

/**
 * What a purse is worth, in 10^-18 of a unit of the payment token: tokens, accounts and left-overs in the escrow, earnings, and
 * ATOMA at the price of stake, staked or not. A lock that is held counts as nothing, so requests are ended first.
 */
export async function worthOf(market: Market, purse: Purse): Promise<bigint> {
  const price = await market.taskRegistry.stakePrice();
  return (await paymentIn(market, purse)) * atomaUnit + (await atomaIn(market, purse)) * price;
}

async function paymentIn(market: Market, { accounts, nodes = [], publishes = false }: Purse): Promise<bigint> {
  const { escrow, token, taskId } = market;
  let total = publishes ? (await escrow.feesOf(taskId)).royalty : 0n;
  for (const { address } of accounts) {
    total += (await token.balanceOf(address)) + (await balanceIn(market, address));
    for (let slot = 0n; slot < slots; slot++) total += decodeSlotWord(await escrow.slotOf(address, slot)).leftover;
  }
  for (const nodeId of nodes) total += (await earningsOf(market, nodeId)) + (await escrow.claimOf(nodeId)).amount;
  return total;
}

async function atomaIn({ atoma, nodeRegistry, taskId }: Market, { accounts, nodes = [] }: Purse): Promise<bigint> {
  let total = 0n;
  for (const { address } of accounts) total += (await atoma.balanceOf(address)) + (await nodeRegistry.awardOf(address));
  for (const nodeId of nodes) {
    total += await nodeRegistry.freeStake(nodeId);
    total += await nodeRegistry.allocatedStake(nodeId, taskId);
    total += (await nodeRegistry.unbondingStake(nodeId, taskId)).amount;
  }
  return total;
}

/** Notes what a purse is worth. `profit` is what it has gained since, in units of 10^-18 ATOMA at the price of stake. */
export async function openPurse(market: Market, purse: Purse) {
  const before = await worthOf(market, purse);
  const price = await market.taskRegistry.stakePrice();
  return { profit: async (): Promise<bigint> => ((await worthOf(market, purse)) - before) / price };
}

/** Puts nodes into an attacker's hand. */
export async function handOver({ nodeRegistry, owner }: Market, to: Account, nodes: readonly bigint[]): Promise<void> {
  for (const nodeId of nodes) {
    await nodeRegistry.connect(owner).transferOwnership(nodeId, to.address);
    await nodeRegistry.connect(to).acceptOwnership(nodeId);
  }
}
