/** What each event changes in the tables: pure. */
import { type Hex, hexToBytes, hexToString } from "viem";
import { decodeRequest } from "../../sdk/words/request.ts";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import type { ChainLog } from "../runtime/rpc-answers.ts";
import type { SqlValue } from "../runtime/store.ts";
import type { ChainEvent } from "./events.ts";

/** One row for one of the statements. */
export type Change = { readonly statement: StatementName; readonly params: readonly SqlValue[] };

/** In the order in which they run: rows are made before they are updated. */
export const statements = {
  request:
    "INSERT INTO chain_requests (request_id, height, log_index, round, origin, work, rules, terms, input_digest, data) " +
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING",
  snapshot:
    "INSERT INTO chain_snapshots (snapshot_id, task_id, height, log_index, block_hash) VALUES (?, ?, ?, ?, ?) " +
    "ON CONFLICT (snapshot_id) DO NOTHING",
  snapshotWord: "UPDATE chain_snapshots SET word = ? WHERE snapshot_id = ? AND height = ?",
  recorded:
    "UPDATE chain_requests SET recorded_height = ?, recorded_tx = ?, recorded_digest = ?, recorded_head = ?, settler = ?, " +
    "finalize_after_s = ? WHERE request_id = ?",
  settled:
    "UPDATE chain_requests SET settled_height = ?, settled_tx = ?, settled_digest = ?, settled_head = ?, ended_ms = ? " +
    "WHERE request_id = ?",
  settledSigned:
    "INSERT INTO chain_signed (request_id, height, tx, digest, head, seen_ms) SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS " +
    "(SELECT 1 FROM chain_requests WHERE request_id = ?) ON CONFLICT (request_id) DO NOTHING",
  refunded: "UPDATE chain_requests SET refunded_height = ?, ended_ms = ? WHERE request_id = ?",
  failed: "UPDATE chain_requests SET failed_height = ?, failed_ms = ? WHERE request_id = ?",
  delivered: "UPDATE chain_requests SET delivered_height = ? WHERE request_id = ?",
  verdict: "INSERT INTO chain_verdicts (request_id, digest, until_s, height, log_index) VALUES (?, ?, ?, ?, ?)",
  round: "INSERT INTO chain_rounds (round, height, word, seen_ms) VALUES (?, ?, ?, ?) ON CONFLICT (round) DO NOTHING",
  fact: "INSERT INTO chain_facts (space, key, field, value, height, log_index) VALUES (?, ?, ?, ?, ?, ?)",
  fallback:
    "INSERT INTO chain_fallbacks (request_id, node_id, kind, value, height, log_index, seen_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
  dispute:
    "INSERT INTO chain_disputes (request_id, kind, node_id, height, log_index, seen_ms) VALUES (?, ?, ?, ?, ?, ?)",
  evidence: "INSERT INTO chain_evidence (kind, id, value, until_s, height, log_index) VALUES (?, ?, ?, ?, ?, ?)",
  subscription:
    "INSERT INTO chain_subscriptions (task_id, node_id, height, log_index, kind, active_at_s) VALUES (?, ?, ?, ?, ?, ?)",
} as const;
export type StatementName = keyof typeof statements;

/** Longest text that is kept. Contracts bound endpoints at 256 bytes; longer URIs do not fit a transaction's gas. */
const maxText = 32_768;
const maxInt64 = 2n ** 63n - 1n;

/** Text as databases take it: bounded, without NUL, well-formed. */
export const cleanText = (text: string): string => text.slice(0, maxText).replaceAll("\0", "").toWellFormed();

/** A number that fits an integer column, or the largest one: nothing on chain lives that long. */
const int64 = (value: bigint): bigint => (value > maxInt64 ? maxInt64 : value);

/** A label in 32 bytes, as text. */
export const labelOf = (kind: Hex): string => cleanText(hexToString(kind).replace(/\0+$/, ""));

type Where = Pick<ChainLog, "blockNumber" | "blockHash" | "logIndex" | "transactionHash">;
type ChangesOf = (event: ChainEvent, where: Where, nowMs: number) => readonly Change[];
type EventOf<N extends ChainEvent["eventName"]> = Extract<ChainEvent, { eventName: N }>["args"];

const fact = (
  space: string,
  key: number | bigint,
  field: string,
  value: string,
  { blockNumber, logIndex }: Where,
): Change => ({
  statement: "fact",
  params: [space, BigInt(key), field, cleanText(value), blockNumber, logIndex],
});

const requested = ({ requestId, request, data }: EventOf<"Requested">, { blockNumber, logIndex }: Where): Change => {
  const { origin, work, rules, terms, inputDigest } = request;
  const { round } = decodeRequest(request);
  const words = [origin, work, rules, terms].map(String);
  return {
    statement: "request",
    params: [requestId, blockNumber, logIndex, round, ...words, inputDigest, hexToBytes(data)],
  };
};

const taskRegistered = (
  { taskId, publisher, task, artifactUri }: EventOf<"TaskRegistered">,
  at: Where,
): readonly Change[] => {
  const identity = {
    kind: labelOf(task.kind),
    artifactDigest: task.artifactDigest,
    runtimeDigest: task.runtimeDigest,
    unitSize: task.unitSize.toString(),
    windowS: task.window,
    maxOutputBytes: task.maxOutput,
  };
  return [
    fact("task", taskId, "identity", JSON.stringify(identity), at),
    fact("task", taskId, "publisher", publisher.toLowerCase(), at),
    fact("task", taskId, "artifactUri", artifactUri, at),
  ];
};

const taskWordSet = ({ taskId, word }: EventOf<"TaskWordSet">, at: Where): readonly Change[] => [
  fact("word", taskId, "word", word.toString(), at),
  { statement: "snapshotWord", params: [word.toString(), decodeTaskWord(word).id, at.blockNumber] },
];

const subscription = (
  { taskId, nodeId }: { taskId: number; nodeId: number },
  kind: "subscribed" | "ask" | "unsubscribed",
  activeAtS: bigint,
  { blockNumber, logIndex }: Where,
): Change => ({
  statement: "subscription",
  params: [taskId, nodeId, blockNumber, logIndex, kind, int64(activeAtS)],
});

const nodeChanges: ChangesOf = (event, at) => {
  if (event.eventName === "SignerSet")
    return [fact("node", event.args.nodeId, "signer", event.args.current.toLowerCase(), at)];
  if (event.eventName === "EndpointChanged")
    return [fact("node", event.args.nodeId, "endpoint", event.args.endpoint, at)];
  if (event.eventName === "OwnershipAccepted")
    return [fact("node", event.args.nodeId, "owner", event.args.owner.toLowerCase(), at)];
  if (event.eventName !== "NodeRegistered") return [];
  const { nodeId, owner, endpoint } = event.args;
  return [fact("node", nodeId, "owner", owner.toLowerCase(), at), fact("node", nodeId, "endpoint", endpoint, at)];
};

const taskChanges: ChangesOf = (event, at) => {
  if (event.eventName === "TaskRegistered") return taskRegistered(event.args, at);
  if (event.eventName === "ArtifactUriChanged")
    return [fact("task", event.args.taskId, "artifactUri", event.args.artifactUri, at)];
  if (event.eventName === "TaskDeprecated") return [fact("task", event.args.taskId, "deprecated", "yes", at)];
  if (event.eventName === "TaskWordSet") return taskWordSet(event.args, at);
  if (event.eventName === "Subscribed") return [subscription(event.args, "subscribed", event.args.activeAt, at)];
  if (event.eventName === "AskUpdated") return [subscription(event.args, "ask", 0n, at)];
  if (event.eventName === "Unsubscribed") return [subscription(event.args, "unsubscribed", 0n, at)];
  if (event.eventName !== "SnapshotPublished") return [];
  const { snapshotId, taskId } = event.args;
  return [{ statement: "snapshot", params: [int64(snapshotId), taskId, at.blockNumber, at.logIndex, at.blockHash] }];
};

const outcomeChanges: ChangesOf = (event, { blockNumber: height, transactionHash, logIndex }, nowMs) => {
  if (event.eventName === "ResultRecorded") {
    const { requestId, digest, head, settler, finalizeAfter } = event.args;
    const params = [
      height,
      transactionHash,
      digest,
      head.toString(),
      settler.toLowerCase(),
      int64(finalizeAfter),
      requestId,
    ];
    return [{ statement: "recorded", params }];
  }
  if (event.eventName === "Settled") {
    const { requestId, digest, head } = event.args;
    const settled = [height, transactionHash, digest, head.toString(), nowMs];
    return [
      { statement: "settled", params: [...settled, requestId] },
      { statement: "settledSigned", params: [requestId, ...settled, requestId] }, // where nothing announced it
    ];
  }
  if (event.eventName === "Refunded") return [{ statement: "refunded", params: [height, nowMs, event.args.requestId] }];
  if (event.eventName === "CallbackFailed")
    return [{ statement: "failed", params: [height, nowMs, event.args.requestId] }];
  if (event.eventName === "CallbackDelivered")
    return [{ statement: "delivered", params: [height, event.args.requestId] }];
  if (event.eventName !== "VerdictRecorded") return [];
  const { requestId, digest, until } = event.args;
  return [{ statement: "verdict", params: [requestId, digest, int64(until), height, logIndex] }];
};

const fallbackOf = (event: ChainEvent): readonly [nodeId: number, kind: string, value: string] | undefined => {
  if (event.eventName === "CommittedOnChain") return [event.args.nodeId, "committed", event.args.leaf];
  if (event.eventName === "AttestationShown") return [event.args.nodeId, "shown", event.args.signed.join(" ")];
  if (event.eventName === "RevealedOnChain")
    return [event.args.nodeId, event.args.counted ? "counted" : "revealed", event.args.digest];
  if (event.eventName === "NoShowsProven") return [0, "idle", event.args.idle.toString()];
  return event.eventName === "NoShowSlashed" ? [event.args.nodeId, "slashed", ""] : undefined;
};

const fallbackChanges: ChangesOf = (event, { blockNumber, logIndex }, nowMs) => {
  const found = fallbackOf(event);
  if (found === undefined || !("requestId" in event.args)) return [];
  const [nodeId, kind, value] = found;
  const params = [event.args.requestId, BigInt(nodeId), kind, value, blockNumber, logIndex, nowMs];
  return [{ statement: "fallback", params }];
};

const disputeKinds = {
  DisputeOpened: "opened",
  DisputeConcluded: "concluded",
  SpoilsShared: "closed",
  LoserPunished: "condemned",
  EquivocationProven: "condemned",
  SilentJurorPunished: "silent",
} as const;

const disputeChanges: ChangesOf = (event, at, nowMs) => {
  if (event.eventName === "DisputeParametersSet")
    return [fact("dispute", event.args.version, "parameters", JSON.stringify(event.args.parameters), at)];
  if (!(event.eventName in disputeKinds) || !("requestId" in event.args)) return [];
  const kind = disputeKinds[event.eventName as keyof typeof disputeKinds];
  const nodeId = "nodeId" in event.args ? BigInt(event.args.nodeId) : 0n;
  return [{ statement: "dispute", params: [event.args.requestId, kind, nodeId, at.blockNumber, at.logIndex, nowMs] }];
};

/** The id of a binding in the table of evidence. */
export const boundKeyId = (workloadId: Hex, signer: Hex): string => `${workloadId}:${signer.toLowerCase()}`;

/** Later than any time on chain, and an integer that every store gives back. */
const forever = BigInt(Number.MAX_SAFE_INTEGER);
type EvidenceRow = readonly [kind: string, id: string, value: string, untilS: bigint];

const evidenceOf = (event: ChainEvent): EvidenceRow | undefined => {
  if (event.eventName === "PckRegistered") {
    const { serial, ...pck } = event.args;
    return ["pck", pck.pckId, JSON.stringify({ ...pck, serial: serial.toString() }), forever];
  }
  if (event.eventName === "IssuerRegistered")
    return ["issuer", event.args.issuerId, event.args.serial.toString(), forever];
  if (event.eventName === "PckRevoked") return ["pckRevoked", event.args.pckId, "", forever];
  if (event.eventName === "BindingEnded")
    return ["ended", boundKeyId(event.args.workloadId, event.args.signer), "", forever];
  if (event.eventName !== "NodeAttested") return undefined;
  const { workloadId, nodeId, signer, measurement, pckId, hpkeKey, runtimeHash, until } = event.args;
  const value = { workloadId, nodeId, signer, measurement, pckId, hpkeKey, runtimeHash };
  return ["bound", boundKeyId(workloadId, signer), JSON.stringify(value), until];
};

const evidenceChanges: ChangesOf = (event, { blockNumber, logIndex }) => {
  const found = evidenceOf(event);
  return found === undefined ? [] : [{ statement: "evidence", params: [...found, blockNumber, logIndex] }];
};

/** Rounds from 2^32 on are left out: no request can name one. */
const roundChanges: ChangesOf = (event, { blockNumber }, nowMs) => {
  if (event.eventName !== "RoundRecorded" || event.args.round >> 32n !== 0n) return [];
  return [{ statement: "round", params: [event.args.round, blockNumber, event.args.word.toString(), nowMs] }];
};

/** The rows of one event. `nowMs` is when the keeper saw it. */
export const changesOf: ChangesOf = (event, where, nowMs) => {
  if (event.eventName === "Requested") return [requested(event.args, where)];
  const kinds = [
    ...[nodeChanges, taskChanges, outcomeChanges, fallbackChanges],
    ...[disputeChanges, evidenceChanges, roundChanges],
  ];
  return kinds.flatMap((of) => of(event, where, nowMs));
};
