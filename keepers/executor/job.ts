/** The executor job: finds the committees and panels in which this node sits, and takes each seat further in every pass. */
import type { Hex } from "viem";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { ChainNode } from "../chain/view.ts";
import type { Executor } from "../executors/executor.ts";
import type { Cases } from "../panel/cases.ts";
import { type Committees, type Drawable, seatOf } from "../network/committees.ts";
import type { ItemMessage } from "../network/messages.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import { errorLine } from "../runtime/errors.ts";
import type { CheckResult } from "../runtime/health.ts";
import type { PassReport } from "../runtime/loop.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Signer } from "../runtime/signer.ts";
import { makeBackground } from "./background.ts";
import type { Execute } from "./execution.ts";
import { makeItems } from "./items.ts";
import { makeMember, type MemberDeps } from "./member.ts";
import { makeExecutorMetrics } from "./metrics.ts";
import { makeAdvance, newTrack, type Track } from "./track.ts";

export type ExecutorJobDeps = Omit<MemberDeps, "countAttestation" | "signer"> & {
  readonly view: Pick<ChainFollower, "activeSummaries" | "request" | "node" | "nodeOfSigner">;
  readonly committees: Pick<Committees, "of">;
  /** Disputes whose panels this node may sit in; none without it. */
  readonly cases?: Pick<Cases, "ids" | "of"> | undefined;
  readonly execute: Execute;
  readonly executors: readonly Executor[];
  readonly signer: Pick<Signer, "address" | "signTypedData">;
  readonly metrics?: Metrics | undefined;
};

export type ExecutorJob = {
  /** Takes all that is due one or more steps on. Executions and deliveries go on beside it. */
  pass(signal: AbortSignal): Promise<PassReport>;
  /** Passes until no seat needs this node any more: for one run under cron. */
  passUntilIdle(signal: AbortSignal): Promise<PassReport>;
  /** A message came: looks at the request at once. */
  notice(requestId: Hex, level: bigint): void;
  /** An item of a result that this node has attested. */
  item(requestId: Hex, index: bigint): Promise<ItemMessage | undefined>;
  /** Whether the signer serves a node and every executor can run. */
  check(): Promise<CheckResult>;
  /** Ends executions and deliveries; what is kept in the store goes on after a restart. */
  stop(): Promise<void>;
};

const notDrawn = "not drawn";
const idleWaitMs = 200;
const requestsAtOnce = 32;
const disputesAtOnce = 8;

type Outcome = "done" | "idle" | "failed";
/** What may have a seat for this node: a request's committee, or a panel of a dispute over it, drawn by `round`. */
type Place = { readonly request: Drawable; readonly level: bigint; readonly round: bigint };
/** `unposted`: rounds found missing in this pass, so that many requests that wait for one ask for it once. */
type Pass = { readonly nodeId: bigint; readonly unposted: Set<bigint> };

const keyOf = (requestId: Hex, level: bigint): string => `${requestId} ${level}`;

/** Makes the job. */
export const makeExecutorJob = (deps: ExecutorJobDeps): ExecutorJob => {
  const { view, executors, own, clock, log, signer } = deps;
  const count = makeExecutorMetrics(deps.metrics);
  const member = makeMember({ ...deps, countAttestation: count.attestation });
  const background = makeBackground(log);
  const advance = makeAdvance({ ...deps, member, background, count });
  const tracks = new Map<string, Track | typeof notDrawn>();

  const ownNode = async (): Promise<ChainNode | undefined> => {
    const node = await view.nodeOfSigner(signer.address);
    return node?.signer.toLowerCase() === signer.address.toLowerCase() ? node : undefined;
  };

  /** The seat of this node in a place, unless there is none or nothing more to do in it. */
  const trackOf = async (place: Place, { nodeId, unposted }: Pass): Promise<Track | undefined> => {
    const { request, level, round } = place;
    const key = keyOf(request.requestId, level);
    const known = tracks.get(key);
    if (known === notDrawn || (known !== undefined && known.ended !== undefined)) return undefined;
    if (unposted.has(round)) return undefined;
    const found = await deps.committees.of(request, level);
    if ("missing" in found) {
      if (found.missing === "RoundUnknown") unposted.add(round);
      return undefined;
    }
    const { committee } = found;
    if (known !== undefined) {
      known.committee = committee; // a reorganisation may have moved its times
      return known;
    }
    const isDrawn = seatOf(committee, nodeId) >= 0;
    const track = isDrawn ? newTrack({ committee, nodeId }, background, advance) : notDrawn;
    tracks.set(key, track);
    return track === notDrawn ? undefined : track;
  };

  const passOne = async (place: Place, current: Pass): Promise<Outcome> => {
    try {
      const track = await trackOf(place, current);
      if (track === undefined) return "idle";
      await advance(track);
      return "done";
    } catch (error) {
      log.warn({ requestId: place.request.requestId, error: errorLine(error) }, "a request could not be taken further");
      return "failed";
    }
  };

  const forgetAllBut = (places: readonly Place[]): void => {
    const active = new Set(places.map(({ request, level }) => keyOf(request.requestId, level)));
    for (const key of tracks.keys()) if (!active.has(key)) tracks.delete(key);
  };

  const committeePlaces = async (): Promise<readonly Place[]> =>
    (await view.activeSummaries())
      .filter(({ state }) => state === "open")
      .map((request) => ({ request, level: 0n, round: request.fields.round }));

  /** A disputed request may be settled or refunded by now: its panels judge it all the same. */
  const placesOf = async (requestId: Hex, cases: Pick<Cases, "of">): Promise<readonly Place[] | "failed"> => {
    try {
      const [dispute, request] = [await cases.of(requestId), await view.request(requestId)];
      if (dispute === undefined || request === undefined) return [];
      return dispute.levels.map(({ level, round }) => ({ request, level, round }));
    } catch (error) {
      log.warn({ requestId, error: errorLine(error) }, "a dispute could not be read");
      return "failed";
    }
  };

  const panelPlaces = async (): Promise<readonly (readonly Place[] | "failed")[]> => {
    const { cases } = deps;
    return cases === undefined ? [] : mapLimit(await cases.ids(), disputesAtOnce, (id) => placesOf(id, cases));
  };

  const pass: ExecutorJob["pass"] = async (signal) => {
    const node = await ownNode();
    if (node === undefined) {
      log.warn({ signer: signer.address }, "the signer serves no node: register one with it, or configure its key");
      return { done: 0, failed: 1 };
    }
    const panels = await panelPlaces();
    const places = [...(await committeePlaces()), ...panels.flatMap((found) => (found === "failed" ? [] : found))];
    forgetAllBut(places);
    const current: Pass = { nodeId: node.nodeId, unposted: new Set() };
    const outcomes = await mapLimit(places, requestsAtOnce, async (place) =>
      signal.aborted ? "idle" : passOne(place, current),
    );
    const countOf = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length;
    return { done: countOf("done"), failed: countOf("failed") + panels.filter((found) => found === "failed").length };
  };

  const passUntilIdle: ExecutorJob["passUntilIdle"] = async (signal) => {
    for (;;) {
      const report = await pass(signal);
      const isBusy = [...tracks.values()].some((track) => track !== notDrawn && track.ended === undefined);
      if (!isBusy || signal.aborted) return report;
      await clock.sleep(idleWaitMs, signal);
    }
  };

  const notice: ExecutorJob["notice"] = (requestId, level) => {
    const track = tracks.get(keyOf(requestId, level));
    if (track !== undefined && track !== notDrawn && track.ended === undefined) background.run(() => advance(track));
  };

  const check: ExecutorJob["check"] = async () => {
    if ((await ownNode()) === undefined) return { ok: false, why: `${signer.address} is the signer of no node` };
    await Promise.all(executors.map((executor) => executor.capabilities())); // rejects where one cannot run
    return { ok: true };
  };

  return { pass, passUntilIdle, notice, check, item: makeItems({ view, own, ownNode }), stop: background.stop };
};
