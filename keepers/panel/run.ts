/** The pass that brings decisions of panels in which this node sits on chain. Runs beside the executor, with the node's key. */
import { encodeFunctionData, type Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { fingerprintOf } from "../../sdk/agreement/fingerprint.ts";
import { packProof } from "../../sdk/agreement/settlement.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { encodePanelHead } from "../../sdk/words/panel-head.ts";
import { type JobDeps, makeTally, nowSeconds } from "../job.ts";
import { type Committee, type Committees, seatOf } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import { submitOnce } from "../runtime/submit-once.ts";
import type { Pass } from "../runtime/loop.ts";
import { type Group, groupsOf, proofsOf } from "../settler/assemble.ts";
import { countedAttestations } from "../settler/counted.ts";
import type { Cases, DisputeLevel } from "./cases.ts";
import { type Vote, voteDue } from "./plan.ts";

export type PanelPassDeps = JobDeps & {
  readonly committees: Pick<Committees, "byId">;
  readonly held: Pick<HeldStore, "read">;
  readonly cases: Pick<Cases, "ids" | "of">;
};

type Sitting = { readonly panel: Committee; readonly level: DisputeLevel; readonly groups: readonly Group[] };

const job = "panel";
/** A decision that the contract refused, because clocks differ or it was faster, is simulated again after so long. */
const refusedRetryMs = 2_000;

const voteOf = ({ first, bySeat }: Group): Vote => ({
  digest: fingerprintOf(first.digest),
  committed: first.committed,
  attested: bitmapOf(bySeat.keys()),
});

const dataOf = ({ panel, level }: Sitting, group: Group): Hex =>
  encodeFunctionData({
    abi: disputesAbi,
    functionName: "decide",
    args: [
      panel.request.words,
      level.level,
      group.first.digest,
      encodePanelHead(voteOf(group)),
      packProof(proofsOf(group, panel.members.length)),
    ],
  });

/** Makes the pass. It puts transactions into the outbox; sending them is the outbox's business. */
export const makePanelPass = (deps: PanelPassDeps): Pass => {
  const { chain, instance, transactions, committees, held, cases, log } = deps;

  const keyOf = (requestId: Hex, level: bigint) => ({
    contract: instance.disputes,
    subject: `${requestId} ${level}`,
    action: "decide",
  });

  /** The panel of a level if this node sits in it, with the attestations that the chain counts. */
  const sit = async (requestId: Hex, level: DisputeLevel, nodeId: bigint): Promise<Sitting | undefined> => {
    const found = await committees.byId(requestId, level.level);
    if ("missing" in found || seatOf(found.committee, nodeId) < 0) return undefined;
    const panel = found.committee;
    const { attestations } = await held.read(requestId, level.level);
    const counted = await countedAttestations({ chain, instance }, panel.request, attestations);
    return { panel, level, groups: groupsOf(panel.members, counted, level.level) };
  };

  const submit = async ({ panel, level }: Sitting, data: Hex, vote: Vote): Promise<boolean> => {
    const { requestId } = panel.request;
    const key = keyOf(requestId, level.level);
    const { deadlineS, expireAtS } = panel.timeline;
    const untilS = level.tally?.isDecided === true ? expireAtS : deadlineS;
    // what is mined shows this juror too
    const isSent = await submitOnce(transactions, {
      ...key,
      data,
      deadlineS: Number(untilS),
      retryAfterMs: refusedRetryMs,
    });
    if (isSent)
      log.info({ requestId, level: level.level, attested: vote.attested }, "a panel's decision goes on chain");
    return isSent;
  };

  /** What is under way and not needed any more: another juror was faster. */
  const callOff = async (requestId: Hex, level: bigint): Promise<void> => {
    const found = await transactions.find(keyOf(requestId, level));
    const isUnderWay = found?.status.kind === "pending" || found?.status.kind === "refused";
    if (found !== undefined && isUnderWay) await transactions.cancel(found.id, "the panel's decision is on chain");
  };

  const passOne = async (requestId: Hex, level: DisputeLevel, nodeId: bigint, nowS: bigint): Promise<boolean> => {
    const sitting = await sit(requestId, level, nodeId);
    if (sitting === undefined) return false;
    const { panel, groups } = sitting;
    const votes = new Map(groups.map((group) => [voteOf(group), group]));
    const vote = voteDue({
      nowS,
      timeline: panel.timeline,
      seats: panel.members.length,
      ownSeat: seatOf(panel, nodeId),
      tally: level.tally,
      votes: [...votes.keys()],
    });
    const group = vote === undefined ? undefined : votes.get(vote);
    if (vote !== undefined && group !== undefined) return submit(sitting, dataOf(sitting, group), vote);
    if (level.tally?.isDecided === true) await callOff(requestId, level.level);
    return false;
  };

  return async (signal) => {
    const tally = makeTally(log);
    const nodeId = await deps.nodeId();
    if (nodeId === undefined) return tally.report();
    const nowS = await nowSeconds(deps);
    for (const requestId of await cases.ids()) {
      if (signal.aborted) break;
      const what = { job, subject: requestId, action: "decide" };
      const dispute = await tally.attempt(what, () => cases.of(requestId));
      for (const level of dispute?.levels ?? [])
        if ((await tally.attempt(what, () => passOne(requestId, level, nodeId, nowS))) === true) tally.done();
    }
    return tally.report();
  };
};
