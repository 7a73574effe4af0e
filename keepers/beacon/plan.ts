/** Which rounds of the beacon open requests and panels wait for: pure. */
import { timeOf } from "../../sdk/drand/schedule.ts";
import type { DrandSchedule } from "../../sdk/drand/types.ts";
import { roundTimeoutAt } from "../../sdk/time/round-verdict.ts";
import type { RequestFields } from "../../sdk/words/request.ts";
import type { RequestSummary } from "../chain/requests.ts";

/** A round to relay. After `deadlineS` it helps no request any more. */
export type DueRound = { readonly round: bigint; readonly roundTimeS: bigint; readonly deadlineS: bigint };

/** Who waits for a round, and how long. */
export type Waiting = {
  readonly round: bigint;
  readonly fields: Pick<RequestFields, "beaconDelayS" | "beaconTimeoutS">;
};

export type BeaconFacts = {
  readonly requests: readonly Pick<RequestSummary, "state" | "fields">[];
  /** Rounds that draw panels over requests of these fields. */
  readonly panels?: readonly Waiting[];
  /** Rounds that the escrow has. */
  readonly posted: ReadonlySet<bigint>;
  readonly schedule: DrandSchedule;
  readonly nowS: bigint;
  /** Rounds per pass. */
  readonly most: number;
};

/** Rounds that open requests and panels name, whose time has come, that are not posted and not too late; earliest first. */
export const planBeacon = ({
  requests,
  panels = [],
  posted,
  schedule,
  nowS,
  most,
}: BeaconFacts): readonly DueRound[] => {
  const due = new Map<bigint, DueRound>();
  const open = requests.filter(({ state }) => state === "open");
  const waiting = [...open.map(({ fields }) => ({ round: fields.round, fields })), ...panels];
  for (const { round, fields } of waiting) {
    if (round < 1n || posted.has(round)) continue;
    const roundTimeS = timeOf(schedule, round);
    const deadlineS = roundTimeoutAt(fields, roundTimeS);
    if (nowS < roundTimeS || nowS > deadlineS) continue;
    const earlier = due.get(round);
    if (earlier === undefined || earlier.deadlineS < deadlineS) due.set(round, { round, roundTimeS, deadlineS });
  }
  return [...due.values()].toSorted((a, b) => (a.round < b.round ? -1 : 1)).slice(0, most);
};
