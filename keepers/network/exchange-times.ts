/** When members may say what, in milliseconds of the node's own clock. */
import type { Timeline } from "../../sdk/time/timeline.ts";

/** After the end of commits, members take the union of what their peers hold before they reveal. */
export const unionDelayMs = 3_000;
/**
 * Commits that a peer held in time are taken from it for so long after the end of commits. A second less than
 * `unionDelayMs`: while clocks differ by less than that, no honest member has revealed when the last commit is taken.
 */
export const pullWindowMs = 2_000;
/** A second root is considered after so long without a quorum. */
export const secondRootDelayMs = 10_000;

export type ExchangeTimes = {
  readonly startMs: number;
  /** Commits sent by POST count until then. */
  readonly commitEndMs: number;
  /** Commits that peers hold count until then. */
  readonly pullEndMs: number;
  /** From then on a quorum of commits is enough to attest. */
  readonly unionAtMs: number;
  /** The last moment at which the request can settle. */
  readonly deadlineMs: number;
};

/** The moments of the exchange within a request's timeline. */
export const exchangeTimesOf = ({ startS, commitEndS, deadlineS }: Timeline): ExchangeTimes => {
  const commitEndMs = Number(commitEndS) * 1_000;
  return {
    startMs: Number(startS) * 1_000,
    commitEndMs,
    pullEndMs: commitEndMs + pullWindowMs,
    unionAtMs: commitEndMs + unionDelayMs,
    deadlineMs: Number(deadlineS) * 1_000,
  };
};
