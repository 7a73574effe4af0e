import type {
  Abi,
  ContractFunctionArgs,
  ContractFunctionName,
  TransactionReceipt,
  WriteContractParameters,
} from "viem";
import type { Wallet, World } from "../../deploy/local/world.ts";

/** A transaction was mined and reverted. */
export class RevertedError extends Error {
  override readonly name = "RevertedError";
}

/**
 * Sends a call and waits until it is mined.
 *
 * @throws RevertedError
 */
export async function send<
  const A extends Abi,
  F extends ContractFunctionName<A, "nonpayable">,
  P extends ContractFunctionArgs<A, "nonpayable", F>,
>(
  { chain }: World,
  wallet: Wallet,
  call: Pick<WriteContractParameters<A, F, P>, "address" | "abi" | "functionName" | "args">,
): Promise<TransactionReceipt> {
  const hash = await wallet.writeContract(call as unknown as WriteContractParameters);
  const receipt = await chain.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new RevertedError(`${String(call.functionName)} reverted in ${hash}.`);
  return receipt;
}
