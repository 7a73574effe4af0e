/** How the endpoint reads what is sent to it, and answers. */
import type { HttpBindings } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import type { Hex } from "viem";
import { z } from "zod";
import { ownerOf } from "./addresses.ts";
import { BodyTooLargeError, readBounded } from "./body.ts";
import type { Load } from "./load.ts";
import { refuse, type Refused, statusOf } from "./refusals.ts";

export type Env = { Bindings: HttpBindings };
export type Asked = Context<Env>;
export type Answer = (c: Asked) => Promise<Response>;

/** Repeats a refusal's name, for the count of refusals here and for proxies' logs. */
export const errorHeader = "x-atoma-error";
const hash = /^0x[0-9a-f]{64}$/;
export const isHash = (text: string | undefined): text is Hex => text !== undefined && hash.test(text);

/** The part of the sender's address that one owner has. */
export const addressOf = (c: Asked): string => ownerOf(getConnInfo(c).remote.address ?? "unknown");

export const refusal = (c: Asked, refused: Refused): Response =>
  c.json(refused, statusOf(refused.error), { [errorHeader]: refused.error });

export const tooMuchUnread = (c: Asked): Response =>
  refusal(c, refuse("TooManyRequests", "too much of what was asked for is not read yet"));

/** An answer as JSON, booked until it is read. */
export const json = (c: Asked, load: Load, schema: z.ZodType, value: unknown, status: 200 | 202 = 200): Response => {
  const text = JSON.stringify(z.encode(schema, value));
  if (!load.book(c.env.outgoing, text.length)) return tooMuchUnread(c);
  return c.body(text, status, { "content-type": "application/json" });
};

/** The message in a body, or why there is none. */
export const readMessage = async <T extends z.ZodType>(
  c: Asked,
  schema: T,
  maxBytes: number,
): Promise<{ message: z.output<T> } | { refused: Refused }> => {
  try {
    const bytes = await readBounded(c.req.raw.body, maxBytes);
    const parsed = schema.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    if (parsed.success) return { message: parsed.data };
    const found = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return { refused: refuse("MalformedMessage", found.join("; ")) };
  } catch (error) {
    if (error instanceof BodyTooLargeError) return { refused: refuse("BodyTooLarge", `at most ${maxBytes} bytes`) };
    return { refused: refuse("MalformedMessage", "it is not JSON") };
  }
};
