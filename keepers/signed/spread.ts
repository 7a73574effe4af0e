/**
 * Tells other nodes of signed requests: before the round, that there is one, so that whoever is drawn heard of it in time;
 * after it, members get the input from the node that has it from whoever asks. What fails is done again until it is too late.
 */
import { bytesToHex, type Hex } from "viem";
import type { ChainView } from "../chain/view.ts";
import { type Background } from "../executor/background.ts";
import { makeTally } from "../job.ts";
import type { Broadcast } from "../network/broadcast.ts";
import type { PeerClient } from "../network/client.ts";
import type { Committee, Committees } from "../network/committees.ts";
import { exchangeTimesOf } from "../network/exchange-times.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Pass } from "../runtime/loop.ts";
import type { Bars } from "./bars.ts";
import { type OverFacts, overOf } from "./over.ts";
import type { Purses } from "./purse.ts";
import { type KnownSignedRequest, signedCore, type SignedStore } from "./store.ts";

export type SpreadDeps = {
  readonly view: Pick<ChainView, "snapshot" | "head">;
  readonly signed: Pick<SignedStore, "load" | "open" | "end" | "prune">;
  readonly purses: Pick<Purses, "of">;
  readonly committees: Pick<Committees, "of">;
  readonly client: Pick<PeerClient, "sendSignedRequest">;
  readonly broadcast: Broadcast;
  readonly bars: Pick<Bars, "add">;
  readonly hasInput: (digest: Hex) => Promise<boolean>;
  readonly readInput: (digest: Hex) => Promise<Uint8Array | undefined>;
  readonly nodeId: () => Promise<bigint | undefined>;
  readonly roundTimeS: (round: bigint) => bigint;
  readonly background: Background;
  readonly clock: Clock;
  readonly nowS: () => Promise<bigint>;
  readonly log: Log;
};

export type Spread = {
  /**
   * Takes every open request on: announces it, looks at its purse again once it is drawn, gives the input to members, ends
   * it when nothing can come of it any more.
   */
  readonly pass: Pass;
  /** Looks at one request at once, beside the pass. */
  notice(requestId: Hex): void;
};

/** Nodes that each node tells of what it hears: those not told by one are told by another, for any size of pool. */
const fanOut = 8;
/** What could settle until so long ago is kept, for those who ask what became of it. */
const keptS = 86_400n;
/** What is too old is looked for this often. */
const pruneS = 3_600n;

/** Makes it. */
export const makeSpread = (deps: SpreadDeps): Spread => {
  const { signed, background, clock } = deps;
  const announced = new Set<Hex>();
  const drawn = new Map<Hex, string>();

  const send = async (
    { words: request, signature }: KnownSignedRequest,
    { nodeIds, untilMs, input }: { nodeIds: readonly bigint[]; untilMs: number; input?: Hex },
  ): Promise<unknown> => {
    const message = { request, signature, ...(input === undefined ? {} : { input }) };
    return deps.broadcast({
      ...{ nodeIds, untilMs, signal: background.signal },
      send: (endpoint, signal) => deps.client.sendSignedRequest(endpoint, message, signal),
    });
  };

  const announce = async (known: KnownSignedRequest, dueS: bigint): Promise<void> => {
    if (announced.has(known.requestId)) return;
    announced.add(known.requestId);
    const { snapshotId, maxAsk } = known.fields;
    const own = await deps.nodeId();
    const { entries } = await deps.view.snapshot(snapshotId);
    const others = entries.filter(({ nodeId, ask }) => nodeId !== own && ask <= maxAsk).map(({ nodeId }) => nodeId);
    background.run(() => send(known, { nodeIds: sample(others, fanOut, clock), untilMs: Number(dueS) * 1_000 }));
  };

  /** Nobody should work for what cannot be paid any more. */
  const checkPurse = async (known: KnownSignedRequest): Promise<boolean> => {
    const { amount, isNonceUsed } = await deps.purses.of(known.fields);
    if (!isNonceUsed && amount >= known.lock) return true;
    await signed.end(known.requestId, isNonceUsed ? "its nonce was paid for" : "its purse holds too little");
    return false;
  };

  const give = async (known: KnownSignedRequest, { members, timeline }: Committee): Promise<void> => {
    const bytes = known.hasInput ? await deps.readInput(known.fields.inputDigest) : undefined;
    if (bytes === undefined) return;
    const own = await deps.nodeId();
    const nodeIds = members.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== own);
    const untilMs = exchangeTimesOf(timeline).commitEndMs;
    background.run(() => send(known, { nodeIds, untilMs, input: bytesToHex(bytes) }));
  };

  /** Makes room for others. By the newest block's time: whose own RPC is silent must blame nobody for it. */
  const endIfOver = async (known: KnownSignedRequest, when: Pick<OverFacts, "found" | "dueS">): Promise<boolean> => {
    const { requestId, fields, hasInput: isGiven } = known;
    const { timestampS: nowS } = await deps.view.head();
    const mayBeMissed = !isGiven && nowS > when.dueS + fields.windowS;
    const hasInput = mayBeMissed && (await deps.hasInput(fields.inputDigest));
    const over = overOf({ ...when, nowS, ownNodeId: await deps.nodeId(), isGiven, hasInput });
    if (over === undefined) return false;
    await signed.end(requestId, over.why);
    if (over.isBad) deps.bars.add(fields.requester);
    return true;
  };

  const takeOn = async (known: KnownSignedRequest, nowS: bigint): Promise<boolean> => {
    const dueS = deps.roundTimeS(known.fields.round);
    if (nowS < dueS) {
      await announce(known, dueS);
      return false;
    }
    const found = await deps.committees.of(signedCore(known, nowS));
    if ((await endIfOver(known, { found, dueS })) || "missing" in found) return false;
    const key = found.committee.members.map(({ nodeId }) => nodeId).join(" "); // another after a reorganisation
    if (drawn.get(known.requestId) === key) return false;
    if (await checkPurse(known)) await give(known, found.committee);
    drawn.set(known.requestId, key);
    return true;
  };

  const forgetAllBut = (open: readonly KnownSignedRequest[]): void => {
    const ids = new Set(open.map(({ requestId }) => requestId));
    for (const requestId of announced) if (!ids.has(requestId)) announced.delete(requestId);
    for (const requestId of drawn.keys()) if (!ids.has(requestId)) drawn.delete(requestId);
  };

  let prunedAtS = 0n;
  const prune = async (nowS: bigint): Promise<void> => {
    if (nowS - prunedAtS < pruneS) return;
    await signed.prune(nowS - keptS);
    prunedAtS = nowS;
  };

  const pass: Pass = async (aborted) => {
    const tally = makeTally(deps.log);
    const nowS = await deps.nowS();
    await prune(nowS);
    const open = await signed.open(nowS);
    forgetAllBut(open);
    for (const known of open) {
      if (aborted.aborted) break;
      const what = { job: "executor", subject: known.requestId, action: "spread" };
      if ((await tally.attempt(what, () => takeOn(known, nowS))) === true) tally.done();
    }
    return tally.report();
  };

  const notice: Spread["notice"] = (requestId) =>
    background.run(async () => {
      const known = await signed.load(requestId);
      if (known !== undefined) await takeOn(known, await deps.nowS());
    });

  return { pass, notice };
};

/** At most `count` of them, chosen at random. */
function sample<T>(all: readonly T[], count: number, { random }: Pick<Clock, "random">): readonly T[] {
  const left = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(Math.floor(random() * left.length), 1));
  return chosen;
}
