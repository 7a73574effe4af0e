import type { InstanceParameters } from "./parameters.ts";

/** Bounds of the contracts, in seconds: a task's window, and a request's challenge window. */
const longestWindowS = 86_400;
const longestChallengeS = 86_400;

type Bounded = Pick<
  InstanceParameters,
  "parameters" | "disputeParameters" | "taskSettings" | "beaconPeriod" | "unbonding"
>;

/** The longest wait for a round, in seconds. */
const beaconWaitS = ({ parameters, beaconPeriod }: Bounded): number =>
  parameters.beaconDelay + Number(beaconPeriod) + parameters.beaconTimeout;

/** Panels after one another, and rounds of the beacon that each can wait for: one, and another where that was void. */
const levels = 2;
const rounds = 2;

/** The longest that a dispute can last, in seconds, from its opening to its close. Equals `Disputes.longestDispute`. */
export function longestDisputeS(p: Bounded, windowS = longestWindowS): number {
  const { panelWindow, appealWindow, punishWindow } = p.disputeParameters;
  const panelS = Math.max(panelWindow, 2 * windowS);
  return levels * (rounds * (beaconWaitS(p) + appealWindow) + panelS) + punishWindow;
}

/**
 * What unbonding must exceed, in seconds (DSP-1, STK-2): a node that leaves can be drawn until the snapshots that name it
 * are too old; its request lives, waits out challenge and dispute window; and the dispute over it lasts. With the longest
 * window it equals `NodeRegistry.leastUnbonding`.
 */
export function leastUnbondingS(p: Bounded, windowS = longestWindowS): number {
  const { fallbackDelay, chainPhase, expireDelay, disputeWindow } = p.parameters;
  const requestS = beaconWaitS(p) + windowS + fallbackDelay + 2 * chainPhase + expireDelay;
  const disputableS = longestChallengeS + disputeWindow;
  return p.taskSettings.maxSnapshotAge + requestS + disputableS + longestDisputeS(p, windowS);
}
