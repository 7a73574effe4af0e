/** The pass that takes stalled committees of this node further on chain. Runs beside the executor, with the node's key. */
import { concat, type Hex, keccak256, stringToHex } from "viem";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { encodeHead } from "../../sdk/words/head.ts";
import type { RequestSummary } from "../chain/requests.ts";
import { hasQuorum } from "../executor/plan.ts";
import type { OwnStore } from "../executor/own-store.ts";
import { escrowCall, type JobDeps, makeTally, nowSeconds } from "../job.ts";
import { type Committee, type Committees, seatOf } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import type { AttestationMessage, Held } from "../network/messages.ts";
import type { Pass } from "../runtime/loop.ts";
import { actionKey, type Actions, type RequestAction } from "../settler/actions.ts";
import { type FallbackFacts, type FallbackStep, nextFallbackStep } from "./plan.ts";

export type FallbackDeps = JobDeps & {
  readonly committees: Pick<Committees, "of">;
  readonly held: Pick<HeldStore, "read">;
  readonly own: Pick<OwnStore, "result">;
  readonly actions: Actions;
};

type Stalled = {
  readonly request: RequestSummary;
  readonly committee: Committee;
  readonly held: Held;
  readonly own: Awaited<ReturnType<OwnStore["result"]>>;
};
type Call = { readonly action: RequestAction; readonly data: Hex; readonly untilS: bigint };

const job = "fallback";
/** A step that was refused, because the chain's clock lags this machine's, is simulated again after so long. */
const refusedRetryMs = 1_000;
/** Nobody can reveal it: it says that this node is there, and has no result. */
const emptyLeaf = (requestId: Hex): Hex => keccak256(concat([requestId, stringToHex("no result")]));

const ownAttestations = ({ attestations }: Held, nodeId: bigint, digest: Hex | undefined): AttestationMessage[] =>
  attestations.filter((one) => one.nodeId === nodeId && one.digest === digest);

const actionOf = {
  show: "showAttestation",
  commit: "commitOnChain",
  reveal: "revealOnChain",
  settle: "settleRevealed",
} as const;

const showCall = (
  { request, committee, held, own }: Stalled,
  nodeId: bigint,
  leaves: readonly Hex[],
): Hex | undefined => {
  const signed = ownAttestations(held, nodeId, own?.digest).find((one) => one.leaves.join() === leaves.join());
  const commits = leaves.map((leaf) => held.commits.find((one) => one.leaf === leaf));
  if (signed === undefined || commits.includes(undefined)) return undefined;
  const { digest, committed, signature } = signed;
  const seat = BigInt(seatOf(committee, nodeId));
  const parts = commits.flatMap((one) => (one === undefined ? [] : [one.leaf, one.signature]));
  const attestation = { digest, committed, seat, signature, commits: concat(parts) };
  return escrowCall({ functionName: "showAttestation", args: [request.words, attestation] });
};

const settleCall = ({ request, own }: Stalled, seats: readonly number[]): Hex | undefined => {
  if (own === undefined) return undefined;
  const bits = bitmapOf(seats);
  const { status, usage, output } = own.result;
  const head = encodeHead({ status, usage, committed: bits, attested: bits });
  return escrowCall({ functionName: "settleRevealed", args: [{ request: request.words, head, proof: "0x", output }] });
};

const dataOf = (stalled: Stalled, nodeId: bigint, step: FallbackStep): Hex | undefined => {
  const { request, own } = stalled;
  const { requestId, words } = request;
  if (step.kind === "show") return showCall(stalled, nodeId, step.leaves);
  if (step.kind === "settle") return settleCall(stalled, step.seats);
  const id = Number(nodeId);
  if (step.kind === "commit") {
    const leaf = step.leaf ?? emptyLeaf(requestId);
    return escrowCall({ functionName: "commitOnChain", args: [words, id, leaf] });
  }
  if (own === undefined) return undefined;
  return escrowCall({ functionName: "revealOnChain", args: [words, id, own.digest, own.salt, [...step.signed]] });
};

const callOf = (stalled: Stalled, nodeId: bigint, step: FallbackStep): Call | undefined => {
  const { chainCommitEndS, deadlineS, expireAtS } = stalled.committee.timeline;
  const data = dataOf(stalled, nodeId, step);
  if (data === undefined) return undefined;
  const untilS = step.kind === "settle" ? expireAtS : step.kind === "reveal" ? deadlineS : chainCommitEndS;
  return { action: actionOf[step.kind], data, untilS };
};

/** Makes the pass. It puts transactions into the outbox; sending them is the outbox's business. */
export const makeFallback = (deps: FallbackDeps): Pass => {
  const { chain, actions, instance, committees, held, own, log } = deps;

  const factsOf = async (stalled: Stalled, nodeId: bigint, nowS: bigint): Promise<FallbackFacts> => {
    const { request, committee } = stalled;
    const { attestations } = stalled.held;
    return {
      nowS,
      timeline: committee.timeline,
      members: committee.members.map((member) => member.nodeId),
      quorum: committee.quorum,
      ownNodeId: nodeId,
      own: stalled.own,
      attested: ownAttestations(stalled.held, nodeId, stalled.own?.digest).map(({ leaves }) => leaves),
      hasQuorum: hasQuorum({ attestations, quorum: committee.quorum }),
      chain: await chain.fallback(request.requestId),
    };
  };

  const submit = async ({ request }: Stalled, { action, data, untilS }: Call): Promise<void> => {
    const { requestId } = request;
    log.info({ requestId, action }, "a committee did not come together: this node goes on chain");
    const intent = { contract: instance.escrow, subject: requestId, action, data, retryAfterMs: refusedRetryMs };
    await actions.submit(action, [requestId], { ...intent, deadlineS: Number(untilS) });
  };

  const passOne = async (
    request: RequestSummary,
    nodeId: bigint,
    nowS: bigint,
    busy: ReadonlySet<string>,
  ): Promise<boolean> => {
    const found = await committees.of(request);
    if ("missing" in found || seatOf(found.committee, nodeId) < 0) return false;
    if (nowS < found.committee.timeline.fallbackAtS) return false;
    const { requestId } = request;
    const stalled: Stalled = {
      request,
      committee: found.committee,
      held: await held.read(requestId, 0n),
      own: await own.result(requestId, nodeId),
    };
    const step = nextFallbackStep(await factsOf(stalled, nodeId, nowS));
    const call = step === undefined ? undefined : callOf(stalled, nodeId, step);
    if (call === undefined || busy.has(actionKey(call.action, requestId))) return false;
    await submit(stalled, call);
    return true;
  };

  return async (signal) => {
    const tally = makeTally(log);
    const nodeId = await deps.nodeId();
    if (nodeId === undefined) return tally.report();
    const requests = await chain.activeSummaries();
    const busy = await actions.reconcile(requests, (await chain.head()).blockNumber);
    const nowS = await nowSeconds(deps);
    for (const request of requests) {
      if (signal.aborted || request.state !== "open") continue;
      const what = { job, subject: request.requestId, action: "look" };
      if ((await tally.attempt(what, () => passOne(request, nodeId, nowS, busy))) === true) tally.done();
    }
    return tally.report();
  };
};
