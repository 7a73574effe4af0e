import { encodeFunctionData, parseSignature, type TransactionReceipt } from "viem";
import { erc20Abi } from "../abi/erc20.ts";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { eip712Abi } from "./eip712-abi.ts";
import type { Context } from "./context.ts";
import { send } from "./send.ts";

/** `amount` in units of the payment token; the permit is valid until `deadlineS` (Unix seconds). */
export type PermitInput = { readonly amount: bigint; readonly deadlineS: bigint };

const types = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

/** Deposits into the wallet's own account in one transaction, with an ERC-2612 permit. The token must offer ERC-5267. */
export async function depositWithPermit(context: Context, input: PermitInput): Promise<TransactionReceipt> {
  const { escrow } = context.deployment;
  const { r, s, v = 27n } = parseSignature(await signPermit(context, input));
  const args = [input.amount, input.deadlineS, Number(v), r, s] as const;
  const data = encodeFunctionData({ abi: requestEscrowAbi, functionName: "depositWithPermit", args });
  return send(context, { action: "Cannot deposit with a permit", to: escrow, data });
}

async function signPermit({ publicClient, walletClient, deployment }: Context, { amount, deadlineS }: PermitInput) {
  const owner = walletClient.account.address;
  const token = { address: deployment.token } as const;
  const [[, name, version, chainId, verifyingContract], nonce] = await Promise.all([
    publicClient.readContract({ ...token, abi: eip712Abi, functionName: "eip712Domain" }),
    publicClient.readContract({ ...token, abi: erc20Abi, functionName: "nonces", args: [owner] }),
  ]);
  return walletClient.signTypedData({
    domain: { name, version, chainId, verifyingContract },
    types,
    primaryType: "Permit",
    message: { owner, spender: deployment.escrow, value: amount, nonce, deadline: deadlineS },
  });
}
