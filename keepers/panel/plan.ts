/** When a juror shows the panel's decision to the disputes contract: pure. */
import { countBits, hasBit } from "../../sdk/committee/bitmap.ts";
import { panelThreshold } from "../../sdk/committee/panel.ts";
import { turnAt } from "../../sdk/time/turn.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import type { Tally } from "../../sdk/words/dispute-case.ts";

/** Attestations in hand over one digest, here its fingerprint, under one root; jurors as bitmaps in draw order. */
export type Vote = { readonly digest: bigint; readonly committed: bigint; readonly attested: bigint };

export type PanelFacts = {
  readonly nowS: bigint;
  /** Of the panel: `deadlineS` is the last second to decide, `expireAtS` the last to add jurors that were left out. */
  readonly timeline: Timeline;
  readonly seats: number;
  readonly ownSeat: number;
  /** What the contract knows. */
  readonly tally: Tally | undefined;
  readonly votes: readonly Vote[];
};

/** Longest turn, seconds; shorter where a panel has little time, so that every juror has one. */
const longestTurnS = 12n;

const countOf = (bits: bigint): number => Number(countBits(bits));
const most = (votes: readonly Vote[]): Vote | undefined =>
  votes.toSorted((a, b) => countOf(b.attested) - countOf(a.attested))[0];

/** The vote to show now, if any. */
export const voteDue = (facts: PanelFacts): Vote | undefined =>
  facts.tally?.isDecided === true ? leftOut(facts, facts.tally) : decision(facts);

/**
 * A vote that decides, in this juror's turn. Whoever committed is waited for first: a juror that is left out is not paid,
 * and is taken for silent.
 */
function decision({ nowS, timeline, seats, ownSeat, votes }: PanelFacts): Vote | undefined {
  const vote = most(votes.filter(({ attested }) => countOf(attested) >= panelThreshold(seats)));
  if (vote === undefined || nowS >= timeline.deadlineS) return undefined;
  const isComplete = vote.attested === vote.committed;
  if (!isComplete && nowS < timeline.attestEndS) return undefined;
  return isTurn({ nowS, timeline, seats, ownSeat }) ? vote : undefined;
}

/** In the last eighth of the time everybody may: an undecided panel is worse than gas spent twice. */
function isTurn({ nowS, timeline, seats, ownSeat }: Pick<PanelFacts, "nowS" | "timeline" | "seats" | "ownSeat">) {
  const { startS, deadlineS } = timeline;
  const timeS = deadlineS - startS;
  if (nowS >= deadlineS - timeS / 8n) return true;
  const sharedS = timeS / 4n / BigInt(seats + 1);
  const lengthS = sharedS > longestTurnS ? longestTurnS : sharedS < 1n ? 1n : sharedS;
  const turn = turnAt(startS, nowS, BigInt(seats), lengthS);
  return turn === BigInt(seats) || turn === BigInt(ownSeat);
}

/** The level is decided without this juror, who attested the same: it shows that itself, together with one that counts. */
function leftOut({ nowS, timeline, ownSeat, votes }: PanelFacts, tally: Tally): Vote | undefined {
  if (nowS >= timeline.expireAtS || hasBit(tally.attested, ownSeat)) return undefined;
  return most(
    votes.filter(
      ({ digest, attested }) =>
        digest === tally.digest && hasBit(attested, ownSeat) && (attested & tally.attested) !== 0n,
    ),
  );
}
