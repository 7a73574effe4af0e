/** Who has money in the model. Nodes are booked under their camp's party. */
export type Party = "honest" | "adversary" | "requester" | "outsider" | "settler" | "treasury" | "work";

/** Money that moved, per party: what came in less what went out. The balances sum to zero. */
export type Books = {
  readonly move: (from: Party, to: Party, amount: bigint) => void;
  readonly balanceOf: (party: Party) => bigint;
};

export const parties: readonly Party[] = [
  ...(["honest", "adversary", "requester", "outsider", "settler", "treasury", "work"] as const),
];

/** Empty books. What computing costs is paid to the party "work". */
export function makeBooks(): Books {
  const balances = new Map<Party, bigint>();
  const balanceOf = (party: Party): bigint => balances.get(party) ?? 0n;
  return {
    balanceOf,
    move: (from, to, amount) => {
      if (amount < 0n) throw new RangeError(`A negative amount moves from ${from} to ${to}.`);
      balances.set(from, balanceOf(from) - amount);
      balances.set(to, balanceOf(to) + amount);
    },
  };
}
