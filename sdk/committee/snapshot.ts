import { bytesToHex, type Hex, hexToBytes } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { byteLength } from "../words/hex.ts";
import { decodeTaskWord, encodeTaskWord, type TaskWordFields } from "../words/task-word.ts";
import { checkWidth } from "../words/fields.ts";

/** A node of a pool and its price per unit, in multiples of 10^askExponent units of the payment token. */
export type Member = { readonly nodeId: bigint; readonly ask: bigint };

/** An immutable copy of a task's pool. In the header, `id` is the task and `count` the number of entries. */
export type Snapshot = { readonly header: TaskWordFields; readonly entries: readonly Member[] };

/** Nodes that fit a contract's code of 24,576 bytes. */
export const maxSnapshotNodes = 3_067;

const entriesOffset = 33;
const entryBytes = 8;

/** Reads a snapshot's contract code: STOP, header (32 bytes), then nodeId(32) | ask(32) per node. Throws InvalidValueError. */
export function decodeSnapshot(code: Hex): Snapshot {
  if (byteLength("snapshot", code) < entriesOffset)
    throw new InvalidValueError("snapshot", "there is no snapshot at this address.");
  const bytes = hexToBytes(code);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = decodeTaskWord(BigInt(bytesToHex(bytes.subarray(1, entriesOffset))));
  if (view.getUint8(0) !== 0 || bytes.length !== entriesOffset + entryBytes * Number(header.count))
    throw new InvalidValueError("snapshot", "its code is not as long as its header says.");
  const entries = Array.from({ length: Number(header.count) }, (_, index) => entryAt(view, index));
  return { header, entries };
}

/** The contract code of a snapshot. Throws InvalidValueError if it does not fit or the header counts other entries. */
export function encodeSnapshot({ header, entries }: Snapshot): Hex {
  if (entries.length > maxSnapshotNodes || BigInt(entries.length) !== header.count)
    throw new InvalidValueError("snapshot", `${entries.length} entries under a header that counts ${header.count}.`);
  const bytes = new Uint8Array(entriesOffset + entryBytes * entries.length);
  const view = new DataView(bytes.buffer);
  const word = encodeTaskWord(header);
  for (let i = 0; i < 4; i++) view.setBigUint64(1 + 8 * i, BigInt.asUintN(64, word >> BigInt(192 - 64 * i)));
  entries.forEach(({ nodeId, ask }, index) => {
    const entry = (checkWidth("nodeId", nodeId, 32) << 32n) | checkWidth("ask", ask, 32);
    view.setBigUint64(entriesOffset + entryBytes * index, entry);
  });
  return bytesToHex(bytes);
}

function entryAt(view: DataView, index: number): Member {
  const offset = entriesOffset + entryBytes * index;
  return { nodeId: BigInt(view.getUint32(offset)), ask: BigInt(view.getUint32(offset + 4)) };
}
