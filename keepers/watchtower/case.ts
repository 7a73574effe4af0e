/** How a dispute stands, as the contract's words say; see `Docket.sol`. */

/** What is known of a panel: bit i of `attested` is the i-th juror drawn. */
export type Tally = { readonly isDecided: boolean; readonly attested: bigint };

export type DisputeCase = {
  /** Of the parameters that it was opened under. */
  readonly version: bigint;
  /** Beacon round of the first panel. */
  readonly round: bigint;
  readonly isConcluded: boolean;
  readonly isClosed: boolean;
  readonly first: Tally;
  readonly second: Tally;
  readonly hasLevelTwo: boolean;
};

const flagConcluded = 16n;
const flagClosed = 32n;

const tallyOf = (word: bigint): Tally => ({
  isDecided: ((word >> 63n) & 1n) === 1n,
  attested: BigInt.asUintN(63, word),
});

/** The six words of `caseOf`, or undefined where there is no dispute. */
export const decodeCase = ([docket = 0n, , first = 0n, appeal = 0n, second = 0n]: readonly bigint[]):
  DisputeCase | undefined => {
  if (docket === 0n) return undefined;
  return {
    version: BigInt.asUintN(16, docket >> 16n),
    round: BigInt.asUintN(32, docket >> 32n),
    isConcluded: (docket & flagConcluded) !== 0n,
    isClosed: (docket & flagClosed) !== 0n,
    first: tallyOf(first),
    second: tallyOf(second),
    hasLevelTwo: appeal !== 0n,
  };
};
