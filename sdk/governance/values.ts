/** Values of governance as people write and read them. */
import { formatUnits, parseUnits } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { Unit } from "./parameters.ts";

/** The payment token, in which prices and floors are counted. */
export type Payment = { readonly symbol: string; readonly decimals: number };

const secondsOf: Readonly<Record<string, bigint>> = { "": 1n, s: 1n, m: 60n, h: 3_600n, d: 86_400n };

const decimalsOf: Readonly<Record<Unit, (payment: Payment) => number>> = {
  seconds: () => 0,
  basisPoints: () => 0,
  percent: () => 0,
  count: () => 0,
  atoma: () => 18,
  paymentPerAtoma: ({ decimals }) => decimals,
  millionths: () => 6,
};

const expected: Readonly<Record<Unit, string>> = {
  seconds: "a time such as 90, 15m, 12h or 2d",
  basisPoints: "a whole number of basis points (hundredths of a percent)",
  percent: "a whole number of percent",
  count: "a whole number",
  atoma: "an amount of ATOMA such as 1000 or 12.5",
  paymentPerAtoma: "an amount of the payment token per ATOMA, such as 0.25",
  millionths: "an amount of the payment token with at most 6 decimals",
};

/** A time of at most 15 digits with a unit (s, m, h, d), in seconds, or undefined. */
export function parseDuration(text: string): bigint | undefined {
  const [, digits, unit = ""] = /^(0|[1-9][0-9]{0,14})([smhd]?)$/.exec(text) ?? [];
  const scale = secondsOf[unit];
  return digits === undefined || scale === undefined ? undefined : BigInt(digits) * scale;
}

/** The value in the unit of the contract. Throws InvalidValueError, with `name` in it, for what is no such value. */
export function parseValue(name: string, unit: Unit, text: string, payment: Payment): bigint {
  const wrong = (): InvalidValueError => new InvalidValueError(name, `"${text}" is not ${expected[unit]}.`);
  if (unit === "seconds") {
    const seconds = parseDuration(text);
    if (seconds === undefined) throw wrong();
    return seconds;
  }
  const [, whole, decimals = ""] = /^(0|[1-9][0-9]{0,38})(?:\.([0-9]+))?$/.exec(text) ?? [];
  const most = decimalsOf[unit](payment);
  if (whole === undefined || decimals.length > most) throw wrong();
  return parseUnits(text, most);
}

/** Such as "2d", in the largest unit that divides it. */
export function formatDuration(seconds: bigint): string {
  const [unit, scale] = Object.entries(secondsOf).findLast(([, size]) => seconds !== 0n && seconds % size === 0n) ?? [
    "s",
    1n,
  ];
  return `${seconds / scale}${unit === "" ? "s" : unit}`;
}

/** The value as people read it; a program reads the number. */
export function formatValue(unit: Unit, value: bigint, payment: Payment): string {
  if (unit === "seconds") return formatDuration(value);
  if (unit === "basisPoints") return `${formatUnits(value, 2)}%`;
  if (unit === "percent") return `${value}%`;
  if (unit === "count") return `${value}`;
  const amount = formatUnits(value, decimalsOf[unit](payment));
  if (unit === "atoma") return `${amount} ATOMA`;
  return unit === "millionths" ? `${amount} ${payment.symbol}` : `${amount} ${payment.symbol} per ATOMA`;
}
