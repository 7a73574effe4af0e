/** Steps of proposals that give what the treasury holds, from what people write on a command line. */
import { type Address, encodeFunctionData, type Hex } from "viem";
import { treasuryAbi } from "../../sdk/abi/treasury.ts";
import type { ProposalCall } from "../../sdk/governance/proposal.ts";
import { parseAmount } from "../cli/amounts.ts";
import { parseAddress } from "../cli/options.ts";
import type { Token } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Governance } from "./contracts.ts";

/** A call, and what it does as the description says it. */
export type Step = { readonly calls: readonly ProposalCall[]; readonly says: readonly string[] };

/** A step of one call. */
export const one = (target: Address, data: Hex, says: string): Step => ({
  calls: [{ target, value: 0n, data }],
  says: [says],
});

const address = (text: string, option: string): Address => {
  try {
    return parseAddress(text);
  } catch (cause) {
    throw new UsageError(`${option}: "${text}" is no address: 0x and 40 hex digits, with a right checksum.`, { cause });
  }
};

type TokenAt = { readonly at: Address; readonly token: Token };

/** ATOMA and the payment token by symbol or address; no other. */
const tokenOf = ({ addresses, session }: Governance, text: string, option: string): TokenAt => {
  const { payment, stake } = session.tokens;
  const is = (at: Address, { symbol }: Token): boolean => text === symbol || text.toLowerCase() === at.toLowerCase();
  const isAtoma = is(addresses.atoma, stake);
  if (isAtoma && is(addresses.token, payment))
    throw new UsageError(`${option}: both tokens are called ${text}; give the token's address.`);
  if (isAtoma) return { at: addresses.atoma, token: stake };
  if (is(addresses.token, payment)) return { at: addresses.token, token: payment };
  throw new UsageError(
    `${option}: the token must be ${stake.symbol} or ${payment.symbol}, or the address of one of them. It is "${text}".`,
  );
};

/** `AMOUNT:TOKEN:ADDRESS`. Throws UsageError. */
export const grantStep = (governance: Governance, text: string): Step => {
  const [amountText, tokenText, toText, ...more] = text.split(":");
  if (amountText === undefined || tokenText === undefined || toText === undefined || more.length > 0)
    throw new UsageError(`--grant must be AMOUNT:TOKEN:ADDRESS, such as 1000:ATOMA:0x... It is "${text}".`);
  const { at, token } = tokenOf(governance, tokenText, "--grant");
  const amount = parseAmount(amountText, token, "--grant");
  const to = address(toText, "--grant");
  const data = encodeFunctionData({ abi: treasuryAbi, functionName: "grant", args: [at, to, amount] });
  return one(governance.addresses.treasury, data, `The treasury grants ${amountText} ${token.symbol} to ${to}.`);
};

/** Unix seconds, or the start of a day in UTC. */
const momentOf = (text: string): number => {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text)
    ? Date.parse(`${text}T00:00:00Z`)
    : /^\d{9,10}$/.test(text)
      ? Number(text) * 1_000
      : NaN;
  if (Number.isNaN(ms)) throw new UsageError(`--stream: "${text}" is no day such as 2027-01-31, and no Unix seconds.`);
  return ms / 1_000;
};

/** `AMOUNT:TOKEN:ADDRESS:START:END`. Throws UsageError. */
export const streamStep = (governance: Governance, text: string): Step => {
  const [amountText, tokenText, toText, startText, endText, ...more] = text.split(":");
  if (
    amountText === undefined ||
    tokenText === undefined ||
    toText === undefined ||
    more.length > 0 ||
    startText === undefined ||
    endText === undefined
  )
    throw new UsageError(
      `--stream must be AMOUNT:TOKEN:ADDRESS:START:END, such as 1000:ATOMA:0x...:2027-01-01:2027-12-31. It is "${text}".`,
    );
  const { at, token } = tokenOf(governance, tokenText, "--stream");
  const total = parseAmount(amountText, token, "--stream");
  const to = address(toText, "--stream");
  const [start, end] = [momentOf(startText), momentOf(endText)];
  if (end <= start) throw new UsageError("--stream must end after it starts.");
  const data = encodeFunctionData({
    abi: treasuryAbi,
    functionName: "createStream",
    args: [at, to, total, start, end],
  });
  const times = `from ${dateOf(BigInt(start))} to ${dateOf(BigInt(end))}`;
  return one(
    governance.addresses.treasury,
    data,
    `The treasury streams ${amountText} ${token.symbol} to ${to}, ${times}.`,
  );
};

/** Ends a stream. */
export const endStreamStep = ({ addresses }: Governance, streamId: bigint): Step =>
  one(
    addresses.treasury,
    encodeFunctionData({ abi: treasuryAbi, functionName: "endStream", args: [streamId] }),
    `Stream ${streamId} of the treasury ends.`,
  );
