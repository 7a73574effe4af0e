/** Who was drawn to judge a dispute, and when what is due: drawn here as the contract draws it. */
import type { Hex } from "viem";
import { anyAsk, draw } from "../../sdk/committee/draw.ts";
import { leastPanel, panelSeats, panelThreshold } from "../../sdk/committee/panel.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { type PanelTimes, panelTimesOf } from "../../sdk/time/panel-timeline.ts";
import { roundVerdict } from "../../sdk/time/round-verdict.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import type { ChainView } from "../chain/view.ts";
import type { Committee, PanelSource } from "../network/committees.ts";
import type { Cases, DisputeView } from "./cases.ts";

export type PanelDeps = {
  readonly view: Pick<ChainView, "round" | "snapshot">;
  readonly cases: Pick<Cases, "of">;
  /** The time that a beacon round is due, Unix seconds. */
  readonly roundTimeS: (round: bigint) => bigint;
};

/**
 * Half of a panel's time is for computing, which is at least the task's window, the rest for attesting and for bringing
 * the decision on chain. A panel has no fallback.
 */
export const timelineOfPanel = ({ startS, endS, finalS }: PanelTimes): Timeline => ({
  startS,
  commitEndS: startS + (endS - startS) / 2n,
  attestEndS: endS - (endS - startS) / 4n,
  fallbackAtS: endS,
  chainCommitEndS: endS,
  deadlineS: endS,
  expireAtS: finalS,
});

/** Makes the source of panels. A draw costs milliseconds and is asked for only while a dispute goes on, so none is kept. */
export const makePanels = ({ view, cases, roundTimeS }: PanelDeps): PanelSource => {
  const drawFrom = async (snapshotId: bigint, seed: Hex, size: number, excluded: readonly bigint[]) => {
    const snapshot = await view.snapshot(snapshotId);
    if (snapshot.entries.length === 0) return [];
    return draw({ snapshot, seed, k: BigInt(size), maxAsk: anyAsk, excluded });
  };

  /** From the newest snapshot when the dispute was opened, or from the request's own if that yields no panel. */
  const jurorsOf = async (
    { snapshotId }: DisputeView,
    ownId: bigint,
    ...how: [seed: Hex, size: number, excluded: readonly bigint[]]
  ): Promise<readonly Member[]> => {
    const jurors = snapshotId === 0n ? [] : await drawFrom(snapshotId, ...how);
    return jurors.length >= leastPanel || snapshotId === ownId ? jurors : drawFrom(ownId, ...how);
  };

  return async (before: Committee, level: bigint) => {
    const { request } = before;
    const { requestId, fields } = request;
    const dispute = await cases.of(requestId);
    const opened = dispute?.levels.find((one) => one.level === level);
    if (dispute === undefined || opened === undefined) return { missing: "UnknownLevel" };
    const posted = await view.round(opened.round);
    if (posted === undefined) return { missing: "RoundUnknown" };
    const dueS = roundTimeS(opened.round);
    if (roundVerdict(fields, dueS, posted.postedAtS) !== "good") return { missing: "RoundRefused" };
    const earlier = [...before.earlier, ...before.members.map(({ nodeId }) => nodeId)];
    const size = panelSeats(level === 1n ? 1 : 2, Number(fields.k), dispute.terms.panelMin);
    const seed = seedOf(posted.randomness, requestId, level);
    const members = await jurorsOf(dispute, fields.snapshotId, seed, size, earlier);
    if (members.length < leastPanel) return { missing: "CommitteeIncomplete" };
    const windows = { ...dispute.terms, taskWindowS: fields.windowS };
    const timeline = timelineOfPanel(panelTimesOf(windows, dueS, posted.postedAtS));
    return { committee: { request, level, earlier, members, quorum: panelThreshold(members.length), timeline } };
  };
};
