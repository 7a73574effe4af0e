/** Closed forms of the profit of one deviating node among honest ones, in pays per committee seat; k at least 2. */
export type Economics = {
  /** Cost of computing, as a part of a pay. */
  readonly workCost: number;
  /** Stake per node in pays. */
  readonly stakePays: number;
};

/** An honest node: its pay less its cost. */
export function honestProfit({ workCost }: Pick<Economics, "workCost">): number {
  return 1 - workCost;
}

/** A lazy node whose guess is right with a probability: pay if right, the stake if not. */
export function lazyProfit({ stakePays }: Pick<Economics, "stakePays">, rightGuess: number): number {
  return rightGuess - (1 - rightGuess) * stakePays;
}

/** The stake in pays above which a lone lazy node earns less than an honest one; negative if it does without stake. */
export function breakEvenStake({ workCost }: Pick<Economics, "workCost">, rightGuess: number): number {
  return workCost / (1 - rightGuess) - 1;
}

/** The probability of a right guess from which laziness pays at a given stake. */
export function breakEvenGuess({ workCost, stakePays }: Economics): number {
  return 1 - workCost / (1 + stakePays);
}

/** A node that computes and diverges with a probability. */
export function divergingProfit({ workCost, stakePays }: Economics, divergence: number): number {
  return 1 - divergence - workCost - divergence * stakePays;
}

/** The divergence at which a node among honest ones earns nothing. */
export function breakEvenDivergence({ workCost, stakePays }: Economics): number {
  return (1 - workCost) / (1 + stakePays);
}
