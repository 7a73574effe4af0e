/** Everything that is sent goes this way: simulated, shown, agreed to, sent, waited for. */
import type { TransactionReceipt } from "viem";
import { type Call, send } from "../../sdk/client/send.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Signer } from "../runtime/signer.ts";
import { weiOfGwei } from "../settings.ts";
import { formatAmount } from "./amounts.ts";
import { describeCall } from "./describe.ts";
import { type Estimate, estimate, feeNow } from "./estimate.ts";
import type { Io } from "./io.ts";
import { defaultMaxFee, mostFeeOf } from "./max-fee.ts";
import { during } from "./progress.ts";
import type { Session, Token } from "./session.ts";
import { jsonLine } from "./text.ts";
import { sendContextOf } from "./wallet.ts";

/** Options of every command that sends; `maxFee` in wei. */
export type SendOptions = {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly maxFee?: bigint;
};

/** Tokens that leave the wallet or its account, and what becomes of them. */
export type Spend = { readonly amount: bigint; readonly token: Token; readonly what: string };

/** What is to be done, in order, and what a person should know before it is. */
export type Plan = {
  readonly title: string;
  readonly calls: readonly Call[];
  readonly spends?: readonly Spend[];
  readonly warnings?: readonly string[];
};

/** Fees that an RPC tells later may be so many times those that were agreed to. */
const mostRise = 4n;

type Costed = { readonly estimates: readonly Estimate[]; readonly gas: bigint; readonly costWei: bigint };

const linesOf = (
  session: Session,
  from: string,
  { title, spends = [], warnings = [] }: Plan,
  costed: Costed,
): string[] => {
  const { estimates, costWei } = costed;
  const isWhole = estimates.every(({ gas }) => gas !== undefined);
  const calls = estimates.flatMap(({ call, gas }, i) => {
    const { contract, to, function: name, arguments: values } = describeCall(session, call);
    const width = Math.max(0, ...values.map((value) => value.name.length));
    return [
      `  ${i + 1}. ${name} of the ${contract} ${to}`,
      ...values.map((value) => `       ${value.name.padEnd(width)}  ${value.value}`),
      `       ${gas === undefined ? "can be simulated once the call before it is mined" : `about ${gas} gas`}`,
    ];
  });
  return [
    title,
    `  from ${from}`,
    ...calls,
    ...spends.map(({ amount, token, what }) => `  ${formatAmount(amount, token)}: ${what}`),
    `  gas costs up to about ${formatAmount(costWei, session.tokens.gas)}${isWhole ? "" : ", and what is not simulated yet"}`,
    ...warnings.map((warning) => `  Warning: ${warning}`),
  ];
};

const answerOf = (
  session: Session,
  from: string,
  { spends = [], warnings = [] }: Plan,
  { estimates, ...cost }: Costed,
) => ({
  dryRun: true,
  from,
  calls: estimates.map(({ call, gas }) => {
    const { arguments: values, ...described } = describeCall(session, call);
    const named = Object.fromEntries(values.map(({ name, exact }) => [name, exact]));
    return { ...described, arguments: named, data: call.data, ...(gas === undefined ? {} : { gas }) };
  }),
  spends: spends.map(({ amount, token, what }) => ({ amount, symbol: token.symbol, decimals: token.decimals, what })),
  gas: cost.gas,
  costWei: cost.costWei,
  warnings,
});

const agree = async (
  io: Io,
  lines: readonly string[],
  { warnings = [] }: Plan,
  { yes }: SendOptions,
): Promise<void> => {
  if (yes === true) return warnings.forEach((warning) => io.err(`Warning: ${warning}`));
  if (io.ask === undefined)
    throw new UsageError(
      "Nothing was sent: nobody is at a terminal to agree. Add --yes to send without being asked, or --dry-run to see what would be sent.",
    );
  for (const line of lines) io.err(line);
  const answer = await io.ask("Send this? [y/N] ");
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError("Nothing was sent: you did not agree.");
};

const checkFunds = async ({ context, tokens }: Session, { address }: Signer, costWei: bigint): Promise<void> => {
  const balance = await context.publicClient.getBalance({ address });
  if (balance > 0n && balance >= costWei) return;
  throw new UsageError(
    `${address} holds ${formatAmount(balance, tokens.gas)} and the gas may cost ${formatAmount(costWei, tokens.gas)}: send it some.`,
  );
};

const maxFeeOf = ({ settings }: Session, { maxFee }: SendOptions): bigint =>
  maxFee ?? (settings === undefined ? defaultMaxFee : weiOfGwei(settings.fees.maxFeeGwei));

/** What the wallet refused to sign, out of what the client wraps it in. */
const refusalIn = (error: unknown): unknown => {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof UsageError) return at;
  return error;
};

const sendAll = async (
  io: Io,
  session: Session,
  signer: Signer,
  calls: readonly Call[],
  mostFeeWei: bigint,
): Promise<TransactionReceipt[]> => {
  const context = sendContextOf(io, session, signer, mostFeeWei);
  const receipts: TransactionReceipt[] = [];
  for (const call of calls) {
    try {
      receipts.push(
        await during(io, `Waiting for transaction ${receipts.length + 1} of ${calls.length}`, send(context, call)),
      );
    } catch (error) {
      if (receipts.length > 0)
        io.err(`${receipts.length} of ${calls.length} transactions were mined before this failed.`);
      throw refusalIn(error);
    }
  }
  return receipts;
};

/**
 * Sends the plan's calls and returns the receipts, or, in a dry run, prints what would be sent and returns undefined.
 * Throws UsageError where nobody agreed, CallError where the chain refuses.
 */
export const perform = async (
  io: Io,
  session: Session,
  signer: Signer,
  plan: Plan,
  options: SendOptions,
): Promise<readonly TransactionReceipt[] | undefined> => {
  const estimates = await during(io, "The calls are simulated", estimate(session, signer.address, plan.calls));
  const gas = estimates.reduce((total, one) => total + (one.gas ?? 0n), 0n);
  const feeWei = await feeNow(session);
  const costed = { estimates, gas, costWei: gas * feeWei };
  const lines = linesOf(session, signer.address, plan, costed);
  if (options.dryRun === true) {
    if (options.json === true) io.out(jsonLine(answerOf(session, signer.address, plan, costed)));
    else for (const line of [...lines, "Dry run: nothing was sent."]) io.out(line);
    return undefined;
  }
  const mostFeeWei = mostFeeOf(feeWei, mostRise * feeWei, maxFeeOf(session, options));
  await checkFunds(session, signer, costed.costWei);
  await agree(io, lines, plan, options);
  return sendAll(io, session, signer, plan.calls, mostFeeWei);
};
