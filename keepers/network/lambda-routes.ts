/** The paths of signed requests. Their bodies are the longest that this endpoint reads, so few are read at a time. */
import type { Hono } from "hono";
import type { z } from "zod";
import { decodeRequest } from "../../sdk/words/request.ts";
import type { LambdaReply, Lambdas } from "../signed/lambda.ts";
import type { SignedDoor } from "../signed/door.ts";
import { addressOf, type Answer, type Asked, type Env, isHash, json, readMessage, refusal } from "./answers.ts";
import type { Load } from "./load.ts";
import {
  lambdaAnswerSchema,
  lambdaSchema,
  lambdaWaitingSchema,
  paths,
  signedRequestSchema,
  wireBounds,
} from "./messages.ts";
import { refuse, type Refused } from "./refusals.ts";
import { makeSlots } from "./slots.ts";

export type LambdaRoutes = {
  readonly door: SignedDoor;
  readonly lambdas: Lambdas;
  readonly maxInputBytes: number;
  /** Longest time that a question is kept open. */
  readonly maxWaitMs: number;
};

/** Bodies that are read at a time. */
const readingBounds = { total: 64, perOwner: 8 };
/** Questions that are kept open; beyond that the answer is "waiting" at once. */
const waitingBounds = { total: 256, perOwner: 32 };
/** A connection lives so much longer than the question on it is kept open. */
const graceMs = 10_000;

const reply = (c: Asked, load: Load, said: LambdaReply): Response => {
  if ("refused" in said) return refusal(c, said.refused);
  if ("waiting" in said) return json(c, load, lambdaWaitingSchema, said.waiting, 202);
  return json(c, load, lambdaAnswerSchema, said.answer);
};

/** Adds the paths. */
export const mountLambdas = (app: Hono<Env>, routes: LambdaRoutes, load: Load): void => {
  const { door, lambdas, maxWaitMs } = routes;
  const [reading, waiting] = [makeSlots(readingBounds), makeSlots(waitingBounds)];
  const maxBytes = 2 * routes.maxInputBytes + wireBounds.signedWords;

  const read = async <T extends z.ZodType>(
    c: Asked,
    schema: T,
  ): Promise<{ message: z.output<T> } | { refused: Refused }> => {
    const done = reading.take(addressOf(c));
    if (done === undefined) return { refused: refuse("TooManyRequests", "bodies at a time") };
    try {
      return await readMessage(c, schema, maxBytes);
    } finally {
      done();
    }
  };

  const postSigned: Answer = async (c) => {
    const got = await read(c, signedRequestSchema);
    if ("refused" in got) return refusal(c, got.refused);
    const verdict = await door.accept(got.message, addressOf(c));
    return "refused" in verdict ? refusal(c, verdict.refused) : c.json({ accepted: true });
  };

  /** Keeps the question open as long as it may be. Who hangs up ends the wait, not the request. */
  const waitFor = async (c: Asked, requestId: `0x${string}`, askedMs: number): Promise<LambdaReply> => {
    const done = waiting.take(addressOf(c));
    const timeoutMs = done === undefined ? 0 : Math.min(askedMs, maxWaitMs);
    c.env.incoming.socket.setTimeout(timeoutMs + graceMs);
    try {
      return await lambdas.wait(requestId, timeoutMs, c.req.raw.signal);
    } finally {
      done?.();
    }
  };

  const postLambda: Answer = async (c) => {
    const got = await read(c, lambdaSchema);
    if ("refused" in got) return refusal(c, got.refused);
    const { timeoutMs = maxWaitMs, ...message } = got.message;
    const { taskId } = decodeRequest(message.request);
    if (c.req.param("taskId") !== taskId.toString()) return refusal(c, refuse("WrongTask", `they name ${taskId}`));
    const verdict = await door.accept(message, addressOf(c));
    if ("refused" in verdict) return refusal(c, verdict.refused);
    return reply(c, load, await waitFor(c, verdict.requestId, timeoutMs));
  };

  const getLambda: Answer = async (c) => {
    const requestId = c.req.param("id");
    if (!isHash(requestId)) return refusal(c, refuse("MalformedMessage", "a request id is needed"));
    return reply(c, load, await lambdas.look(requestId));
  };

  app.post(paths.signedRequests, postSigned);
  app.get("/v1/lambdas/requests/:id", getLambda);
  app.post("/v1/lambdas/:taskId", postLambda);
};
