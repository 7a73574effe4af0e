/** What this node holds of what members have said: checked messages only, bounded per member, kept over restarts. */
import type { Hex } from "viem";
import { bigintOf, type Row, type Store, textOf, type Tx } from "../runtime/store.ts";
import type { AttestationMessage, AttestationWithResult, CommitMessage, Held, ResultMessage } from "./messages.ts";

/** Attestations kept per member: two roots over one digest, and as much evidence of another digest. */
export const maxAttestationsPerMember = 4;

/** `first`: the only one of its node so far. `second`: it contradicts another, both are kept. `full`: not kept. */
export type Added = "known" | "first" | "second" | "full";

/** A request and the level of what was said about it. */
export type HeldSubject = { readonly requestId: Hex; readonly level: bigint };

export type HeldStore = {
  addCommit(commit: CommitMessage, receivedMs: number): Promise<Added>;
  /** `second` means that the node attested another digest too; another root over the same digest is `first`. */
  addAttestation(attestation: AttestationWithResult, receivedMs: number): Promise<Added>;
  /** Whether these words are stored, under whatever signature: a repetition costs neither a check nor a share of a limit. */
  hasCommit(commit: CommitMessage): Promise<boolean>;
  hasAttestation(attestation: AttestationMessage): Promise<boolean>;
  read(requestId: Hex, level: bigint): Promise<Held>;
  /** Where a node said two things, one of them received since then. The nodes' messages tell which. */
  contradictions(sinceMs: number): Promise<readonly HeldSubject[]>;
  /** Requests about which a member of the committee attested something since then. */
  attested(sinceMs: number): Promise<readonly Hex[]>;
  /** Forgets what was received before `beforeMs`; keep it for as long as it can be evidence (the unbonding time). */
  prune(beforeMs: number): Promise<void>;
};

const hexOf = (row: Row, column: string): Hex => textOf(row, column) as Hex; // written by this file only

const where = "WHERE request_id = ? AND level = ?";

const commitOf = (row: Row): CommitMessage => ({
  requestId: hexOf(row, "request_id"),
  level: bigintOf(row, "level"),
  nodeId: bigintOf(row, "node_id"),
  leaf: hexOf(row, "leaf"),
  signature: hexOf(row, "signature"),
});

const attestationOf = (row: Row): AttestationMessage => ({
  requestId: hexOf(row, "request_id"),
  level: bigintOf(row, "level"),
  nodeId: bigintOf(row, "node_id"),
  digest: hexOf(row, "digest"),
  committed: bigintOf(row, "committed"),
  commitRoot: hexOf(row, "commit_root"),
  salt: hexOf(row, "salt"),
  leaves: textOf(row, "leaves").split(" ") as Hex[],
  signature: hexOf(row, "signature"),
});

const resultOf = (row: Row): ResultMessage => ({
  digest: hexOf(row, "digest"),
  status: bigintOf(row, "status"),
  usage: bigintOf(row, "usage"),
  output: hexOf(row, "output"),
});

const addCommit = async (tx: Tx, commit: CommitMessage, receivedMs: number): Promise<Added> => {
  const { requestId, level, nodeId, leaf, signature } = commit;
  const rows = await tx.all(`SELECT leaf FROM committee_commits ${where} AND node_id = ?`, [requestId, level, nodeId]);
  if (rows.some((row) => textOf(row, "leaf") === leaf)) return "known";
  if (rows.length >= 2) return "full";
  await tx.run(
    "INSERT INTO committee_commits (request_id, level, node_id, leaf, signature, received_ms) VALUES (?, ?, ?, ?, ?, ?)",
    [requestId, level, nodeId, leaf, signature, receivedMs],
  );
  return rows.length === 0 ? "first" : "second";
};

const hasCommit = async (tx: Tx, { requestId, level, nodeId, leaf }: CommitMessage): Promise<boolean> => {
  const sql = `SELECT 1 FROM committee_commits ${where} AND node_id = ? AND leaf = ?`;
  return (await tx.all(sql, [requestId, level, nodeId, leaf])).length > 0;
};

const hasAttestation = async (tx: Tx, one: AttestationMessage): Promise<boolean> => {
  const sql = `SELECT 1 FROM committee_attestations ${where} AND node_id = ? AND digest = ? AND committed = ? AND commit_root = ?`;
  const key = [one.requestId, one.level, one.nodeId, one.digest, one.committed.toString(), one.commitRoot];
  return (await tx.all(sql, key)).length > 0;
};

const insertAttestation = (tx: Tx, one: AttestationMessage, receivedMs: number): Promise<number> =>
  tx.run(
    "INSERT INTO committee_attestations (request_id, level, node_id, digest, committed, commit_root, salt, leaves, " +
      "signature, received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [
      one.requestId,
      one.level,
      one.nodeId,
      one.digest,
      one.committed.toString(),
      one.commitRoot,
      one.salt,
      one.leaves.join(" "),
      one.signature,
      receivedMs,
    ],
  );

const addAttestation = async (tx: Tx, one: AttestationWithResult, receivedMs: number): Promise<Added> => {
  const { requestId, level, nodeId, digest, result } = one;
  const rows = await tx.all(`SELECT digest FROM committee_attestations ${where} AND node_id = ?`, [
    requestId,
    level,
    nodeId,
  ]);
  if (await hasAttestation(tx, one)) return "known";
  if (rows.length >= maxAttestationsPerMember) return "full";
  await insertAttestation(tx, one, receivedMs);
  await tx.run(
    "INSERT INTO committee_results (request_id, level, digest, status, usage, output, received_ms) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id, level, digest) DO NOTHING",
    [requestId, level, digest, result.status, result.usage.toString(), result.output, receivedMs],
  );
  return rows.some((row) => textOf(row, "digest") !== digest) ? "second" : "first";
};

const read = async (tx: Tx, requestId: Hex, level: bigint): Promise<Held> => {
  const rowsOf = (table: string, order: string): Promise<readonly Row[]> =>
    tx.all(`SELECT * FROM ${table} ${where} ORDER BY ${order} LIMIT 252`, [requestId, level]);
  const [commits, attestations, results] = [
    await rowsOf("committee_commits", "node_id, leaf"),
    await rowsOf("committee_attestations", "node_id, received_ms"),
    await rowsOf("committee_results", "digest"),
  ];
  return {
    requestId,
    commits: commits.map(commitOf),
    attestations: attestations.map(attestationOf),
    results: results.map(resultOf),
  };
};

const contradicting = (table: string, said: string): string =>
  `SELECT a.request_id AS request_id, a.level AS level FROM ${table} a JOIN ${table} b ON b.request_id = a.request_id AND ` +
  `b.level = a.level AND b.node_id = a.node_id AND b.${said} <> a.${said} WHERE a.received_ms >= ?`;

const contradictions = async (tx: Tx, sinceMs: number): Promise<readonly HeldSubject[]> => {
  const [commits, attestations] = [
    contradicting("committee_commits", "leaf"),
    contradicting("committee_attestations", "digest"),
  ];
  const rows = await tx.all(`${commits} UNION ${attestations} LIMIT 10000`, [sinceMs, sinceMs]);
  return rows.map((row) => ({ requestId: hexOf(row, "request_id"), level: bigintOf(row, "level") }));
};

/** The messages held in `store`, which must have `networkMigrations`. */
export const makeHeldStore = (store: Store): HeldStore => ({
  addCommit: (commit, receivedMs) => store.tx((tx) => addCommit(tx, commit, receivedMs)),
  addAttestation: (attestation, receivedMs) => store.tx((tx) => addAttestation(tx, attestation, receivedMs)),
  hasCommit: (commit) => store.read((tx) => hasCommit(tx, commit)),
  hasAttestation: (attestation) => store.read((tx) => hasAttestation(tx, attestation)),
  read: (requestId, level) => store.read((tx) => read(tx, requestId, level)),
  contradictions: (sinceMs) => store.read((tx) => contradictions(tx, sinceMs)),
  attested: (sinceMs) =>
    store.read(async (tx) => {
      const sql =
        "SELECT DISTINCT request_id FROM committee_attestations WHERE level = 0 AND received_ms >= ? LIMIT 100000";
      return (await tx.all(sql, [sinceMs])).map((row) => hexOf(row, "request_id"));
    }),
  prune: (beforeMs) =>
    store.tx(async (tx) => {
      for (const table of ["committee_commits", "committee_attestations", "committee_results"])
        await tx.run(`DELETE FROM ${table} WHERE received_ms < ?`, [beforeMs]);
    }),
});
