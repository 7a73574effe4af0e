/** The disputes that panels judge now: which there are tells the chain view, how they stand the contract. */
import type { Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { type DisputeCase, decodeDisputeCase, type Tally } from "../../sdk/words/dispute-case.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import { makeDisputeParameters } from "../chain/dispute-parameters.ts";
import type { Instance } from "../chain/instance.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { makePublicClient } from "../runtime/viem-client.ts";

/** What a dispute was opened under, as far as jurors need it. Times in seconds. */
export type DisputeTerms = {
  readonly panelMin: number;
  readonly panelWindowS: bigint;
  readonly appealWindowS: bigint;
};

/** A level whose panel is drawn by a beacon round. */
export type DisputeLevel = { readonly level: bigint; readonly round: bigint; readonly tally: Tally | undefined };

/** A dispute and its levels, lowest first. */
export type DisputeView = {
  readonly requestId: Hex;
  /** The task's newest snapshot when it was opened; zero if it had none. */
  readonly snapshotId: bigint;
  readonly terms: DisputeTerms;
  readonly levels: readonly DisputeLevel[];
};

export type Cases = {
  /** Requests with disputes that may still be judged, oldest first. */
  ids(): Promise<readonly Hex[]>;
  /** The dispute over a request, unless there is none or it is concluded. Rejects where the contract cannot be asked. */
  of(requestId: Hex): Promise<DisputeView | undefined>;
};

export type CasesDeps = {
  readonly rpc: Rpc;
  readonly instance: Pick<Instance, "chainId" | "disputes">;
  readonly view: Pick<ChainFollower, "openDisputes" | "disputeParameters">;
  readonly clock: Pick<Clock, "now">;
};

/** How long an answer is good for: messages of many jurors ask for the same. */
const freshMs = 1_000;
/** A verdict that was carried out is taken back by a reorganisation only. */
const concludedMs = 60_000;
const maxKept = 10_000;

const levelsOf = ({ first, second }: DisputeCase): readonly DisputeLevel[] => [
  { level: 1n, ...first },
  ...(second === undefined ? [] : [{ level: 2n, ...second }]),
];

/** Makes the reader. It asks the contract only about disputes that the chain view shows. */
export const makeCases = ({ rpc, instance, view, clock }: CasesDeps): Cases => {
  const client = makePublicClient(rpc, instance.chainId);
  const contract = { address: instance.disputes, abi: disputesAbi } as const;
  const termsByVersion = new Map<bigint, DisputeTerms>();
  const kept = new Map<Hex, { untilMs: number; readonly dispute: Promise<DisputeView | undefined> }>();

  const parametersOf = makeDisputeParameters({ rpc, instance, view });

  const termsOf = async (version: bigint): Promise<DisputeTerms> => {
    const known = termsByVersion.get(version);
    if (known !== undefined) return known;
    const { panelMin, panelWindow, appealWindow } = await parametersOf(version);
    const terms = { panelMin, panelWindowS: BigInt(panelWindow), appealWindowS: BigInt(appealWindow) };
    termsByVersion.set(version, terms);
    return terms;
  };

  const read = async (requestId: Hex): Promise<DisputeView | undefined> => {
    const words = await client.readContract({ ...contract, functionName: "caseOf", args: [requestId] });
    const found = decodeDisputeCase(words);
    const entry = kept.get(requestId);
    if (found?.isConcluded === true && entry !== undefined) entry.untilMs = clock.now() + concludedMs;
    if (found === undefined || found.isConcluded) return undefined;
    const { snapshotId, version } = found;
    return { requestId, snapshotId, terms: await termsOf(version), levels: levelsOf(found) };
  };

  const fresh = (requestId: Hex): Promise<DisputeView | undefined> => {
    const nowMs = clock.now();
    const known = kept.get(requestId);
    if (known !== undefined && nowMs < known.untilMs) return known.dispute;
    kept.delete(requestId); // and below to the end: the longest unread goes first
    const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    const dispute = read(requestId);
    kept.set(requestId, { untilMs: nowMs + freshMs, dispute });
    dispute.catch(() => kept.delete(requestId)); // the next one asks again
    return dispute;
  };

  return {
    ids: view.openDisputes,
    of: async (requestId) => ((await view.openDisputes()).includes(requestId) ? fresh(requestId) : undefined),
  };
};
