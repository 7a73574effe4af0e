/** What happens to requests, each event as one line. */
import type { Hex } from "viem";
import { explainReason, nameOfReason } from "../../sdk/errors/explain.ts";
import { decodeHead } from "../../sdk/words/head.ts";
import { decodeRequest } from "../../sdk/words/request.ts";
import { formatAmount } from "./amounts.ts";
import type { PlacedEvent } from "./logs.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./text.ts";

/** One event. Its own values, under names, come besides the sentence. */
export type LifeLine = {
  readonly event: string;
  readonly requestId: Hex;
  readonly taskId?: bigint;
  readonly blockNumber: bigint;
  readonly transactionHash?: Hex;
  readonly sentence: string;
  readonly [name: string]: unknown;
};

type Told = { readonly event: string; readonly sentence: string; readonly [name: string]: unknown };

const statusText = (status: bigint): string =>
  status === 0n ? "a success" : status === 1n ? "a success, its output only by hash" : `the failure ${status}`;

/** What an event means for a request, or undefined if it is about none. */
const tell = ({ event }: PlacedEvent, { tokens }: Session): Told | undefined => {
  if (event.eventName === "Requested") {
    const { k, units, taskId } = decodeRequest(event.args.request);
    return { event: "requested", taskId, k, units, sentence: `requested: task ${taskId}, ${k} nodes, ${units} units` };
  }
  if (event.eventName === "ResultRecorded") {
    const { digest, finalizeAfter, settler, head } = event.args;
    const until = dateOf(finalizeAfter);
    return {
      event: "recorded",
      digest,
      head,
      settler,
      finalizeAfterS: finalizeAfter,
      status: decodeHead(head).status,
      sentence: `recorded: digest ${digest}, paid after ${until} unless disputed`,
    };
  }
  if (event.eventName === "Settled") {
    const { head } = event.args;
    const { status, usage } = decodeHead(head);
    return {
      event: "settled",
      digest: event.args.digest,
      head,
      status,
      usage,
      sentence: `settled as ${statusText(status)}: digest ${event.args.digest}`,
    };
  }
  if (event.eventName === "Refunded") {
    const { amount, reason } = event.args;
    return {
      event: "refunded",
      amount,
      reason: nameOfReason(reason) ?? reason,
      sentence: `refunded ${formatAmount(amount, tokens.payment)}: ${explainReason(reason)}`,
    };
  }
  if (event.eventName === "CallbackFailed")
    return { event: "callbackFailed", sentence: "the callback failed; anyone may retry it" };
  if (event.eventName === "CallbackDelivered")
    return { event: "callbackDelivered", sentence: "the callback was delivered after all" };
  return tellDispute({ event });
};

const tellDispute = ({ event }: Pick<PlacedEvent, "event">): Told | undefined => {
  if (event.eventName === "DisputeOpened") {
    const { challenger, digest, bond } = event.args;
    return {
      event: "disputeOpened",
      challenger,
      digest,
      bond,
      sentence: `disputed by ${challenger} over digest ${digest}`,
    };
  }
  if (event.eventName === "DisputeConcluded") {
    const ending = endings[event.args.ending] ?? "unknown";
    return { event: "disputeConcluded", ending, digest: event.args.digest, sentence: `the dispute ended: ${ending}` };
  }
  if (event.eventName === "LoserPunished" || event.eventName === "SilentJurorPunished") {
    const { nodeId, taken } = event.args;
    return { event: "punished", nodeId, taken, sentence: `node ${nodeId} was punished` };
  }
  return undefined;
};

/** Names of `IDisputes.Ending`, in the order of their numbers. */
export const endings = ["pending", "decided", "no fault", "no panel"] as const;

/** The event as a line, or none if it is about no request. */
export const lineOf = (placed: PlacedEvent, session: Session): LifeLine[] => {
  const told = tell(placed, session);
  const { args } = placed.event;
  if (told === undefined || !("requestId" in args)) return [];
  const { blockNumber, transactionHash } = placed.log;
  return [{ requestId: args.requestId, blockNumber, transactionHash, ...told }];
};
