/** What became of a signed request, for whoever asked: the answer with its receipt as soon as a quorum agrees. */
import { bytesToHex, type Hex, hexToBytes, keccak256 } from "viem";
import { statusSuccessByHash } from "../../sdk/words/head.ts";
import type { ChainView } from "../chain/view.ts";
import type { BlobCache } from "../executor/blob-cache.ts";
import type { Acceptance } from "../network/acceptance.ts";
import type { PeerClient } from "../network/client.ts";
import { type Committee, type Committees, seatOf } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import type { ItemMessage, LambdaAnswer, LambdaWaiting } from "../network/messages.ts";
import { pullFrom } from "../network/pull.ts";
import { refuse, type Refused } from "../network/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import { assemble, type Assembled } from "../settler/assemble.ts";
import { decodeHead } from "../../sdk/words/head.ts";
import { type KnownSignedRequest, signedCore, type SignedStore } from "./store.ts";

export type LambdaReply =
  { readonly answer: LambdaAnswer } | { readonly waiting: LambdaWaiting } | { readonly refused: Refused };

export type LambdasDeps = {
  readonly signed: Pick<SignedStore, "load">;
  readonly committees: Pick<Committees, "of">;
  readonly held: Pick<HeldStore, "read">;
  readonly view: Pick<ChainView, "node">;
  readonly client: Pick<PeerClient, "held" | "item">;
  readonly acceptance: Acceptance;
  /** Where an output that was fetched is kept, by its keccak256. */
  readonly cache: Pick<BlobCache, "get" | "put">;
  /** Items of results that this node has computed itself. */
  readonly item: (requestId: Hex, index: bigint) => Promise<ItemMessage | undefined>;
  readonly nodeId: () => Promise<bigint | undefined>;
  readonly clock: Clock;
  readonly nowS: () => Promise<bigint>;
  /** Ends questions to members when this node stops. */
  readonly stopping: AbortSignal;
};

export type Lambdas = {
  /** What is known now. Rejects where the store or the view fails. */
  look(requestId: Hex): Promise<LambdaReply>;
  /** The same when there is an answer, or a refusal, or no more time; the signal ends the wait only. */
  wait(requestId: Hex, timeoutMs: number, signal: AbortSignal): Promise<LambdaReply>;
};

const lookMs = 200;
/** Members are asked at most this often for one request by a node that is none of them. */
const askMs = 1_000;
const maxAsked = 10_000;

/** Makes it. */
export const makeLambdas = (deps: LambdasDeps): Lambdas => {
  const { signed, committees, held, clock, stopping } = deps;
  const askedMs = new Map<Hex, number>();

  const mayAsk = (requestId: Hex): boolean => {
    const nowMs = clock.now();
    if (nowMs - (askedMs.get(requestId) ?? 0) < askMs) return false;
    askedMs.delete(requestId); // to the end of the order
    askedMs.set(requestId, nowMs);
    const oldest = askedMs.size > maxAsked ? askedMs.keys().next().value : undefined;
    if (oldest !== undefined) askedMs.delete(oldest);
    return true;
  };

  /** A member is told by its peers until it settles; any other node, and a member that was away until then, has to ask. */
  const askMembers = async ({ requestId, settled }: KnownSignedRequest, { members }: Committee): Promise<boolean> => {
    const own = await deps.nodeId();
    if (settled === undefined && own !== undefined && seatOf({ members }, own) >= 0) return false;
    if (!mayAsk(requestId)) return false;
    const nodeIds = members.map(({ nodeId }) => nodeId);
    return (await pullFrom(deps, { requestId, level: 0n }, nodeIds, stopping)) > 0;
  };

  /** What a quorum agrees on; once it is settled, nothing else than what settled. */
  const agreed = async (
    { requestId, words, fields, settled }: KnownSignedRequest,
    { members }: Committee,
  ): Promise<Assembled | undefined> => {
    const all = await held.read(requestId, 0n);
    const attestations = all.attestations.filter(({ digest }) => settled === undefined || settled.digest === digest);
    return assemble({ words, members, quorum: Number(fields.quorum), held: { ...all, attestations } });
  };

  const fetchOutput = async (requestId: Hex, hash: Hex, { members }: Committee): Promise<Hex | undefined> => {
    for (const { nodeId } of members) {
      const endpoint = (await deps.view.node(nodeId))?.endpoint;
      const answer = endpoint === undefined ? undefined : await deps.client.item(endpoint, requestId, 0n, stopping);
      if (answer === undefined || !("value" in answer)) continue;
      const { output } = answer.value;
      if (keccak256(output) !== hash) continue;
      await deps.cache.put(hash, hexToBytes(output));
      return output;
    }
    return undefined;
  };

  /** The whole output behind a hash: this node's own, or once from a member that has it. */
  const longOutput = async (requestId: Hex, hash: Hex, committee: Committee): Promise<Hex | undefined> => {
    const own = await deps.item(requestId, 0n);
    if (own !== undefined && keccak256(own.output) === hash) return own.output;
    const kept = await deps.cache.get(hash);
    if (kept !== undefined && keccak256(kept) === hash) return bytesToHex(kept);
    return mayAsk(requestId) ? fetchOutput(requestId, hash, committee) : undefined;
  };

  const answerOf = async (
    known: KnownSignedRequest,
    committee: Committee,
    { settlement, digest }: Assembled,
  ): Promise<LambdaReply> => {
    const { requestId, signature, settled } = known;
    const { status, usage } = decodeHead(settlement.head);
    const isLong = status === statusSuccessByHash;
    const output = isLong ? await longOutput(requestId, settlement.output, committee) : settlement.output;
    if (output === undefined) return { waiting: { requestId, state: "waiting", for: "output" } };
    const state = settled === undefined ? ("agreed" as const) : ("settled" as const);
    const transactionHash = settled?.transactionHash ?? null;
    const receipt = { ...settlement, signature };
    return { answer: { requestId, state, status, usage, output, digest, receipt, transactionHash } };
  };

  const look: Lambdas["look"] = async (requestId) => {
    const known = await signed.load(requestId);
    if (known === undefined) return { refused: refuse("RequestUnknown") };
    const core = signedCore(known, await deps.nowS());
    if (core.state === "refunded")
      return { refused: refuse("RequestOver", known.ended ?? "it did not settle in time") };
    const found = await committees.of(core);
    if ("missing" in found) {
      if (found.missing !== "RoundUnknown") return { refused: refuse(found.missing) };
      return { waiting: { requestId, state: "waiting", for: "round" } };
    }
    const { committee } = found;
    let assembled = await agreed(known, committee);
    if (assembled === undefined && (await askMembers(known, committee))) assembled = await agreed(known, committee);
    if (assembled === undefined) return { waiting: { requestId, state: "waiting", for: "agreement" } };
    return answerOf(known, committee, assembled);
  };

  const wait: Lambdas["wait"] = async (requestId, timeoutMs, signal) => {
    const endMs = clock.now() + timeoutMs;
    for (;;) {
      const reply = await look(requestId);
      if (!("waiting" in reply) || signal.aborted || stopping.aborted || clock.now() >= endMs) return reply;
      await clock.sleep(Math.min(lookMs, Math.max(1, endMs - clock.now())), signal);
    }
  };

  return { look, wait };
};
