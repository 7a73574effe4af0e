/** Nodes that said two things: proven to the chain by their own two signatures. */
import type { Hex } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import type { RequestWords } from "../../sdk/words/request.ts";
import { nowSeconds, type Tally } from "../job.ts";
import type { HeldSubject } from "../network/held.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { type Fault, faultsOf, type Proof, provableUntil } from "./plan.ts";
import { disputesCall, dropRefused, evidenceOf, halvesOf, submitOnce } from "./submit.ts";

/** The whole store is looked through so often; in between, what came since the last pass. */
const wholeMs = 3_600_000;
/** Another process of the same store may write a message a little after it took the time for it. */
const marginMs = 60_000;
const refusedRetryMs = 3_600_000;

const actionOf = { commits: "proveDoubleCommit", attestations: "proveEquivocation" } as const;

const dataOf = (words: RequestWords, level: bigint, proof: Proof): Hex => {
  if (proof.kind === "attestations")
    return disputesCall({
      functionName: "proveEquivocation",
      args: [words, level, evidenceOf(proof.first), evidenceOf(proof.second)],
    });
  const [first, second] = [proof.first, proof.second].map(({ leaf, signature }) => ({ leaf, ...halvesOf(signature) }));
  if (first === undefined || second === undefined) throw new Error("a proof has two commits");
  return disputesCall({ functionName: "proveDoubleCommit", args: [words, level, first, second] });
};

const readUnbonding = async ({ rpc, instance }: WatchtowerDeps): Promise<bigint> => {
  const client = makePublicClient(rpc, instance.chainId);
  const call = { address: instance.nodeRegistry, abi: nodeRegistryAbi, functionName: "unbonding" } as const;
  return BigInt(await client.readContract(call));
};

type Accused = { readonly words: RequestWords; readonly requestId: Hex; readonly untilS: bigint };

/** Puts the first proof into the outbox that the chain has not refused. False if nothing was started. */
const accuse = async (deps: WatchtowerDeps, { words, requestId, untilS }: Accused, fault: Fault): Promise<boolean> => {
  const subject = `${requestId}:${fault.nodeId}`;
  for (const proof of fault.proofs) {
    const data = dataOf(words, fault.level, proof);
    const intent = { subject, action: actionOf[proof.kind], data, deadlineS: untilS, retryAfterMs: refusedRetryMs };
    const submitted = await submitOnce(deps, intent);
    if (submitted === "refused") continue;
    if (submitted === "known") return false;
    deps.log.info({ requestId, nodeId: fault.nodeId, kind: proof.kind }, "a node contradicted itself: it is reported");
    return true;
  }
  return false;
};

const calmDown = async (deps: WatchtowerDeps, requestId: Hex, { nodeId, proofs }: Fault): Promise<void> => {
  for (const { kind } of proofs) await dropRefused(deps, `${requestId}:${nodeId}`, actionOf[kind]);
};

/** Looks at one request. Returns how many proofs were started, or undefined if there is nothing to prove any more. */
const look = async (
  deps: WatchtowerDeps,
  { requestId, level }: HeldSubject,
  unbondingS: bigint,
): Promise<number | undefined> => {
  const { chain, held, log } = deps;
  const request = await chain.request(requestId);
  if (request === undefined) {
    log.warn({ requestId }, "a node contradicted itself about a request that is not known here: it cannot be reported");
    return undefined;
  }
  const untilS = provableUntil(request.fields.submittedAtS, unbondingS);
  if ((await nowSeconds(deps)) > untilS) return undefined;
  const punished = await chain.punished(requestId);
  let started = 0;
  for (const fault of faultsOf(await held.read(requestId, level))) {
    if (punished.get(fault.nodeId) === "all") await calmDown(deps, requestId, fault);
    else started += Number(await accuse(deps, { words: request.words, requestId, untilS }, fault));
  }
  return started;
};

/** A function that looks at all contradictions which the store holds, and puts a proof of each into the outbox, once. */
export const makeEquivocations = (deps: WatchtowerDeps): ((tally: Tally, signal: AbortSignal) => Promise<void>) => {
  const { held, clock } = deps;
  const open = new Map<string, HeldSubject>();
  let wholeAtMs = Number.NEGATIVE_INFINITY;
  let seenMs = 0;
  const find = async (): Promise<void> => {
    const nowMs = clock.now();
    const isWhole = nowMs - wholeAtMs >= wholeMs;
    for (const one of await held.contradictions(isWhole ? 0 : seenMs)) open.set(`${one.requestId} ${one.level}`, one);
    if (isWhole) wholeAtMs = nowMs;
    seenMs = nowMs - marginMs;
  };
  return async (tally, signal) => {
    await find();
    const unbondingS = open.size === 0 ? 0n : await readUnbonding(deps);
    for (const [key, subject] of open) {
      if (signal.aborted) return;
      const what = { job: "watchtower", subject: subject.requestId, action: "prove" };
      await tally.attempt(what, async () => {
        const started = await look(deps, subject, unbondingS);
        if (started === undefined) open.delete(key);
        else tally.done(started);
      });
    }
  };
};
