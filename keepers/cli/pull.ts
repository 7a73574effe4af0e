/** Tokens that a contract takes from the wallet. */
import type { Address } from "viem";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { type Approval, approvalCalls } from "../../sdk/client/approve.ts";
import type { Call } from "../../sdk/client/send.ts";
import { UsageError } from "../commands/usage-error.ts";
import { formatAmount } from "./amounts.ts";
import type { Session, Token } from "./session.ts";

const balanceOf = ({ context }: Session, token: Address, owner: Address): Promise<bigint> =>
  context.publicClient.readContract({ address: token, abi: erc20Abi, functionName: "balanceOf", args: [owner] });

/**
 * The calls that let the spender take the amount. Throws UsageError where the owner holds less, so that no gas is spent on an
 * approval that leads nowhere. `shown` is the token for people.
 */
export const pullCalls = async (session: Session, approval: Approval, shown: Token): Promise<readonly Call[]> => {
  const { owner, token, amount } = approval;
  const balance = await balanceOf(session, token, owner);
  if (balance >= amount) return approvalCalls(session.context, approval);
  throw new UsageError(
    `${owner} holds ${formatAmount(balance, shown)} and this takes ${formatAmount(amount, shown)} from it: send it the rest first.`,
  );
};
