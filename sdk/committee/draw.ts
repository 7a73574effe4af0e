import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Hex, hexToBytes } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { checkBytes } from "../words/hex.ts";
import type { Member, Snapshot } from "./snapshot.ts";

/** Tries per seat, after which the snapshot is taken to hold too few eligible nodes. */
export const triesPerSeat = 16;
/** The cap that lets every ask through, as panels use. */
export const anyAsk = 0xffff_ffffn;

/** `k` is 0..255 seats; `maxAsk` the highest ask; `excluded` the node ids drawn at earlier levels. */
export type DrawInput = {
  readonly snapshot: Pick<Snapshot, "entries">;
  readonly seed: Hex;
  readonly k: bigint;
  readonly maxAsk: bigint;
  readonly excluded?: Iterable<bigint>;
};

/**
 * Draws k distinct nodes: entry i is number keccak256(abi.encode(seed, i)) mod count. An entry is skipped if it was drawn
 * before, is excluded, or asks more than `maxAsk`. Members come in the order drawn, which is the order of bitmaps; fewer
 * than k when 16 * k tries did not suffice. Equals `CommitteeDraw.draw`. Throws InvalidValueError for an empty snapshot.
 */
export function draw({ snapshot: { entries }, seed, k, maxAsk, excluded = [] }: DrawInput): Member[] {
  if (entries.length === 0) throw new InvalidValueError("snapshot", "it is empty.");
  const seats = Number(k);
  const passedOver = new Set(excluded);
  const members: Member[] = [];
  const pick = makePicker(seed, entries.length);
  for (let i = 0; members.length < seats && i < seats * triesPerSeat; i++) {
    const entry = entries[pick(i)];
    if (entry === undefined || entry.ask > maxAsk || passedOver.has(entry.nodeId)) continue;
    passedOver.add(entry.nodeId);
    members.push(entry);
  }
  return members;
}

/** Number i of the sequence keccak256(abi.encode(seed, i)) mod count, for i and count below 2^16. */
function makePicker(seed: Hex, count: number): (i: number) => number {
  const preimage = new Uint8Array(64);
  preimage.set(hexToBytes(checkBytes("seed", seed, 32)));
  const counter = new DataView(preimage.buffer, 32);
  return (i) => {
    counter.setUint32(28, i);
    const hash = keccak_256(preimage);
    const words = new DataView(hash.buffer, hash.byteOffset);
    let index = 0;
    for (let at = 0; at < 32; at += 4) index = (index * 0x1_0000_0000 + words.getUint32(at)) % count; // below 2^48
    return index;
  };
}
