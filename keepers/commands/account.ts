import { Command } from "commander";
import type { Address } from "viem";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { depositCall } from "../../sdk/client/deposit.ts";
import { withdrawCall } from "../../sdk/client/withdraw.ts";
import { act, type SendingOptions } from "../cli/act.ts";
import { formatAmount, parseAmount } from "../cli/amounts.ts";
import { type Io, processIo } from "../cli/io.ts";
import { connected, parseAddress, sending } from "../cli/options.ts";
import { pullCalls } from "../cli/pull.ts";
import { escrowOf } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { fieldsOf, jsonLine } from "../cli/text.ts";
import { openWallet, type WalletOptions } from "../cli/wallet.ts";

/** What an account has, in the tokens' smallest units. */
export type Balances = {
  readonly gas: bigint;
  readonly payment: bigint;
  readonly allowance: bigint;
  readonly inEscrow: bigint;
};

/** Reads the balances of an account. */
export const readBalances = async ({ context, instance }: Session, account: Address): Promise<Balances> => {
  const { publicClient, deployment } = context;
  const token = { address: deployment.token, abi: erc20Abi } as const;
  const [gas, payment, allowance, [inEscrow]] = await Promise.all([
    publicClient.getBalance({ address: account }),
    publicClient.readContract({ ...token, functionName: "balanceOf", args: [account] }),
    publicClient.readContract({ ...token, functionName: "allowance", args: [account, instance.escrow] }),
    publicClient.readContract({ ...escrowOf({ instance }), functionName: "accountOf", args: [account] }),
  ]);
  return { gas, payment, allowance, inEscrow };
};

/** `atoma account`: the account in the escrow, which pays for requests. */
export function accountCommand(io: Io = processIo): Command {
  const command = new Command("account")
    .description("The account in the escrow, which pays for requests")
    .exitOverride();
  const status = connected(new Command("status").description("Shows balances of an account"))
    .option("--account <address>", "whose; the wallet's by default", parseAddress)
    .option("--keystore <file>", "the wallet's key. Else ATOMA_KEYSTORE or ATOMA_PRIVATE_KEY")
    .option("--password-file <file>", "password of the keystore. Else ATOMA_PASSWORD_FILE")
    .action(async (options: StatusOptions) => io.exit(await show(io, options)));
  const deposit = sending(new Command("deposit").description("Moves payment tokens of the wallet into its account"))
    .requiredOption("--amount <amount>", "whole tokens, such as 12.5")
    .action(async (options: AmountOptions) => io.exit(await put(io, options)));
  const withdraw = sending(new Command("withdraw").description("Pays out from the wallet's account"))
    .requiredOption("--amount <amount>", "whole tokens, such as 12.5")
    .option("--to <address>", "who gets it; the wallet by default", parseAddress)
    .action(async (options: AmountOptions & { to?: Address }) => io.exit(await take(io, options)));
  return command.addCommand(status).addCommand(deposit).addCommand(withdraw);
}

type StatusOptions = ConnectionOptions & WalletOptions & { readonly account?: Address };
type AmountOptions = SendingOptions & { readonly amount: string };

const show = async (io: Io, options: StatusOptions): Promise<number> => {
  const session = await openSession(io, options);
  const account = options.account ?? (await openWallet(io, session, options)).address;
  const { gas, payment, allowance, inEscrow } = await readBalances(session, account);
  const { tokens } = session;
  if (options.json === true) {
    io.out(
      jsonLine({
        account,
        gas,
        payment,
        allowance,
        inEscrow,
        symbol: tokens.payment.symbol,
        decimals: tokens.payment.decimals,
      }),
    );
    return 0;
  }
  io.out(`Account ${account}`);
  const fields = {
    "in the escrow": formatAmount(inEscrow, tokens.payment),
    "in the wallet": formatAmount(payment, tokens.payment),
    "for gas": formatAmount(gas, tokens.gas),
  };
  for (const line of fieldsOf(fields)) io.out(line);
  return 0;
};

const put = (io: Io, options: AmountOptions): Promise<number> =>
  act(io, options, async (session, { address: owner }) => {
    const { context, tokens } = session;
    const { deployment } = context;
    const { token, escrow: spender } = deployment;
    const amount = parseAmount(options.amount, tokens.payment, "--amount");
    const approvals = await pullCalls(session, { owner, token, spender, amount }, tokens.payment);
    const shown = formatAmount(amount, tokens.payment);
    return {
      plan: {
        title: `Deposit ${shown} into the account of ${owner}:`,
        calls: [...approvals, depositCall(deployment, { amount, account: owner })],
        spends: [{ amount, token: tokens.payment, what: "into the account; what no request locks can be withdrawn" }],
      },
      done: () => ({ sentence: `${shown} are in the account.`, amount }),
    };
  });

const take = (io: Io, options: AmountOptions & { to?: Address }): Promise<number> =>
  act(io, options, async ({ context, tokens }, { address }) => {
    const amount = parseAmount(options.amount, tokens.payment, "--amount");
    const to = options.to ?? address;
    const shown = formatAmount(amount, tokens.payment);
    return {
      plan: { title: `Withdraw ${shown} to ${to}:`, calls: [withdrawCall(context.deployment, { amount, to })] },
      done: () => ({ sentence: `${shown} went to ${to}.`, amount, to }),
    };
  });
