/** What is due for a dispute: pure. */
import { fingerprintOf } from "../../sdk/agreement/fingerprint.ts";
import { countBits, hasBit } from "../../sdk/committee/bitmap.ts";
import type { DisputeCase, Tally } from "../../sdk/words/dispute-case.ts";
import type { AttestationMessage } from "../network/messages.ts";

/** As the contract numbers it. */
export const endings = ["pending", "decided", "noFault", "noPanel"] as const;
export type Ending = (typeof endings)[number];

export type DisputeFacts = {
  readonly nowS: bigint;
  readonly verdict: {
    readonly ending: Ending;
    /** Fingerprint of the digest that stands, if decided. */
    readonly digest: bigint;
    readonly level: bigint;
    readonly finalAtS: bigint;
  };
  readonly dispute: DisputeCase;
  /** What is known of the round that draws the panel which is to judge now. */
  readonly round: "awaited" | "good" | "void";
  readonly appealWindowS: bigint;
  readonly punishWindowS: bigint;
  /** Node ids in draw order, by level: the committee (0) and the panels; empty where they do not matter. */
  readonly drawn: readonly (readonly bigint[])[];
  /** What is held here of what they attested, of all levels. */
  readonly attestations: readonly AttestationMessage[];
  readonly punished: ReadonlyMap<bigint, "all" | "silent">;
  /** Fingerprint of what was found here, where this keeper would put up a bond for it. */
  readonly wouldAppealFor: bigint | undefined;
};

/** `untilS`: last second in which the chain takes it. */
export type DisputeStep =
  | { readonly kind: "escalate" | "appeal"; readonly untilS: bigint }
  | { readonly kind: "redraw"; readonly level: bigint; readonly untilS: bigint }
  | { readonly kind: "conclude" }
  | { readonly kind: "close" }
  | {
      readonly kind: "punish";
      readonly level: bigint;
      readonly seat: number;
      readonly attestation: AttestationMessage;
      readonly untilS: bigint;
    }
  | { readonly kind: "punishSilent"; readonly level: bigint; readonly seat: number; readonly untilS: bigint };

/** All that is due now; what has a last moment comes first. */
export const dueOf = (facts: DisputeFacts): readonly DisputeStep[] => {
  const { verdict, dispute, nowS } = facts;
  if (dispute.isClosed) return [];
  if (verdict.ending === "pending") {
    const kind = pendingDue(facts);
    const untilS = verdict.finalAtS;
    if (kind === "redraw") return [{ kind, level: dispute.second === undefined ? 1n : 2n, untilS }];
    return kind === undefined ? [] : [{ kind, untilS }];
  }
  const conclude: readonly DisputeStep[] = dispute.isConcluded ? [] : [{ kind: "conclude" }];
  if (nowS > punishableUntil(facts)) return [...conclude, { kind: "close" }];
  return [...losersOf(facts), ...silentOf(facts), ...conclude];
};

/** A new round for a void one, or the second level for an undecided first, once their window has come; or an appeal. */
function pendingDue(facts: DisputeFacts): "redraw" | "escalate" | "appeal" | undefined {
  const { verdict, dispute, round, appealWindowS, nowS } = facts;
  if (round === "awaited" || nowS > verdict.finalAtS) return undefined;
  const isWindow = nowS > verdict.finalAtS - appealWindowS;
  if (round === "void") return isWindow ? "redraw" : undefined;
  if (dispute.second !== undefined) return undefined;
  if (dispute.first.tally?.isDecided !== true) return isWindow ? "escalate" : undefined;
  return isAppealDue(facts) ? "appeal" : undefined;
}

/** Whether the first panel decided for another digest than was found here. */
function isAppealDue({ dispute, wouldAppealFor }: DisputeFacts): boolean {
  return wouldAppealFor !== undefined && dispute.first.tally?.digest !== wouldAppealFor;
}

/** Last second in which a verdict's losers can be punished. */
export function punishableUntil({ verdict, punishWindowS }: Pick<DisputeFacts, "verdict" | "punishWindowS">): bigint {
  return verdict.finalAtS + punishWindowS;
}

/** One step for each node that is known to have attested a losing digest. */
function losersOf(facts: DisputeFacts): readonly DisputeStep[] {
  const { verdict, drawn, attestations, punished } = facts;
  if (verdict.ending !== "decided") return [];
  const untilS = punishableUntil(facts);
  const steps = new Map<bigint, DisputeStep>();
  for (const attestation of attestations) {
    const { nodeId, level, digest } = attestation;
    const seat = drawn[Number(level)]?.indexOf(nodeId) ?? -1;
    const hasLost = seat >= 0 && fingerprintOf(digest) !== verdict.digest;
    if (!hasLost || punished.get(nodeId) === "all" || steps.has(nodeId)) continue;
    steps.set(nodeId, { kind: "punish", level, seat, attestation, untilS });
  }
  return [...steps.values()];
}

/** Whether a panel's finding is not what stands in the end: then nobody owed it a word. */
function isOverruled({ verdict }: DisputeFacts, tally: Tally | undefined): boolean {
  return verdict.ending === "decided" && tally !== undefined && tally.digest !== verdict.digest;
}

/** One step for each juror that is not known to have attested, where at least half of its panel is. */
function silentOf(facts: DisputeFacts): readonly DisputeStep[] {
  const { dispute, drawn, attestations, punished } = facts;
  const untilS = punishableUntil(facts);
  return [dispute.first, dispute.second].flatMap((panel, index): readonly DisputeStep[] => {
    const attested = isOverruled(facts, panel?.tally) ? 0n : (panel?.tally?.attested ?? 0n);
    const level = BigInt(index + 1);
    const jurors = drawn[index + 1] ?? [];
    if (attested === 0n || 2n * countBits(attested) < BigInt(jurors.length)) return [];
    const ofLevel = attestations.filter((one) => one.level === level);
    const counted = new Set(
      ofLevel.flatMap(({ nodeId, commitRoot }) => (hasBit(attested, jurors.indexOf(nodeId)) ? [commitRoot] : [])),
    );
    // under a root of its own it may have signed when it knew what the others had found
    const hasSpoken = (nodeId: bigint): boolean =>
      ofLevel.some((one) => one.nodeId === nodeId && counted.has(one.commitRoot));
    return jurors.flatMap((nodeId, seat): readonly DisputeStep[] => {
      const isSilent = !hasBit(attested, seat) && !hasSpoken(nodeId) && !punished.has(nodeId);
      return isSilent ? [{ kind: "punishSilent", level, seat, untilS }] : [];
    });
  });
}
