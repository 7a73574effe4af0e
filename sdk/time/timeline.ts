import type { RequestFields } from "../words/request.ts";

/** Attestations are exchanged until this long after the last commits, or half the wait before the fallback if that is shorter. */
const attestWindowS = 30n;

/** The moments of a request's life, Unix seconds. */
export type Timeline = {
  /** The later of the round's own time and its posting. */
  readonly startS: bigint;
  /** No commit counts afterwards. */
  readonly commitEndS: bigint;
  /** Members wait for each other's attestations until then. */
  readonly attestEndS: bigint;
  /** If peers stall, commits go on chain from here. */
  readonly fallbackAtS: bigint;
  /** End of commits on chain. */
  readonly chainCommitEndS: bigint;
  /** The last moment at which the request can settle. */
  readonly deadlineS: bigint;
  /** After this second anyone may have the request refunded. */
  readonly expireAtS: bigint;
};

/** The fields that the timeline depends on. */
export type TimelineFields = Pick<RequestFields, "windowS" | "fallbackDelayS" | "chainPhaseS" | "expireDelayS">;

/** The timeline of a request whose round, of time `roundTimeS`, was posted at `postedAtS`. Equals `Terms.life` up to the deadline. */
export function timelineOf(fields: TimelineFields, roundTimeS: bigint, postedAtS: bigint): Timeline {
  const startS = roundTimeS > postedAtS ? roundTimeS : postedAtS;
  const commitEndS = startS + fields.windowS;
  const half = fields.fallbackDelayS / 2n;
  const fallbackAtS = commitEndS + fields.fallbackDelayS;
  const chainCommitEndS = fallbackAtS + fields.chainPhaseS;
  const deadlineS = chainCommitEndS + fields.chainPhaseS;
  return {
    startS,
    commitEndS,
    attestEndS: commitEndS + (half < attestWindowS ? half : attestWindowS),
    fallbackAtS,
    chainCommitEndS,
    deadlineS,
    expireAtS: deadlineS + fields.expireDelayS,
  };
}
