/** Minted evidence as tables: each case is a question to a verifier, and what has to come of it. */
import type { ReasonCode } from "../../../../sdk/attestation/evidence-error.ts";
import type { QuoteQuestion } from "../../../../sdk/attestation/verify-quote.ts";
import type { World } from "../world.ts";

/** A question whose root is a minted one. */
export type MintedQuestion = QuoteQuestion & { readonly rootKey: Uint8Array };

/** A world's TDX quote of version 4 with its own collateral at its own clock, but for what is given. */
export const ask = (world: World, changes: Partial<QuoteQuestion> = {}): MintedQuestion => ({
  quote: world.quote().bytes,
  collateral: world.collateral(),
  at: world.at,
  rootKey: world.rootKey,
  ...changes,
});

/** What is wrong, the reason for which it is rejected before any status, the question. */
export type RejectionCase = readonly [title: string, code: ReasonCode, question: () => MintedQuestion];

/** What is unusual and right all the same, the question. It is accepted as UpToDate. */
export type AcceptanceCase = readonly [title: string, question: () => MintedQuestion];
