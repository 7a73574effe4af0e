import { type Address, getAddress, isAddress } from "viem";
import { z } from "zod";

/** What a file says where a team has something to fill in: this, and then what. */
export const fillIn = "FILL IN";

/** A whole number within bounds, as a JSON number. `unit` is for the error. */
export const whole = (least: number, most: number, unit: string) => {
  const error = `must be a whole number from ${least} to ${most} (${unit})`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

/** A whole number within bounds that may not fit a JSON number, as a decimal string. */
export const amount = (least: bigint, most: bigint, unit: string) => {
  const error = `must be a decimal string from ${least} to ${most} (${unit})`;
  return z
    .string({ error })
    .regex(/^(0|[1-9]\d{0,77})$/, { error, abort: true })
    .transform((text) => BigInt(text))
    .refine((value) => value >= least && value <= most, { error });
};

const addressError = "must be an address with a right checksum";

/** An address with its checksum: a mistyped one is refused. */
export const address = z
  .string({ error: addressError })
  .refine((text) => isAddress(text) && text === getAddress(text) && BigInt(text) !== 0n, { error: addressError })
  .transform((text) => text as Address);

/** 32 bytes in hexadecimal. */
export const word = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, { error: "must be 0x and 64 lower-case hexadecimal digits" })
  .transform((text) => text as `0x${string}`);

/** Where a file still has something to fill in: a path and what belongs there. */
export function placeholdersIn(value: unknown, path = ""): readonly (readonly [path: string, what: string])[] {
  if (typeof value === "string" && value.startsWith(fillIn))
    return [[path, value.slice(fillIn.length).replace(/^[:\s]+/, "")]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "$comment" ? [] : placeholdersIn(inner, path === "" ? name : `${path}.${name}`),
  );
}
