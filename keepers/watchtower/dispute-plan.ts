/** What is due for a dispute: pure. */
import { fingerprintOf } from "../../sdk/agreement/fingerprint.ts";
import { countBits, hasBit } from "../../sdk/committee/bitmap.ts";
import type { DisputeCase } from "../../sdk/words/dispute-case.ts";
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
  /** Whether the round of the first panel is posted. */
  readonly isConvened: boolean;
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
    if (isEscalationDue(facts)) return [{ kind: "escalate", untilS: verdict.finalAtS }];
    return isAppealDue(facts) ? [{ kind: "appeal", untilS: verdict.finalAtS }] : [];
  }
  const conclude: readonly DisputeStep[] = dispute.isConcluded ? [] : [{ kind: "conclude" }];
  if (nowS > punishableUntil(facts)) return [...conclude, { kind: "close" }];
  return [...losersOf(facts), ...silentOf(facts), ...conclude];
};

/** Whether the first panel's time is over, nothing is decided, and level 2 can still be opened. */
function isEscalationDue({ verdict, dispute, isConvened, appealWindowS, nowS }: DisputeFacts): boolean {
  const isUndecided = isConvened && verdict.level === 1n && dispute.first.tally?.isDecided !== true;
  if (!isUndecided || dispute.second !== undefined) return false;
  return nowS > verdict.finalAtS - appealWindowS && nowS <= verdict.finalAtS;
}

/** Whether the first panel decided for another digest than was found here, and nobody has appealed. */
function isAppealDue({ verdict, dispute, wouldAppealFor, nowS }: DisputeFacts): boolean {
  const { tally } = dispute.first;
  if (wouldAppealFor === undefined || dispute.second !== undefined || nowS > verdict.finalAtS) return false;
  return tally?.isDecided === true && tally.digest !== wouldAppealFor;
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

/** One step for each juror that is not known to have attested, where at least half of its panel is. */
function silentOf(facts: DisputeFacts): readonly DisputeStep[] {
  const { dispute, drawn, attestations, punished } = facts;
  const untilS = punishableUntil(facts);
  return [dispute.first, dispute.second].flatMap((panel, index): readonly DisputeStep[] => {
    const attested = panel?.tally?.attested ?? 0n;
    const level = BigInt(index + 1);
    const jurors = drawn[index + 1] ?? [];
    if (attested === 0n || 2n * countBits(attested) < BigInt(jurors.length)) return [];
    const hasSpoken = (nodeId: bigint): boolean =>
      attestations.some((one) => one.level === level && one.nodeId === nodeId);
    return jurors.flatMap((nodeId, seat): readonly DisputeStep[] => {
      const isSilent = !hasBit(attested, seat) && !hasSpoken(nodeId) && !punished.has(nodeId);
      return isSilent ? [{ kind: "punishSilent", level, seat, untilS }] : [];
    });
  });
}
