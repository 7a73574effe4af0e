/** Brings a message to every member, again and again until it is taken, refused for good, or of no more use. */
import type { ChainView } from "../chain/view.ts";
import { type Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { backoffMs } from "../runtime/loop.ts";
import type { PeerAnswer } from "./client.ts";

export type BroadcastDeps = {
  readonly view: Pick<ChainView, "node">;
  readonly clock: Clock;
  readonly log: Log;
  readonly firstRetryMs?: number;
  readonly maxRetryMs?: number;
};

export type Delivery<T> = {
  readonly nodeIds: readonly bigint[];
  readonly send: (endpoint: string, signal: AbortSignal) => Promise<PeerAnswer<T>>;
  readonly untilMs: number;
  readonly signal: AbortSignal;
};

/** How many members took the message, refused it, or were not reached in time. */
export type DeliveryReport = { readonly taken: number; readonly refused: number; readonly missed: number };

export type Broadcast = <T>(delivery: Delivery<T>) => Promise<DeliveryReport>;

/** Makes a broadcaster. It never rejects; a member that fails delays no other. */
export const makeBroadcast = ({
  view,
  clock,
  log,
  firstRetryMs = 200,
  maxRetryMs = 5_000,
}: BroadcastDeps): Broadcast => {
  const tryOnce = async <T>(nodeId: bigint, { send, signal }: Delivery<T>): Promise<PeerAnswer<T>> => {
    try {
      const endpoint = (await view.node(nodeId))?.endpoint; // read each time: a node may move
      return endpoint === undefined ? { failure: "the node is not known yet" } : await send(endpoint, signal);
    } catch (error) {
      return { failure: String(error) };
    }
  };

  const deliver = async <T>(nodeId: bigint, delivery: Delivery<T>): Promise<keyof DeliveryReport> => {
    const { untilMs, signal } = delivery;
    for (let failures = 1; !signal.aborted; failures++) {
      const answer = await tryOnce(nodeId, delivery);
      if ("value" in answer) return "taken";
      log.debug({ nodeId, answer }, "a member did not take a message");
      if ("refusal" in answer && !answer.canRetry) return "refused";
      const waitMs = backoffMs(firstRetryMs, failures - 1, maxRetryMs, clock.random());
      if (clock.now() + waitMs > untilMs) return "missed";
      await clock.sleep(waitMs, signal);
    }
    return "missed";
  };

  return async (delivery) => {
    const outcomes = await Promise.all(delivery.nodeIds.map((nodeId) => deliver(nodeId, delivery)));
    const countOf = (outcome: keyof DeliveryReport): number => outcomes.filter((one) => one === outcome).length;
    return { taken: countOf("taken"), refused: countOf("refused"), missed: countOf("missed") };
  };
};
