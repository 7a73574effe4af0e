import type { Address, Hex, TransactionReceipt } from "viem";
import { CallError } from "../errors/call-error.ts";
import type { SendContext } from "./context.ts";

/** A call to send, as `...Call` functions make them of an action. `action` begins the message of an error. */
export type Call = { readonly action: string; readonly to: Address; readonly data: Hex };

/**
 * Simulates a call, sends it and waits until it is mined. Throws CallError, with what to do, where the simulation or the
 * mined transaction reverts.
 */
export async function send(
  { publicClient, walletClient }: SendContext,
  { action, to, data }: Call,
): Promise<TransactionReceipt> {
  const { account, chain } = walletClient;
  try {
    await publicClient.call({ account, to, data });
    const hash = await walletClient.sendTransaction({ account, chain, to, data });
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") await explainRevert(receipt);
    return receipt;
  } catch (cause) {
    throw new CallError(action, cause);
  }

  /** Repeats a transaction that reverted on the state after it, for its error. */
  async function explainRevert({ blockNumber, transactionHash }: TransactionReceipt): Promise<never> {
    await publicClient.call({ account, to, data, blockNumber });
    throw new Error(`Transaction ${transactionHash} reverted. It may have run out of gas; send it with more.`);
  }
}
