import { encodeFunctionData, type Hex, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Settlement } from "../agreement/settlement.ts";
import { explainReason, nameOfReason } from "../errors/explain.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** The beacon's signature over a round, 64 bytes. */
export type RoundSignature = { readonly round: bigint; readonly signature: Hex };

/** `rounds` are those that are not posted yet. */
export type SettleInput = { readonly settlements: readonly Settlement[]; readonly rounds?: readonly RoundSignature[] };

/** What a batch did. Items that could not settle are listed with the name of the reason and what to do. */
export type SettleResult = {
  readonly transactionHash: Hex;
  readonly settled: readonly Hex[];
  readonly skipped: readonly { readonly requestId: Hex; readonly reason: string; readonly sentence: string }[];
};

/** Settles a batch: whatever can be settled is. Throws CallError if nothing can. */
export async function settle(context: Context, { settlements, rounds = [] }: SettleInput): Promise<SettleResult> {
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "settle", args: [settlements, rounds] });
  const receipt = await send(context, { action: "Cannot settle", to: context.deployment.escrow, data });
  const logs = parseEventLogs({ abi: requestEscrowAbi, logs: receipt.logs });
  const settled = logs.flatMap((log) =>
    log.eventName === "Settled" || log.eventName === "ResultRecorded" ? [log.args.requestId] : [],
  );
  const skipped = logs.flatMap((log) => {
    if (log.eventName !== "SettlementSkipped") return [];
    const { requestId, reason } = log.args;
    return [{ requestId, reason: nameOfReason(reason) ?? reason, sentence: explainReason(reason) }];
  });
  return { transactionHash: receipt.transactionHash, settled, skipped };
}
