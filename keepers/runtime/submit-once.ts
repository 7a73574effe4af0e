/** Puts a transaction into the outbox unless it is there. */
import type { Transactions } from "./transactions.ts";
import type { Intent, TxStatus } from "./tx-types.ts";

/** Whether the outbox still does something about it. */
export const isUnderWay = (status: TxStatus | undefined): boolean =>
  status?.kind === "pending" || (status?.kind === "refused" && status.retryAtMs !== undefined);

/**
 * Submits what is neither under way nor mined; what failed for good before starts anew. Answers whether it did.
 */
export const submitOnce = async (
  transactions: Pick<Transactions, "find" | "submit">,
  intent: Intent,
): Promise<boolean> => {
  const { contract, subject, action } = intent;
  const status = (await transactions.find({ contract, subject, action }))?.status;
  if (isUnderWay(status) || status?.kind === "mined") return false;
  await transactions.submit(intent, { again: true });
  return true;
};
