/** Verdicts on minted evidence. */
import { expect } from "chai";
import type { ReasonCode } from "../../../sdk/attestation/evidence-error.ts";
import { type QuoteQuestion, type QuoteVerdict, verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "../../helpers/attestation/cases/ask.ts";
import type { World } from "../../helpers/attestation/world.ts";

/** Verifies a world's TDX quote of version 4 with its own collateral at its own clock, but for what is given. */
export const judge = (world: World, changes: Partial<QuoteQuestion> = {}): QuoteVerdict =>
  verifyQuote(ask(world, changes));

export const expectAccepted = (verdict: QuoteVerdict): void => {
  expect(verdict.reason).to.equal(undefined);
  expect([verdict.verdict, verdict.status]).to.deep.equal(["accept", "UpToDate"]);
};

/** Rejected for this reason, before any status. */
export const expectRejected = ({ verdict, status, advisories, reason }: QuoteVerdict, code: ReasonCode): void => {
  expect(`${reason?.code}: ${reason?.sentence}`).to.match(new RegExp(`^${code}: .+\\. .+\\.$`));
  expect([verdict, status, advisories]).to.deep.equal(["reject", null, []]);
};

/** A test for each case. */
export const itRejects = (cases: readonly RejectionCase[]): void => {
  for (const [title, code, question] of cases)
    it(`rejects ${title}`, () => expectRejected(verifyQuote(question()), code));
};

/** A test for each case. */
export const itAccepts = (cases: readonly AcceptanceCase[]): void => {
  for (const [title, question] of cases) it(`accepts ${title}`, () => expectAccepted(verifyQuote(question())));
};
