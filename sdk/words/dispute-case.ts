/** What a panel was shown to have attested. */
export type Tally = {
  /** Fingerprint of the digest. */
  readonly digest: bigint;
  readonly isDecided: boolean;
  /** Jurors as a bitmap in draw order. */
  readonly attested: bigint;
};

/** A level: the round that draws its panel, and what that was shown to have found. */
export type CaseLevel = { readonly round: bigint; readonly tally: Tally | undefined };

/** A dispute as `Disputes.caseOf` tells it. */
export type DisputeCase = {
  /** The task's newest snapshot when it was opened; zero if it had none. */
  readonly snapshotId: bigint;
  /** Of the parameters that it was opened under. */
  readonly version: bigint;
  /** Whether the verdict was carried out. */
  readonly isConcluded: boolean;
  /** Whether what was slashed is distributed. */
  readonly isClosed: boolean;
  readonly first: CaseLevel;
  /** Undefined while there is no second level. */
  readonly second: CaseLevel | undefined;
};

const concluded = 16n;
const closed = 32n;
const bits = (word: bigint, from: bigint, width: bigint): bigint => (word >> from) & ((1n << width) - 1n);

/** Reads the words of `caseOf`: see `Docket.sol`. Undefined where there is no dispute. */
export function decodeDisputeCase([docket, , first, appeal, second]: readonly [
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
  bigint,
]): DisputeCase | undefined {
  if (docket === 0n) return undefined;
  return {
    snapshotId: bits(docket, 64n, 32n),
    version: bits(docket, 16n, 16n),
    isConcluded: (docket & concluded) !== 0n,
    isClosed: (docket & closed) !== 0n,
    first: { round: bits(docket, 32n, 32n), tally: tallyOf(first) },
    second: appeal === 0n ? undefined : { round: bits(appeal, 64n, 32n), tally: tallyOf(second) },
  };
}

/** digest(192) | decided(1) | attested(63). */
function tallyOf(word: bigint): Tally | undefined {
  if (word === 0n) return undefined;
  return { digest: word >> 64n, isDecided: bits(word, 63n, 1n) === 1n, attested: bits(word, 0n, 63n) };
}
