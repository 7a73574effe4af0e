/** Looks at one workload: whether this node's key is bound to it, and if it has to be, with what. */
import type { Hex } from "viem";
import type { Binding, TeeChain, Workload } from "../attestation/tee-chain.ts";
import type { BoundKey } from "../chain/evidence.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { readBlock } from "../runtime/rpc-answers.ts";
import { type Evidence, type EvidenceDeps, makeEvidence, type NodeKeys } from "./evidence.ts";
import { type Need, needsOfQuote } from "../attestation/needs.ts";
import { isEnding, isGain, type Known, missingOf, nextOf, refusalOf } from "./plan.ts";

export type LookDeps = EvidenceDeps & {
  readonly rpc: Rpc;
  readonly chain: TeeChain;
  /** Renewed when no more than this part of the workload's `maxAge` is left. */
  readonly renewAt: number;
};

/** What has been found out; evidence is made only where it may be needed. */
export type Look = { readonly workloadId: Hex; readonly workload: Workload; readonly binding: Binding } & (
  | { readonly kind: "live" }
  /** `why` says what to do. */
  | { readonly kind: "refused"; readonly why: string; readonly evidence: Evidence }
  /** `missing` has to be on chain first, `next` of it can be sent now; empty: the registry takes the evidence. */
  | {
      readonly kind: "due";
      /** False only where evidence was asked for though the binding still lives. */
      readonly isDue: boolean;
      readonly evidence: Evidence;
      readonly missing: readonly Need[];
      readonly next: readonly Need[];
    }
);

/** Nobody registered a workload with this id. */
export class UnknownWorkloadError extends Error {
  override readonly name = "UnknownWorkloadError";
  constructor(workloadId: Hex) {
    super(`no workload ${workloadId} is registered on this chain: check the id`);
  }
}

/** Blocks below the head whose hash is taken: a shallow reorganisation does not spoil the quote. */
const challengeDepth = 2n;

const readChallenge = async (rpc: Rpc): Promise<{ number: bigint; hash: Hex }> => {
  const head = await readBlock(rpc, "latest");
  if (head === undefined) throw new Error("the RPC has no newest block");
  if (head.number < challengeDepth) return head;
  const block = await readBlock(rpc, head.number - challengeDepth);
  if (block === undefined) throw new Error(`block ${head.number - challengeDepth} vanished while it was read`);
  return block;
};

const knownOf = async (
  { chain }: LookDeps,
  { machine, evaluation, onChain }: Evidence,
  needs: readonly Need[],
): Promise<Known> => {
  const ids = needs.flatMap((need) => (need.kind === "issuer" ? [need.issuerId] : []));
  const live = await Promise.all(ids.map(async (id) => ((await chain.isLiveIssuer(id)) ? [id] : [])));
  const pck = await chain.pck(onChain.quote.pckId);
  return {
    liveIssuers: new Set(live.flat()),
    pck,
    isKeyKnown: pck !== undefined && (await chain.quoteError(onChain.quote, evaluation)) !== "UnknownAttestationKey",
    texts: await chain.texts({ ...machine, evaluation }),
  };
};

/** When what will be on chain ends, Unix seconds: the first of both texts and the certificate. */
const evidenceUntil = ({ texts, pck }: Known, missing: readonly Need[], { machine }: Evidence): number => {
  const untilOf = (kind: "tcbInfo" | "qeIdentity"): number => {
    const keptUntilS = texts.areDistrusted ? 0 : texts[kind].nextUpdate;
    return missing.reduce((untilS, need) => (need.kind === kind ? need.untilS : untilS), keptUntilS);
  };
  const isKept = pck !== undefined && missing.every(({ kind }) => kind !== "pck");
  return Math.min(untilOf("tcbInfo"), untilOf("qeIdentity"), isKept ? pck.notAfter : machine.certifiedUntilS);
};

/** Whether other keys than the node's of now were bound. */
const isOther = (bound: BoundKey | undefined, node: NodeKeys): bound is BoundKey =>
  bound !== undefined && (bound.hpkeKey !== node.hpkeKey || bound.runtimeHash !== node.runtimeHash);

const noCollateral =
  "Intel's texts on chain have ended or count no more, and the service has no later ones: wait, or ask another service";

export type LookQuery = {
  readonly workloadId: Hex;
  readonly node: NodeKeys;
  /** The keys that were bound last, where that is known: others than the node's of now are bound anew. */
  readonly bound?: BoundKey | undefined;
  readonly nowS: number;
  /** Makes the evidence even where the binding still lives. */
  readonly always?: boolean;
};

/** Looks at a workload for a node. Rejects with UnknownWorkloadError, or where there is no quote, no collateral or no chain. */
export const lookAt = async (
  deps: LookDeps,
  { workloadId, node, bound, nowS, always = false }: LookQuery,
  signal?: AbortSignal,
): Promise<Look> => {
  const { chain, renewAt } = deps;
  const workload = await chain.workload(workloadId);
  if (workload === undefined) throw new UnknownWorkloadError(workloadId);
  const binding = await chain.binding(workloadId, node.signer);
  const seen = { workloadId, workload, binding };
  const facts = { binding, maxAge: workload.maxAge, nowS, renewAt };
  const hasChanged = isOther(bound, node) && bound.untilS === binding.until; // else what was bound is not what is
  if (!always && !hasChanged && !isEnding(facts)) return { ...seen, kind: "live" };
  const evidence = await makeEvidence(deps, await queryOf(deps, node, workload, nowS), signal);
  const why = await readRefusal(deps, seen, evidence, nowS);
  if (why !== undefined) return { ...seen, kind: "refused", why, evidence };
  const needs = needsOfQuote(evidence.onChain);
  const known = await knownOf(deps, evidence, needs);
  const missing = missingOf(needs, known, nowS);
  const next = nextOf(missing);
  const untilS = evidenceUntil(known, missing, evidence);
  if (untilS < nowS) return { ...seen, kind: "refused", why: noCollateral, evidence };
  const isDue = hasChanged || (isEnding(facts) && isGain(facts, untilS));
  return always || isDue ? { ...seen, kind: "due", isDue, evidence, missing, next } : { ...seen, kind: "live" };
};

const queryOf = async ({ chain, rpc }: LookDeps, node: NodeKeys, { parts }: Workload, nowS: number) => {
  const [block, rootKey] = [await readChallenge(rpc), await chain.rootKey()];
  return { node, block, parts, rootKey, nowS };
};

/** Why the registry would refuse the evidence; undefined if it would not. */
const readRefusal = async (
  { chain }: LookDeps,
  { workloadId, workload, binding }: { workloadId: Hex; workload: Workload; binding: Binding },
  { verdict, evaluation, measurement, keys }: Evidence,
  nowS: number,
): Promise<string | undefined> => {
  const activeAtS = Number(await chain.measurementActiveAt(workloadId, measurement));
  const { ppid } = verdict.facts;
  const backing = ppid === undefined ? { nodeId: 0, untilS: 0 } : await chain.machineOf(ppid);
  const { nodeId } = keys;
  return refusalOf({ workload, binding, verdict, evaluation, measurement, activeAtS, backing, nodeId, nowS });
};
