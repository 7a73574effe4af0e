import type { Hex } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { checkBytes } from "./hex.ts";

/** What a requester's slot says of its request. */
export type SlotState =
  "empty" | "open" | "openDisputed" | "recorded" | "settled" | "callbackFailed" | "refunded" | "recordedDisputed";

/** States in the order of their numbers on chain. */
const states = [
  "empty",
  "open",
  "openDisputed",
  "recorded",
  "settled",
  "callbackFailed",
  "refunded",
  "recordedDisputed",
] as const satisfies readonly SlotState[];

/**
 * A slot: `untilS` is when it may be taken again (settled) or finalised (recorded), Unix seconds; `leftover` goes back to
 * the requester when it is taken or released, token units. Both are zero for an open or empty slot.
 */
export type SlotWordFields = { readonly state: SlotState; readonly untilS: bigint; readonly leftover: bigint };

const idMask = ~0xffn;
const recordedMask = ~((1n << 40n) - 1n);
const endedMask = ~((1n << 104n) - 1n);

/** Takes a slot word apart. Throws InvalidValueError for a state that this version does not know. */
export function decodeSlotWord(word: bigint): SlotWordFields {
  const state = states[Number(word & 0xffn)];
  if (state === undefined) throw new InvalidValueError("slot word", `it has the unknown state ${word & 0xffn}.`);
  if (state === "empty" || state === "open" || state === "openDisputed") return { state, untilS: 0n, leftover: 0n };
  const untilS = (word >> 8n) & 0xffff_ffffn;
  return { state, untilS, leftover: isRecorded(state) ? 0n : (word >> 40n) & 0xffff_ffff_ffff_ffffn };
}

/** Whether the slot holds this open request, disputed or not. Equals `SlotWord.holdsOpen`. */
export function holdsOpen(word: bigint, requestId: Hex): boolean {
  const state = states[Number(word & 0xffn)];
  return sameUnder(word, requestId, idMask) && (state === "open" || state === "openDisputed");
}

/** Whether the slot holds this outcome (see `outcomeOf`), as far as its state keeps of it. Equals `SlotWord.holdsOutcome`. */
export function holdsOutcome(word: bigint, outcome: Hex): boolean {
  return sameUnder(word, outcome, isRecorded(states[Number(word & 0xffn)]) ? recordedMask : endedMask);
}

const isRecorded = (state: SlotState | undefined) => state === "recorded" || state === "recordedDisputed";

/** Whether a new request may take the slot at `timestampS` (Unix seconds). Equals `SlotWord.isFree`. */
export function isSlotFree(word: bigint, timestampS: bigint): boolean {
  const { state, untilS } = decodeSlotWord(word);
  if (state === "empty" || state === "refunded") return true;
  return (state === "settled" || state === "callbackFailed") && timestampS > untilS;
}

function sameUnder(word: bigint, hash: Hex, mask: bigint): boolean {
  return ((word ^ BigInt(checkBytes("hash", hash, 32))) & mask) === 0n;
}
