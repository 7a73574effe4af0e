import type { AbiEvent, Address, GetLogsReturnType, PublicClient } from "viem";
import { RpcAnswerError } from "./rpc.ts";

/** Logs of some events of one contract. Ranges that the node refuses are asked for in halves. */
export async function logsOf<const E extends readonly AbiEvent[]>(
  chain: PublicClient,
  query: { readonly address: Address; readonly events: E; readonly from: bigint; readonly to: bigint },
): Promise<GetLogsReturnType<undefined, E, true>> {
  const { address, events, from, to } = query;
  try {
    return await chain.getLogs({ address, events, fromBlock: from, toBlock: to, strict: true });
  } catch (error) {
    if (from >= to || !isRefusal(error)) throw error;
    const middle = (from + to) / 2n;
    const first = await logsOf(chain, { ...query, to: middle });
    return [...first, ...(await logsOf(chain, { ...query, from: middle + 1n }))];
  }
}

/** Whether the node answered, and said no. */
function isRefusal(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof RpcAnswerError) return true;
  return false;
}
