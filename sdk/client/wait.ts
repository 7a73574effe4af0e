import { setTimeout as sleep } from "node:timers/promises";
import { WaitError } from "../errors/wait-error.ts";
import { committee } from "./committee.ts";
import type { ReadContext } from "./context.ts";
import { type LifeEvent, lifeEvents } from "./life-events.ts";
import { checkInstance, type MadeRequest } from "./made-request.ts";

/** `timeoutMs` bounds the whole wait; `signal` ends it earlier. */
export type WaitOptions = { readonly pollMs?: number; readonly timeoutMs?: number; readonly signal?: AbortSignal };

/**
 * The life of a request as it happens: requested, drawn, recorded (where there is a challenge window), settled or refunded,
 * callback (where one was asked for; a failed one may be delivered later, which is not waited for). Ends when the request
 * has ended. Throws WaitError at the timeout, InvalidValueError for a request of another instance.
 */
export async function* wait(
  context: ReadContext,
  made: MadeRequest,
  options: WaitOptions = {},
): AsyncGenerator<LifeEvent, void> {
  checkInstance(made, context.deployment.escrow);
  const { pollMs = 1_000, timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
  yield { type: "requested", transactionHash: made.transactionHash };
  let isDrawn = false;
  let told = 0;
  for (let waitedMs = 0; waitedMs <= timeoutMs; waitedMs += pollMs) {
    const members = isDrawn ? undefined : await committee(context, made.words);
    if (members !== undefined) {
      isDrawn = true;
      yield { type: "drawn", members };
    }
    const events = await lifeEvents(context, made);
    yield* events.slice(told);
    told = events.length;
    if (events.some(({ type }) => type === "settled" || type === "refunded")) return;
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal });
  }
  throw new WaitError(
    `Request ${made.requestId} did not end within ${timeoutMs} ms. It may still settle or be refunded.`,
  );
}
