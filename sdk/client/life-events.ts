import { type Hex, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Member } from "../committee/snapshot.ts";
import { explainReason, nameOfReason } from "../errors/explain.ts";
import type { MadeRequest } from "./made-request.ts";
import type { ReadContext } from "./context.ts";

/** What happens to a request, in the order in which it happens. Times are Unix seconds. */
export type LifeEvent =
  | { readonly type: "requested"; readonly transactionHash: Hex }
  | { readonly type: "drawn"; readonly members: readonly Member[] }
  | { readonly type: "recorded"; readonly digest: Hex; readonly finalizeAfterS: bigint; readonly transactionHash: Hex }
  | { readonly type: "settled"; readonly digest: Hex; readonly head: bigint; readonly transactionHash: Hex }
  | {
      readonly type: "refunded";
      readonly amount: bigint;
      readonly reason: string;
      readonly sentence: string;
      readonly transactionHash: Hex;
    }
  | { readonly type: "callback"; readonly delivered: boolean; readonly transactionHash: Hex };

/** What the escrow announced of a request, from the block that made it on. */
export async function lifeEvents(
  { publicClient, deployment }: ReadContext,
  made: Pick<MadeRequest, "requestId" | "blockNumber" | "fields">,
): Promise<LifeEvent[]> {
  const { requestId, blockNumber: fromBlock } = made;
  const logs = parseEventLogs({
    abi: requestEscrowAbi,
    logs: await publicClient.getLogs({ address: deployment.escrow, fromBlock, toBlock: "latest" }),
    eventName: ["ResultRecorded", "Settled", "Refunded", "CallbackFailed", "CallbackDelivered"],
  }).filter(({ args }) => args.requestId === requestId);
  const failed = new Set(logs.filter((log) => log.eventName === "CallbackFailed").map((log) => log.transactionHash));
  return logs.flatMap((log): LifeEvent[] => {
    const { transactionHash } = log;
    if (log.eventName === "ResultRecorded")
      return [{ type: "recorded", digest: log.args.digest, finalizeAfterS: log.args.finalizeAfter, transactionHash }];
    if (log.eventName === "Refunded")
      return [{ type: "refunded", amount: log.args.amount, ...explained(log.args.reason), transactionHash }];
    if (log.eventName === "CallbackDelivered") return [{ type: "callback", delivered: true, transactionHash }];
    if (log.eventName !== "Settled") return []; // a failure is told with the settlement
    const settled = { type: "settled", digest: log.args.digest, head: log.args.head, transactionHash } as const;
    if (made.fields.callbackGas === 0n) return [settled];
    return [settled, { type: "callback", delivered: !failed.has(transactionHash), transactionHash }];
  });
}

function explained(reason: Hex) {
  return { reason: nameOfReason(reason) ?? reason, sentence: explainReason(reason) };
}
