/** Takes one seat through its steps, one look at a time; executions and questions to peers go on in the background. */
import type { Hex } from "viem";
import type { ChainRequest, ChainView } from "../chain/view.ts";
import { exchangeTimesOf } from "../network/exchange-times.ts";
import { pullFrom, type PullDeps } from "../network/pull.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Background } from "./background.ts";
import { type Execute, isBundle } from "./execution.ts";
import type { Look, Member } from "./member.ts";
import type { ExecutorMetrics } from "./metrics.ts";
import { concludeBundle, concludeItem, type Outcome, saltResult } from "./outcome.ts";
import type { OwnStore } from "./own-store.ts";
import type { OwnResult, Step } from "./plan.ts";
import { isPullDue } from "./pulling.ts";
import { inputPeersOf, peersOf, type Seat, subjectOf } from "./seat.ts";

/** A seat and what runs on it. `ended` says why nothing more is to be done. */
export type Track = { -readonly [K in keyof Seat]: Seat[K] } & {
  busy: Promise<void> | undefined;
  isLookDue: boolean;
  isExecuting: boolean;
  /** Peers that are being asked: one that hangs holds up no other. */
  asking: Set<bigint>;
  pulledMs: number | undefined;
  ended: string | undefined;
};

export type TrackDeps = PullDeps & {
  readonly view: Pick<ChainView, "request">;
  readonly member: Member;
  readonly execute: Execute;
  readonly own: Pick<OwnStore, "keepResult" | "item">;
  readonly background: Background;
  readonly count: ExecutorMetrics;
  readonly clock: Clock;
  readonly log: Log;
};

/** Looks at a seat and does all that is due at once. A call during another makes that one look again. */
export type Advance = (track: Track) => Promise<void>;

/** A seat of which nothing is known in memory yet. */
export const newTrack = (seat: Pick<Seat, "committee" | "nodeId">, background: Background, advance: Advance): Track => {
  const track: Track = {
    ...seat,
    delivering: new Set(),
    relayed: new Set(),
    signal: background.signal,
    aside: (work) => background.run(() => work().then(() => advance(track))),
    busy: undefined,
    isLookDue: false,
    isExecuting: false,
    asking: new Set(),
    pulledMs: undefined,
    ended: undefined,
  };
  return track;
};

/** Runs `work` with a signal that aborts at `untilMs` or when `stopping` does. */
const untilTime = async (
  clock: Clock,
  untilMs: number,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const window = new AbortController();
  const done = new AbortController();
  void clock
    .sleep(untilMs - clock.now(), done.signal)
    .then(() => window.abort(new Error("the window for commits is over")));
  try {
    await work(AbortSignal.any([stopping, window.signal]));
  } finally {
    done.abort();
  }
};

type Worker = {
  execute(track: Track, signal: AbortSignal): Promise<void>;
  pull(track: Track, look: Look): void;
};

const makeWorker = (deps: TrackDeps): Worker => {
  const { view, execute, own, background, count, clock, log } = deps;

  const end = (track: Track, reason: string): void => {
    if (background.signal.aborted) return; // goes on after a restart
    track.ended = reason;
    count.execution("skipped");
    log.warn({ ...subjectOf(track), reason }, "a request is not answered by this node");
  };

  const outcomeOf = async (request: ChainRequest, digests: readonly Hex[]): Promise<Outcome> => {
    if (isBundle(request)) return concludeBundle(digests);
    const item = await own.item(request.requestId, 0);
    if (item === undefined) throw new Error(`the output of ${request.requestId} was not kept`);
    return concludeItem(item);
  };

  const ask = (track: Track, nodeId: bigint): Promise<number> =>
    pullFrom(deps, subjectOf(track), [nodeId], background.signal);

  return {
    execute: async (track, signal) => {
      const { committee, nodeId } = track;
      const { requestId, level } = subjectOf(track);
      const request = await view.request(requestId);
      if (request === undefined) return end(track, "it is not known any more");
      const untilMs = exchangeTimesOf(committee.timeline).commitEndMs;
      const executed = await execute({ request, peers: inputPeersOf(track), untilMs, signal });
      if ("skipped" in executed) return end(track, executed.skipped);
      const outcome = await outcomeOf(request, executed.digests);
      await own.keepResult(requestId, nodeId, saltResult({ requestId, level, nodeId }, outcome), clock.now());
      count.execution(outcome.result.status <= 1n ? "success" : "failure");
    },
    pull: (track, { situation }) => {
      const { nowMs, times } = situation;
      if (!isPullDue(nowMs, track.pulledMs, times)) return;
      track.pulledMs = nowMs;
      for (const nodeId of peersOf(track)) {
        if (track.asking.has(nodeId)) continue;
        track.asking.add(nodeId);
        background.run(() => ask(track, nodeId).finally(() => track.asking.delete(nodeId)));
      }
    },
  };
};

/** Makes the function that advances seats. It rejects only where the store, the view or the signer fails. */
export const makeAdvance = (deps: TrackDeps): Advance => {
  const { member, background, count, clock, log } = deps;
  const worker = makeWorker(deps);

  const startExecution = (track: Track): false => {
    if (track.isExecuting) return false;
    track.isExecuting = true;
    const { commitEndMs } = exchangeTimesOf(track.committee.timeline);
    background.run(async () => {
      try {
        await untilTime(clock, commitEndMs, background.signal, (signal) => worker.execute(track, signal));
      } finally {
        track.isExecuting = false;
      }
      await advance(track);
    });
    return false;
  };

  const commit = async (track: Track, own: OwnResult | undefined): Promise<boolean> =>
    own !== undefined && (await member.commit(track, own));

  const finish = (track: Track, { reason }: Extract<Step, { kind: "over" }>): false => {
    track.ended = reason;
    count.end(reason);
    log.info({ ...subjectOf(track), reason }, "a seat is done");
    return false;
  };

  /** Does what is due; true if there may be more. */
  const perform = async (track: Track, look: Look): Promise<boolean> => {
    const { step, situation } = look;
    if (step.kind === "execute") return startExecution(track);
    if (step.kind === "commit") return commit(track, situation.own.result);
    if (step.kind === "attest") return member.attest(track, step);
    if (step.kind === "over") return finish(track, step);
    if (step.pull) worker.pull(track, look);
    return false;
  };

  const takeSteps = async (track: Track): Promise<void> => {
    for (let goOn = true; goOn && track.ended === undefined && !background.signal.aborted;) {
      const look = await member.look(track);
      goOn = await perform(track, look);
    }
  };

  const work = async (track: Track): Promise<void> => {
    while (track.isLookDue) {
      track.isLookDue = false;
      await takeSteps(track);
    }
  };

  const advance: Advance = (track) => {
    track.isLookDue = true;
    track.busy ??= work(track).finally(() => (track.busy = undefined));
    return track.busy;
  };
  return advance;
};
