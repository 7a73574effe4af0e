import { shareDown } from "../../sdk/money/lock.ts";

/** Shares of a slash after the jurors, in basis points, and the cap of each in pays. */
export const slashShares = { requesterBps: 1_000n, challengerBps: 1_500n, honestBps: 1_500n, capPays: 50n } as const;
/** The part of a slash below which the treasury is not pushed by the other shares. */
export const treasuryLeastBps = 5_000n;

export type SlashInput = {
  /** What the losers lost, at the price of stake. */
  readonly slash: bigint;
  /** What the jurors are still owed. */
  readonly jurorsDue: bigint;
  /** One member's pay for the request. */
  readonly pay: bigint;
  readonly hasChallenger: boolean;
  readonly hasHonestMembers: boolean;
};

/** How a slash is shared out; the parts sum to it. `honest` is for all honest members together. */
export type SlashParts = {
  readonly jurors: bigint;
  readonly requester: bigint;
  readonly challenger: bigint;
  readonly honest: bigint;
  readonly treasury: bigint;
};

/**
 * Shares out the slash of a dispute's losers: first the jurors, then capped shares of what is left, shrunk pro rata so
 * that half of the slash stays for the treasury. Only the jurors' pay may take it below half.
 */
export function distributeSlash({ slash, jurorsDue, pay, hasChallenger, hasHonestMembers }: SlashInput): SlashParts {
  const jurors = least(slash, jurorsDue);
  const rest = slash - jurors;
  const shareOf = (bps: bigint) => least(shareDown(rest, bps), slashShares.capPays * pay);
  const wanted = {
    requester: shareOf(slashShares.requesterBps),
    challenger: hasChallenger ? shareOf(slashShares.challengerBps) : 0n,
    honest: hasHonestMembers ? shareOf(slashShares.honestBps) : 0n,
  };
  const total = wanted.requester + wanted.challenger + wanted.honest;
  const kept = slash - shareDown(slash, treasuryLeastBps);
  const room = rest > kept ? rest - kept : 0n;
  const shrunk = (share: bigint) => (total <= room ? share : (share * room) / total);
  const [requester, challenger, honest] = [shrunk(wanted.requester), shrunk(wanted.challenger), shrunk(wanted.honest)];
  return { jurors, requester, challenger, honest, treasury: rest - requester - challenger - honest };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
