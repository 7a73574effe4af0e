/**
 * Kinds of values that settings have. Scalars are accepted as text (as YAML and the environment give them) or as their own
 * type. Every message is the rest of a sentence that begins with the setting's name.
 */
import { type Address, getAddress, isAddress } from "viem";
import { z } from "zod";

/** Text that is not empty. */
export const text = (what: string) => z.string(`must be ${what}`).trim().min(1, `must be ${what}`);

/** A whole number within bounds, both inclusive. */
export const integer = (least: number, most: number) => {
  const message = `must be a whole number within ${least}..${most}`;
  return z
    .union([z.number(), z.string().trim().regex(/^\d+$/, message).transform(Number)], message)
    .pipe(z.int(message).min(least, message).max(most, message));
};

/** A number within bounds, both inclusive. */
export const decimal = (least: number, most: number) => {
  const message = `must be a number within ${least}..${most}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .trim()
          .regex(/^\d+(\.\d+)?$/, message)
          .transform(Number),
      ],
      message,
    )
    .pipe(z.number(message).min(least, message).max(most, message));
};

/** An amount of a token, in its smallest unit. */
export const amount = z.union(
  [
    z.bigint().nonnegative(),
    z
      .string()
      .trim()
      .regex(/^\d{1,30}$/)
      .transform(BigInt),
  ],
  "must be a whole amount in the token's smallest unit",
);

/** True or false. */
export const flag = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((value) => value === "true")],
  "must be true or false",
);

const split = (value: string): string[] =>
  value.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));

/** A list, or its items in one text with commas between. Items MUST accept text. */
export const list = <O, I>(item: z.ZodType<O, I>, message: string) => {
  const items = z.array(item);
  const fromText = z
    .string()
    .transform(split)
    .pipe(items as unknown as z.ZodType<O[], string[]>);
  return z.union([items, fromText], message);
};

const isHttp = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
/** An http or https URL. */
export const url = z.string("must be an http or https URL").trim().refine(isHttp, "must be an http or https URL");
/** Several of them. */
export const urls = list(url, "must be a list of http or https URLs");

/** An account. */
export const address = z
  .string("must be an address: 0x and 40 hex digits")
  .trim()
  .refine((value) => isAddress(value, { strict: false }), "must be an address: 0x and 40 hex digits")
  .transform((value): Address => getAddress(value));
