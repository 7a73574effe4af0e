/** Amounts as people write them: whole tokens with decimals. */
import { formatUnits, parseUnits } from "viem";
import { UsageError } from "../commands/usage-error.ts";
import type { Token } from "./session.ts";

/** No token has more in circulation. */
const most = 2n ** 128n;
const shape = /^(0|[1-9][0-9]{0,38})(?:\.([0-9]+))?$/;

/**
 * The amount in the token's smallest unit. Throws UsageError unless it is digits, with decimals that the token has, above
 * zero: no sign, no exponent, no separator. `option` is named in the error.
 */
export const parseAmount = (text: string, token: Token, option: string): bigint => {
  const match = shape.exec(text);
  if (match === null)
    throw new UsageError(`${option} must be an amount of ${token.symbol} in digits, such as 12.5. It is "${text}".`);
  const [, , decimals = ""] = match;
  if (decimals.length > token.decimals)
    throw new UsageError(
      `${option} is ${text}, but ${token.symbol} has ${token.decimals} decimals: leave out what is smaller.`,
    );
  const amount = parseUnits(text, token.decimals);
  if (amount === 0n) throw new UsageError(`${option} must be more than 0.`);
  if (amount >= most) throw new UsageError(`${option} is ${text}, more than there can be. Check the amount.`);
  return amount;
};

/** Such as "12.5 USD". */
export const formatAmount = (amount: bigint, { decimals, symbol }: Token): string =>
  `${formatUnits(amount, decimals)} ${symbol}`;

/** An ask per unit in multiples of 10^askExponent token units, from whole tokens. Throws UsageError where it is no multiple. */
export const parseAsk = (text: string, token: Token, askExponent: number, option: string): bigint => {
  const amount = parseAmount(text, token, option);
  const scale = 10n ** BigInt(askExponent);
  const ask = amount / scale;
  if (amount % scale !== 0n || ask === 0n || ask >= 2n ** 32n)
    throw new UsageError(
      `${option} is ${text}: asks of this task are multiples of ${formatAmount(scale, token)}, up to ${formatAmount(scale * (2n ** 32n - 1n), token)}.`,
    );
  return ask;
};

/** An ask per unit, in whole tokens. */
export const formatAsk = (ask: bigint, token: Token, askExponent: number): string =>
  formatAmount(ask * 10n ** BigInt(askExponent), token);
