/** The beacon job's pass: relays rounds that open requests and panels wait for, one transaction each. */
import { encodeFunctionData, type Hex } from "viem";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { verifyBeacon } from "../../sdk/drand/bls.ts";
import { type JobDeps, makeTally, nowSeconds, type Tally } from "../job.ts";
import type { Cases } from "../panel/cases.ts";
import type { Pass } from "../runtime/loop.ts";
import { isUnderWay } from "../runtime/submit-once.ts";
import { type DueRound, planBeacon, type Waiting } from "./plan.ts";
import type { RoundSource } from "./source.ts";

export type BeaconDeps = JobDeps & {
  readonly source: RoundSource;
  readonly cases: Pick<Cases, "ids" | "of">;
};

const job = "beacon";
/** Rounds per pass: each costs a pairing here and about 0.2 million gas on chain. */
const most = 32;
/** A round that the chain refused is tried again after so long. */
const refusedRetryMs = 10_000;

/** Whether a signature is the instance's beacon's over a round. */
export const makeRoundCheck =
  ({ instance }: Pick<JobDeps, "instance">) =>
  (round: bigint, signature: Hex): boolean =>
    verifyBeacon({ publicKey: instance.drand.publicKey, round, signature });

const subjectOf = (round: bigint): string => `round:${round}`;

const keyOf = ({ instance }: BeaconDeps, round: bigint) => ({
  contract: instance.beacon,
  subject: subjectOf(round),
  action: "submit",
});

/** Puts the round into the outbox. False when it is under way, or the source does not have it yet. */
const relay = async (deps: BeaconDeps, { round, deadlineS }: DueRound, signal: AbortSignal): Promise<boolean> => {
  const { transactions, source } = deps;
  const key = keyOf(deps, round);
  const status = (await transactions.find(key))?.status;
  if (isUnderWay(status) || status?.kind === "mined") return false;
  const signature = await source.signature(round, signal);
  if (signature === undefined) return false;
  const data = encodeFunctionData({ abi: drandBeaconAbi, functionName: "submit", args: [round, signature] });
  const intent = { ...key, data, deadlineS: Number(deadlineS), retryAfterMs: refusedRetryMs };
  await transactions.submit(intent, { again: true });
  return true;
};

/** Rounds that this process put into the outbox and that somebody else may have posted since. */
const callOff = async (deps: BeaconDeps, sent: Set<bigint>, posted: ReadonlySet<bigint>): Promise<void> => {
  for (const round of sent) {
    if (!posted.has(round)) continue;
    sent.delete(round);
    const found = await deps.transactions.find(keyOf(deps, round));
    if (found?.status.kind === "pending") await deps.transactions.cancel(found.id, "somebody else posted the round");
  }
};

const postedOf = async ({ chain }: BeaconDeps, rounds: Iterable<bigint>): Promise<ReadonlySet<bigint>> => {
  const posted = new Set<bigint>();
  for (const round of new Set(rounds)) if ((await chain.round(round)) !== undefined) posted.add(round);
  return posted;
};

/** The rounds that a dispute over this request waits for. */
const roundsOf = async ({ chain, cases }: BeaconDeps, requestId: Hex): Promise<readonly Waiting[]> => {
  const [dispute, request] = [await cases.of(requestId), await chain.request(requestId)];
  if (dispute === undefined || request === undefined) return [];
  return dispute.levels.map(({ round }) => ({ round, fields: request.fields }));
};

const panelsOf = async (deps: BeaconDeps, tally: Tally): Promise<readonly Waiting[]> => {
  const waiting: Waiting[] = [];
  for (const requestId of await deps.cases.ids()) {
    const what = { job, subject: requestId, action: "read" };
    waiting.push(...((await tally.attempt(what, () => roundsOf(deps, requestId))) ?? []));
  }
  return waiting;
};

/** Makes the pass. A source that fails is the item's failure; the others go on. */
export const makeBeaconJob = (deps: BeaconDeps): Pass => {
  const { chain, instance, log } = deps;
  const sent = new Set<bigint>();
  return async (signal) => {
    const tally = makeTally(log);
    const requests = (await chain.activeSummaries()).filter(({ state }) => state === "open");
    const panels = await panelsOf(deps, tally);
    const rounds = [...requests.map(({ fields }) => fields.round), ...panels.map(({ round }) => round)];
    const posted = await postedOf(deps, [...rounds, ...sent]);
    await callOff(deps, sent, posted);
    const nowS = await nowSeconds(deps);
    for (const due of planBeacon({ requests, panels, posted, schedule: instance.drand, nowS, most })) {
      if (signal.aborted) break;
      const subject = subjectOf(due.round);
      const isSent = await tally.attempt({ job, subject, action: "submit" }, () => relay(deps, due, signal));
      if (isSent !== true) continue;
      sent.add(due.round);
      tally.done();
    }
    return tally.report();
  };
};
