/** Submits what evidence needs on chain, and says what became of it before. */
import type { Log } from "../runtime/log.ts";
import { submitOnce } from "../runtime/submit-once.ts";
import type { Transactions } from "../runtime/transactions.ts";
import type { Intent } from "../runtime/tx-types.ts";

export type SubmitDeps = { readonly transactions: Pick<Transactions, "find" | "submit">; readonly log: Log };

/**
 * Submits it unless it is under way. What the chain refused before is submitted anew, and what it said is thrown. What was
 * mined by `seen`, a block that was read, and is needed all the same, throws too. Answers whether it was submitted.
 */
export const submitNeeded = async (
  { transactions, log }: SubmitDeps,
  intent: Intent,
  { what, seen }: { readonly what: string; readonly seen: bigint },
): Promise<boolean> => {
  const { contract, subject, action } = intent;
  const before = (await transactions.find({ contract, subject, action }))?.status;
  if (before?.kind === "mined" && before.block <= seen)
    throw new Error(`${what}: it was mined in block ${before.block} and has not helped (transaction ${before.hash})`);
  const isSent = await submitOnce(transactions, intent);
  if (isSent) log.info({ what, subject }, "evidence goes on chain");
  if (isSent && (before?.kind === "refused" || before?.kind === "reverted"))
    throw new Error(`${what}: the chain refused it, and it is tried again (${before.reason})`);
  return isSent;
};
