/**
 * Finds the words of a settlement again that a transaction showed: `finalize` and `retryCallback` want to see them, and
 * the chain keeps only their hash. They are in the calldata of whatever transaction recorded or settled the request.
 */
import { type Address, decodeFunctionData, type Hex, isAddressEqual, keccak256 } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import { decodeHead, statusSuccessByHash } from "../../sdk/words/head.ts";
import { type Instance as IdInstance, requestIdOf } from "../../sdk/words/request-id.ts";
import { decodeRequest } from "../../sdk/words/request.ts";
import type { RequestSummary } from "../chain/requests.ts";

/** A settlement that the chain has taken, and who is owed its tip. */
export type PastSettlement = { readonly settlement: Settlement; readonly settler: Address };

/** A transaction as far as it matters here. */
export type SentTransaction = { readonly from: Address; readonly to: Address | null; readonly input: Hex };

type Shown = { readonly settlement: Settlement; readonly settler: Address };
const maxDepth = 3;

/** All settlements in a call of the escrow by `from`, also inside `multicall`. */
const shownIn = (input: Hex, from: Address, depth = 0): readonly Shown[] => {
  let call;
  try {
    call = decodeFunctionData({ abi: requestEscrowAbi, data: input });
  } catch {
    return [];
  }
  if (call.functionName === "settle") return call.args[0].map((settlement) => ({ settlement, settler: from }));
  if (call.functionName === "finalize" || call.functionName === "retryCallback")
    return [{ settlement: call.args[0], settler: call.args[1] }];
  if (call.functionName !== "multicall" || depth >= maxDepth) return [];
  return call.args[0].flatMap((inner) => shownIn(inner, from, depth + 1));
};

/** The digest that a settlement's head and output stand for. */
export const settledDigest = ({ request, head, output }: Settlement): Hex => {
  if (hasFlag(decodeRequest(request).flags, flagBundle)) return output;
  const { status, usage } = decodeHead(head);
  return digestOf({ status, usage, outputHash: status === statusSuccessByHash ? output : keccak256(output) });
};

/**
 * The settlement of a recorded or settled request out of the transaction that its outcome names. Its proof is left out.
 * Undefined where the escrow was called through another contract, or the transaction is not what it should be.
 */
export const pastSettlement = (
  instance: IdInstance,
  { requestId, outcome }: Pick<RequestSummary, "requestId" | "outcome">,
  transaction: SentTransaction,
): PastSettlement | undefined => {
  if (outcome === undefined || transaction.to === null || !isAddressEqual(transaction.to, instance.escrow))
    return undefined;
  const shown = shownIn(transaction.input, transaction.from).find(
    ({ settlement }) =>
      requestIdOf(instance, settlement.request) === requestId &&
      settlement.head === outcome.head &&
      settledDigest(settlement) === outcome.digest,
  );
  if (shown === undefined) return undefined;
  return { settlement: { ...shown.settlement, proof: "0x" }, settler: outcome.settler ?? shown.settler };
};
