/** What a request asks for where its maker leaves it open. Pure. */
import type { Member } from "../../sdk/committee/snapshot.ts";
import { UsageError } from "../commands/usage-error.ts";
import { formatAmount } from "./amounts.ts";
import type { Token } from "./session.ts";

const usualK = 10n;
const mostK = 21n;
/** Nodes beyond the committee that a panel needs. */
const panelReserve = 7n;

/** Committee size: 10, or as many as leave enough nodes for a panel. Throws UsageError where that is none. */
export const chooseK = (pool: number, acceptNoPanel: boolean): bigint => {
  const most = BigInt(pool) - (acceptNoPanel ? 0n : panelReserve);
  if (most >= 1n) return most < usualK ? most : usualK;
  throw new UsageError(
    `The pool has ${pool} nodes, too few for a panel if there is a dispute: wait for more, or add --accept-no-panel.`,
  );
};

/**
 * The highest ask to pay: the lowest at which three quarters of the pool, and k nodes at least, may be drawn. So a few nodes
 * that ask too much do not set the price. Throws UsageError where the pool has fewer than k nodes.
 */
export const chooseMaxAsk = (pool: readonly Member[], k: bigint): bigint => {
  const asks = pool.map(({ ask }) => ask).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const place = Math.max(Math.ceil((asks.length * 3) / 4), Number(k)) - 1;
  const ask = asks[place];
  if (k > mostK || ask === undefined)
    throw new UsageError(`--k is ${k}: it must be 1 to 21, and at most the ${pool.length} nodes of the pool.`);
  return ask;
};

/** What is likely a mistake. `price` is `maxAsk` for people; `money` a tip that somebody chose, and what is locked besides it. */
export const warningsOf = (
  pool: readonly Member[],
  { k, maxAsk, price }: { readonly k: bigint; readonly maxAsk: bigint; readonly price: string },
  money: { readonly tip: bigint; readonly work: bigint } | undefined,
  token: Token,
): readonly string[] => {
  const fit = pool.filter(({ ask }) => ask <= maxAsk).length;
  return [
    ...(fit < k
      ? [`Only ${fit} of ${pool.length} nodes ask at most ${price} and ${k} are needed: it would end in a refund.`]
      : []),
    ...(money !== undefined && money.tip > money.work
      ? [
          `The tip of ${formatAmount(money.tip, token)} is more than the work's price of ${formatAmount(money.work, token)}.`,
        ]
      : []),
  ];
};
