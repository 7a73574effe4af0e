/** Verdicts on minted evidence. */
import { expect } from "chai";
import type { ReasonCode } from "../../../sdk/attestation/evidence-error.ts";
import { type QuoteQuestion, type QuoteVerdict, verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import type { World } from "../../helpers/attestation/world.ts";

/** Verifies a world's TDX quote of version 4 with its own collateral at its own clock, but for what is given. */
export const judge = (world: World, changes: Partial<QuoteQuestion> = {}): QuoteVerdict =>
  verifyQuote({
    quote: world.quote().bytes,
    collateral: world.collateral(),
    at: world.at,
    rootKey: world.rootKey,
    ...changes,
  });

export const expectAccepted = (verdict: QuoteVerdict): void => {
  expect(verdict.reason).to.equal(undefined);
  expect([verdict.verdict, verdict.status]).to.deep.equal(["accept", "UpToDate"]);
};

/** Rejected for this reason, before any status. */
export const expectRejected = ({ verdict, status, advisories, reason }: QuoteVerdict, code: ReasonCode): void => {
  expect(`${reason?.code}: ${reason?.sentence}`).to.match(new RegExp(`^${code}: .+\\. .+\\.$`));
  expect([verdict, status, advisories]).to.deep.equal(["reject", null, []]);
};

/** A case of a table: what is wrong, the verdict on it, the reason. */
export type RejectionCase = readonly [title: string, code: ReasonCode, verdict: () => QuoteVerdict];

/** A test for each case. */
export const itRejects = (cases: readonly RejectionCase[]): void => {
  for (const [title, code, verdict] of cases) it(`rejects ${title}`, () => expectRejected(verdict(), code));
};
