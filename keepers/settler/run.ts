/** The settler's pass: collect attestations, settle, finalise, deliver callbacks again. */
import type { Hex } from "viem";
import type { RequestSummary } from "../chain/requests.ts";
import { type JobDeps, makeTally, nowSeconds, type Tally } from "../job.ts";
import type { Committees } from "../network/committees.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import type { Pass } from "../runtime/loop.ts";
import type { Settings } from "../settings.ts";
import { actionKey, type Actions } from "./actions.ts";
import { assemble, type Assembled } from "./assemble.ts";
import { type Drawn, type DrawnLookup, makeDrawn } from "./candidates.ts";
import { countedAttestations } from "./counted.ts";
import { retriesOf, submitFollowUp } from "./follow-up.ts";
import { type Candidate, type Due, isBlocked, planSettler } from "./plan.ts";
import { type Ready, settleAll } from "./settle.ts";
import type { AttestationSource } from "./source.ts";

export type SettlerDeps = JobDeps & {
  readonly committees: Pick<Committees, "of">;
  readonly source: AttestationSource;
  readonly actions: Actions;
  readonly settings: Settings["settler"];
  /** Gas limit of any transaction. */
  readonly gasCap: bigint;
};

type Found = { readonly candidate: Candidate; readonly drawn: Drawn | undefined };
type SettleDue = Extract<Due, { due: "settle" }>;

const job = "settler";
const parallel = 8;
/** Members of at most so many requests are asked in one pass. */
const maxAsked = 64;
/** Requests whose settlement waits for silent members at the same time. */
const maxPatience = 10_000;

const nextAction = { open: "settle", recorded: "finalize", settled: "retryCallback", refunded: "settle" } as const;

const findCandidate = async (
  deps: SettlerDeps,
  request: RequestSummary,
  nodeId: bigint | undefined,
  lookup: DrawnLookup,
  busy: ReadonlySet<string>,
): Promise<Found> => {
  const drawn = await lookup(request, nodeId);
  const retries = request.callbackFailedMs === undefined ? 0 : await retriesOf(deps, request.requestId);
  const isWaiting = busy.has(actionKey(nextAction[request.state], request.requestId));
  const candidate = { request, timeline: drawn?.timeline, seat: drawn?.seat ?? -1, isWaiting, retries };
  return { candidate, drawn };
};

/** What is held for a request, put together; asks its members first if that does not suffice and it is time to ask. */
const gather = async (
  deps: SettlerDeps,
  { candidate: { request }, drawn }: Found,
  mayAsk: boolean,
  signal: AbortSignal,
): Promise<Assembled | undefined> => {
  if (drawn === undefined) return undefined;
  const { source, chain, instance } = deps;
  const { requestId, words, fields } = request;
  const read = async (): Promise<Assembled | undefined> => {
    const held = await source.forRequest(requestId);
    const attestations = await countedAttestations({ chain, instance }, request, held.attestations);
    const { members } = drawn;
    return assemble({
      words,
      members,
      quorum: Number(fields.quorum),
      held: { ...held, attestations: [...attestations] },
    });
  };
  const before = await read();
  if (before?.silent === 0 || !mayAsk) return before;
  const nodeIds = drawn.members.map(({ nodeId }) => nodeId);
  const news = await source.ask(requestId, nodeIds, signal);
  return news > 0 ? read() : before;
};

/** Whether a settlement has waited for silent members as long as it should: they are not paid if they are left out. */
type Patience = (requestId: Hex, assembled: Assembled, attestEndS: bigint, nowS: bigint) => boolean;

const makePatience = ({ clock, settings }: SettlerDeps): Patience => {
  const seenMs = new Map<Hex, number>();
  return (requestId, { silent }, attestEndS, nowS) => {
    const sinceMs = seenMs.get(requestId) ?? clock.now();
    seenMs.delete(requestId); // and below to the end: the longest unseen goes first
    if (silent === 0 || nowS >= attestEndS || clock.now() - sinceMs >= settings.graceMs) return true;
    const oldest = seenMs.size >= maxPatience ? seenMs.keys().next().value : undefined;
    if (oldest !== undefined) seenMs.delete(oldest);
    seenMs.set(requestId, sinceMs);
    return false;
  };
};

/** Allows to ask for one request once in a while, and for a bounded number in one pass. */
const makeThrottle = ({ clock, settings }: SettlerDeps): (() => (requestId: Hex) => boolean) => {
  const askedMs = new Map<Hex, number>();
  return () => {
    const nowMs = clock.now();
    for (const [requestId, atMs] of askedMs) if (nowMs - atMs >= settings.pollPeersMs) askedMs.delete(requestId);
    let left = maxAsked;
    return (requestId) => {
      if (askedMs.has(requestId) || left === 0) return false;
      askedMs.set(requestId, nowMs);
      left -= 1;
      return true;
    };
  };
};

/** The settlements that can be sent now. */
const readyOf = async (
  deps: SettlerDeps,
  due: readonly SettleDue[],
  found: ReadonlyMap<Candidate, Found>,
  mayAsk: (requestId: Hex) => boolean,
  isPatient: Patience,
  tally: Tally,
  signal: AbortSignal,
): Promise<readonly Ready[]> => {
  const nowS = await nowSeconds(deps);
  const results = await mapLimit(due, parallel, async ({ candidate, deadlineS }): Promise<Ready | undefined> => {
    const { request } = candidate;
    const one = found.get(candidate);
    if (signal.aborted || one === undefined) return undefined;
    const what = { job, subject: request.requestId, action: "collect" };
    const assembled = await tally.attempt(what, () => gather(deps, one, mayAsk(request.requestId), signal));
    if (assembled === undefined || isBlocked(request, assembled.digest)) return undefined;
    const attestEndS = candidate.timeline?.attestEndS ?? 0n;
    if (!isPatient(request.requestId, assembled, attestEndS, nowS)) return undefined;
    return { request, settlement: assembled.settlement, deadlineS };
  });
  return results.flatMap((one) => one ?? []);
};

const followUp = async (deps: SettlerDeps, due: readonly Due[], tally: Tally): Promise<void> => {
  const results = async (requestId: Hex) => (await deps.source.forRequest(requestId)).results;
  for (const { due: action, candidate } of due) {
    if (action === "settle") continue;
    const what = { job, subject: candidate.request.requestId, action };
    const isSubmitted = await tally.attempt(what, () =>
      submitFollowUp({ ...deps, results }, action, candidate.request),
    );
    if (isSubmitted === true) tally.done();
  }
};

/** Makes the pass. It puts transactions into the outbox; sending them is the outbox's business. */
export const makeSettlerJob = (deps: SettlerDeps): Pass => {
  const { chain, actions, settings, log } = deps;
  const drawnOf = makeDrawn({ committees: deps.committees, round: chain.round });
  const throttle = makeThrottle(deps);
  const isPatient = makePatience(deps);
  const limits = { maxItems: settings.batchMax, maxGas: (deps.gasCap * 7n) / 10n }; // the rest is margin
  return async (signal) => {
    const tally = makeTally(log);
    const [requests, { blockNumber }, nodeId] = [
      await chain.activeSummaries(),
      await chain.head(),
      await deps.nodeId(),
    ];
    const busy = await actions.reconcile(requests, blockNumber);
    const lookup = drawnOf();
    const results = await mapLimit(requests, parallel, (request) =>
      tally.attempt({ job, subject: request.requestId, action: "look" }, () =>
        findCandidate(deps, request, nodeId, lookup, busy),
      ),
    );
    const found = new Map(results.flatMap((one) => (one === undefined ? [] : [[one.candidate, one] as const])));
    const due = planSettler([...found.keys()], {
      nowS: await nowSeconds(deps),
      turnS: BigInt(settings.turnS),
      minTip: settings.minTip,
      retryMs: settings.retryMs,
      finalize: settings.finalize,
      retryCallbacks: settings.retryCallbacks,
    });
    const settleDue = due.filter((one): one is SettleDue => one.due === "settle");
    const ready = await readyOf(deps, settleDue, found, throttle(), isPatient, tally, signal);
    const attempt = (subject: Hex, fn: () => Promise<bigint | undefined>): Promise<bigint | undefined> =>
      tally.attempt({ job, subject, action: "settle" }, fn);
    tally.done(await settleAll(deps, ready, limits, attempt));
    await followUp(deps, due, tally);
    return tally.report();
  };
};
