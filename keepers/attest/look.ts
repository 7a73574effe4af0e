/** Looks at one workload: whether this node's key is bound to it, and if it has to be, with what. */
import type { Hex } from "viem";
import type { Binding, TeeChain, Workload } from "../attestation/tee-chain.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { readBlock } from "../runtime/rpc-answers.ts";
import { type Evidence, type EvidenceDeps, makeEvidence, type NodeKeys } from "./evidence.ts";
import { type Need, needsOfQuote } from "./needs.ts";
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
  const { pckId } = onChain.quote;
  const ids = needs.flatMap((need) => (need.kind === "issuer" ? [need.issuerId] : []));
  const live = await Promise.all(ids.map(async (id) => ((await chain.isLiveIssuer(id)) ? [id] : [])));
  const { tcbInfo, qeIdentity } = await chain.texts({ ...machine, evaluation });
  const pck = await chain.pck(pckId);
  return {
    liveIssuers: new Set(live.flat()),
    pck,
    isKeyKnown: pck !== undefined && (await chain.quoteError(onChain.quote, evaluation)) !== "UnknownAttestationKey",
    tcbInfoUntilS: tcbInfo.nextUpdate,
    qeIdentityUntilS: qeIdentity.nextUpdate,
  };
};

/** When the texts that will be on chain end, Unix seconds. */
const textsUntil = (known: Known, missing: readonly Need[]): number => {
  const posted = (kind: "tcbInfo" | "qeIdentity", keptUntilS: number): number =>
    missing.reduce((untilS, need) => (need.kind === kind ? need.untilS : untilS), keptUntilS);
  return Math.min(posted("tcbInfo", known.tcbInfoUntilS), posted("qeIdentity", known.qeIdentityUntilS));
};

/**
 * Looks at a workload for a node. `always` makes the evidence even where the binding still lives. Rejects with
 * UnknownWorkloadError, or where there is no quote, no collateral or no chain.
 */
export const lookAt = async (
  deps: LookDeps,
  { workloadId, node, nowS, always = false }: { workloadId: Hex; node: NodeKeys; nowS: number; always?: boolean },
  signal?: AbortSignal,
): Promise<Look> => {
  const { chain, rpc, renewAt } = deps;
  const workload = await chain.workload(workloadId);
  if (workload === undefined) throw new UnknownWorkloadError(workloadId);
  const binding = await chain.binding(workloadId, node.signer);
  const seen = { workloadId, workload, binding };
  const facts = { binding, maxAge: workload.maxAge, nowS, renewAt };
  if (!always && !isEnding(facts)) return { ...seen, kind: "live" };
  const [block, rootKey] = [await readChallenge(rpc), await chain.rootKey()];
  const evidence = await makeEvidence(deps, { node, block, parts: workload.parts, rootKey, nowS }, signal);
  const { verdict, evaluation, measurement } = evidence;
  const activeAtS = Number(await chain.measurementActiveAt(workloadId, measurement));
  const why = refusalOf({ workload, binding, verdict, evaluation, measurement, activeAtS, nowS });
  if (why !== undefined) return { ...seen, kind: "refused", why, evidence };
  const needs = needsOfQuote(evidence.onChain);
  const known = await knownOf(deps, evidence, needs);
  const missing = missingOf(needs, known, nowS);
  const next = nextOf(missing);
  const isGained = next.some(({ kind }) => kind === "issuer") || isGain(facts, textsUntil(known, missing));
  const isDue = isEnding(facts) && isGained;
  return always || isDue ? { ...seen, kind: "due", isDue, evidence, missing, next } : { ...seen, kind: "live" };
};
