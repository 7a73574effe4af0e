/** Whether a node's key has to be bound to a workload, and what has to be on chain before: pure. */
import type { Hex } from "viem";
import type { QuoteVerdict } from "../../sdk/attestation/verify-quote.ts";
import { statusNumber } from "../../sdk/attestation/status.ts";
import { type Binding, type KeptPck, type KeptTexts, teeTypeOf, type Workload } from "../attestation/tee-chain.ts";
import { isTextDue, type Need } from "../attestation/needs.ts";

export type BindingFacts = {
  readonly binding: Pick<Binding, "until">;
  readonly maxAge: number;
  readonly nowS: number;
  /** Renewed when no more than this part of `maxAge` is left. */
  readonly renewAt: number;
};

/** Whether it is time to look at the evidence again: nothing is bound, or not for long. */
export const isEnding = ({ binding, maxAge, nowS, renewAt }: BindingFacts): boolean =>
  binding.until - nowS <= maxAge * renewAt;

/** Whether a binding made now would live at least twice as long as what is left of this one. */
export const isGain = ({ binding, maxAge, nowS }: BindingFacts, evidenceUntilS: number): boolean => {
  const left = Math.max(0, binding.until - nowS);
  return Math.min(maxAge, evidenceUntilS - nowS) > 2 * left;
};

export type PolicyFacts = {
  readonly workload: Workload;
  readonly binding: Pick<Binding, "revoked">;
  readonly verdict: QuoteVerdict;
  readonly evaluation: number;
  readonly measurement: Hex;
  /** From when the measurement is allowed, Unix seconds; zero if it is not. */
  readonly activeAtS: number;
  /** The node that the machine backs, and until when. */
  readonly backing: { readonly nodeId: number; readonly untilS: number };
  readonly nodeId: bigint;
  readonly nowS: number;
};

/** Why the registry would refuse the evidence, as a sentence that says what to do; undefined if it would not. */
export const refusalOf = (facts: PolicyFacts): string | undefined => {
  const { workload, binding, verdict, evaluation, measurement, activeAtS, backing, nodeId, nowS } = facts;
  const { status, reason } = verdict;
  if (workload.statuses === 0) return "the workload is revoked: serve another one";
  if (binding.revoked) return "this key was revoked for the workload: rotate the node's signer";
  if (verdict.facts.tee !== undefined && teeTypeOf(verdict.facts.tee) !== workload.tee)
    return `the workload is for another kind of TEE than ${verdict.facts.tee}`;
  if (status === null) return `the quote does not verify: ${reason?.sentence ?? "no reason was found"}`;
  if ((workload.statuses >> statusNumber(status)) % 2 === 0)
    return `the workload does not allow the status ${status}: update the machine's firmware (${verdict.advisories.join(", ")})`;
  if (evaluation < workload.minEvaluation)
    return `the collateral is of evaluation ${evaluation}, the workload wants ${workload.minEvaluation}: set collateral.evaluation to early`;
  if (activeAtS === 0) return `the workload does not allow the measurement ${measurement}: run the build that it lists`;
  if (backing.nodeId !== Number(nodeId) && backing.untilS >= nowS)
    return `the machine backs node ${backing.nodeId} until ${backing.untilS}: one machine, one node. Use another one, or wait`;
  if (activeAtS > nowS) return `the measurement ${measurement} is allowed from ${activeAtS} on: wait until then`;
  return undefined;
};

/** What is on chain of what a quote needs. */
export type Known = {
  readonly liveIssuers: ReadonlySet<Hex>;
  readonly pck: KeptPck | undefined;
  readonly isKeyKnown: boolean;
  readonly texts: KeptTexts;
};

/** Texts that end so soon are posted anew, if there is a later one, seconds: passes may be a day apart. */
const leastTextS = 3 * 86_400;

/** What is not on chain yet, in the order in which it has to come. */
export const missingOf = (needs: readonly Need[], known: Known, nowS: number): readonly Need[] => {
  const isMissing = (need: Need): boolean => {
    if (need.kind === "issuer") return !known.liveIssuers.has(need.issuerId);
    if (need.kind === "pck") return known.pck === undefined || known.pck.notAfter < nowS;
    if (need.kind === "key") return !known.isKeyKnown;
    return isTextDue(need, known.texts, nowS + leastTextS);
  };
  return needs
    .filter(isMissing)
    .map((need) => (need.kind === "pck" ? { ...need, after: known.pck?.notAfter ?? 0 } : need));
};

/** What of it can be sent now: certificates of issuers first, what they signed once those are mined, then the machine's key. */
export const nextOf = (missing: readonly Need[]): readonly Need[] => {
  const issuers = missing.filter(({ kind }) => kind === "issuer");
  if (issuers.length > 0) return issuers;
  const isPckMissing = missing.some(({ kind }) => kind === "pck");
  return missing.filter(({ kind }) => kind !== "key" || !isPckMissing);
};
