/** Logs of the instance in ranges that the RPC answers, with progress. */
import { type ChainEvent, makeDecoder } from "../chain/events.ts";
import { makeRangeSizer, readLogsSplitting } from "../runtime/cursor-fetch.ts";
import { type ChainLog, type LogFilter, readBlock } from "../runtime/rpc-answers.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Io } from "./io.ts";
import type { Session } from "./session.ts";

/** `to` is the newest block unless given; `newestFirst` goes back from there. `what` is said when it takes long. */
export type ScanRange = {
  readonly from: bigint;
  readonly to?: bigint;
  readonly newestFirst?: boolean;
  readonly what: string;
};

/** An event of the instance, and where it is. */
export type PlacedEvent = { readonly event: ChainEvent; readonly log: ChainLog };

const maxRange = 10_000;
const targetLogs = 2_000;
const quietMs = 1_000;

/** Number of the newest block. */
export const headOf = async ({ rpc }: Session): Promise<bigint> => {
  const head = await readBlock(rpc, "latest");
  if (head === undefined) throw new UsageError("The RPC has no block yet: wait until it is in sync, or use another.");
  return head.number;
};

/** Batches of logs in chain order, each batch as large as the RPC gives. */
export async function* scanLogs(
  io: Io,
  session: Session,
  filter: LogFilter,
  { from, to, newestFirst = false, what }: ScanRange,
): AsyncGenerator<readonly ChainLog[]> {
  const end = to ?? (await headOf(session));
  const sizer = makeRangeSizer(maxRange, targetLogs);
  let saidMs = Date.now();
  for (let done = 0n; from + done <= end;) {
    const left = end - from - done + 1n;
    const size = sizer.size() < left ? sizer.size() : left;
    const first = newestFirst ? end - done - size + 1n : from + done;
    yield await readLogsSplitting(session.rpc, filter, { from: first, to: first + size - 1n }, sizer);
    done += size;
    if (Date.now() - saidMs < quietMs) continue;
    saidMs = Date.now();
    io.err(`${what} ... ${done} of ${end - from + 1n} blocks`);
  }
}

/** The events among logs; what is none of the instance is left out. */
export const eventsIn = ({ instance }: Session, logs: readonly ChainLog[]): readonly PlacedEvent[] => {
  const decode = makeDecoder(instance);
  return logs.flatMap((log) => {
    const event = decode(log);
    return event === undefined ? [] : [{ event, log }];
  });
};
