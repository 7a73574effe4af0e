/** Certificates of machines and bindings of keys that the chain has seen. */
import type { Address, Hex } from "viem";
import { bigintOf, type Row, textOf, type Tx } from "../runtime/store.ts";
import { boundKeyId } from "./changes.ts";

/** A registered PCK certificate: what its id commits to. */
export type RegisteredPck = {
  readonly pckId: Hex;
  readonly issuerId: Hex;
  readonly serial: bigint;
  readonly x: Hex;
  readonly y: Hex;
};

/** An authority of such certificates, or a signer of texts, as it was registered. */
export type RegisteredIssuer = { readonly issuerId: Hex; readonly serial: bigint };

/** A key that a quote bound to a workload. `untilS` in Unix seconds, inclusive; `at` is where the chain said so, as "height:index". */
export type BoundKey = {
  readonly workloadId: Hex;
  readonly nodeId: bigint;
  readonly signer: Address;
  readonly measurement: Hex;
  readonly pckId: Hex;
  readonly hpkeKey: Hex;
  readonly runtimeHash: Hex;
  readonly untilS: number;
  readonly at: string;
};

const most = 100_000;
const newest =
  "NOT EXISTS (SELECT 1 FROM chain_evidence later WHERE later.id = e.id AND " +
  "(later.height > e.height OR (later.height = e.height AND later.log_index > e.log_index)))";

const rowsOf = (tx: Tx, kind: "pck" | "issuer" | "bound", nowS = 0): Promise<readonly Row[]> =>
  tx.all(
    `SELECT id, value, until_s, height, log_index FROM chain_evidence e WHERE kind = ? AND until_s >= ? AND ${newest} ` +
      "ORDER BY height, log_index LIMIT ?",
    [kind, nowS, most],
  );

/** Registered certificates that are not revoked on chain, oldest first, up to 100,000. */
export const loadPcks = async (tx: Tx): Promise<readonly RegisteredPck[]> =>
  (await rowsOf(tx, "pck")).map((row) => {
    const { serial, ...pck } = JSON.parse(textOf(row, "value")) as Omit<RegisteredPck, "serial"> & { serial: string };
    return { ...pck, serial: BigInt(serial) };
  });

/** Registered issuers, revoked or not, oldest first. */
export const loadIssuers = async (tx: Tx): Promise<readonly RegisteredIssuer[]> =>
  (await rowsOf(tx, "issuer")).map((row) => ({
    issuerId: textOf(row, "id") as Hex, // written by this module only
    serial: BigInt(textOf(row, "value")),
  }));

const boundKeyOf = (row: Row): BoundKey => {
  const { nodeId, ...key } = JSON.parse(textOf(row, "value")) as Omit<BoundKey, "nodeId"> & { nodeId: number };
  const at = `${bigintOf(row, "height")}:${bigintOf(row, "log_index")}`;
  return { ...key, nodeId: BigInt(nodeId), untilS: Number(bigintOf(row, "until_s")), at }; // 40 bits on chain
};

/** Keys that are bound as of a time, Unix seconds, oldest first, up to 100,000. */
export const loadBoundKeys = async (tx: Tx, nowS: number): Promise<readonly BoundKey[]> =>
  (await rowsOf(tx, "bound", nowS)).map(boundKeyOf);

/** What a key was bound with last, also if that is over by now; undefined if nothing is known, or it was ended. */
export const loadBoundKey = async (tx: Tx, workloadId: Hex, signer: Address): Promise<BoundKey | undefined> => {
  const [row] = await tx.all(
    "SELECT kind, value, until_s, height, log_index FROM chain_evidence WHERE id = ? ORDER BY height DESC, log_index DESC LIMIT 1",
    [boundKeyId(workloadId, signer)],
  );
  return row === undefined || textOf(row, "kind") !== "bound" ? undefined : boundKeyOf(row);
};
