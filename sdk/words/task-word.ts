import { type FieldsOf, packFields, unpackFields } from "./fields.ts";

const layout = [
  ["royaltyBps", 16],
  ["isTee", 1],
  ["askExponent", 7],
  ["windowS", 32],
  ["maxOutputBytes", 24],
  ["id", 32],
  ["publishedAtS", 40],
  ["freshForS", 24],
  ["count", 16],
  ["maxPay", 64],
] as const;

/**
 * The header of a snapshot, where `id` is the task, or the escrow's word of a task, where `id` is its latest snapshot.
 * `maxPay` bounds maxAsk * units of one request, in multiples of 10^askExponent token units.
 */
export type TaskWordFields = FieldsOf<typeof layout>;

/** Packs a task word. Throws InvalidValueError for a field that does not fit. */
export function encodeTaskWord(fields: TaskWordFields): bigint {
  return packFields(layout, fields);
}

/** Takes a task word apart. Equals the accessors of `contracts/types/TaskWord.sol`. */
export function decodeTaskWord(word: bigint): TaskWordFields {
  return unpackFields(layout, word);
}
