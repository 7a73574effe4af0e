/** Follows requests as blocks come. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { committee } from "../../sdk/client/committee.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { type PlacedEvent, eventsIn, headOf, scanLogs } from "./logs.ts";
import type { Io } from "./io.ts";
import { type LifeLine, lineOf } from "./life.ts";
import { madeIn } from "./requests.ts";
import type { Session } from "./session.ts";
import { logFilterOf } from "../chain/events.ts";

/** `taskId` limits to the requests of a task that were made from `from` on; `made` to one request. Ends at `signal`. */
export type FollowOptions = {
  readonly from: bigint;
  readonly made?: MadeRequest;
  readonly taskId?: bigint;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  /** Stops at the newest block instead of waiting for more. */
  readonly once?: boolean;
};

const makeFilter = ({ made, taskId }: FollowOptions): ((line: LifeLine, placed: PlacedEvent) => boolean) => {
  if (made !== undefined) return ({ requestId }) => requestId === made.requestId;
  if (taskId === undefined) return () => true;
  const known = new Set<Hex>();
  return ({ requestId }, placed) => {
    for (const { fields } of madeIn(placed)) if (fields.taskId === taskId) known.add(requestId);
    return known.has(requestId);
  };
};

/** Resolves early, and never rejects, at the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Lines from block `from` on, in chain order; the draw of a single request as soon as its round is posted. */
export async function* follow(io: Io, session: Session, options: FollowOptions): AsyncGenerator<LifeLine, void> {
  const { from, made, pollMs, signal, once = false } = options;
  const isWanted = makeFilter(options);
  const { escrow, disputes } = session.instance;
  const filter = { ...logFilterOf(session.instance), address: [escrow, disputes] };
  let isDrawn = made === undefined;
  for (let next = from; !signal.aborted;) {
    const head = await headOf(session);
    if (head >= next)
      for await (const logs of scanLogs(io, session, filter, { from: next, to: head, what: "Events are read" }))
        for (const placed of eventsIn(session, logs)) {
          for (const line of lineOf(placed, session)) if (isWanted(line, placed)) yield line;
          if (isDrawn || made === undefined || placed.event.eventName !== "RoundRecorded") continue;
          const drawn = await drawnLine(session, made, placed);
          isDrawn = drawn.length > 0;
          yield* drawn;
        }
    if (head >= next) next = head + 1n;
    if (once) return;
    await pause(pollMs, signal);
  }
}

/** The committee, if the round that was recorded is the request's. */
const drawnLine = async (session: Session, made: MadeRequest, { event, log }: PlacedEvent): Promise<LifeLine[]> => {
  if (event.eventName !== "RoundRecorded" || event.args.round !== made.fields.round) return [];
  const members = await committee(session.context, made.words);
  const nodes = (members ?? []).map(({ nodeId }) => nodeId);
  const sentence = `drawn: nodes ${nodes.join(", ")}`;
  const { blockNumber, transactionHash } = log;
  return [{ event: "drawn", requestId: made.requestId, blockNumber, transactionHash, nodes, sentence }];
};
