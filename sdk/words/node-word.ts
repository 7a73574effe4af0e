import type { Address } from "viem";
import { type FieldsOf, packFields, unpackFields } from "./fields.ts";
import { checkBytes, toAddress } from "./hex.ts";

const layout = [
  ["signer", 160],
  ["earnings", 80],
  ["reputation", 16],
] as const;

/** All that a settlement reads and writes of a node: its signer, earnings in token units, reputation 0..65535. */
export type NodeWordFields = Omit<FieldsOf<typeof layout>, "signer"> & { readonly signer: Address };

/** Packs a node word. Throws InvalidValueError for a field that does not fit. */
export function encodeNodeWord(fields: NodeWordFields): bigint {
  return packFields(layout, { ...fields, signer: BigInt(checkBytes("signer", fields.signer, 20)) });
}

/** Takes a node word apart. Equals the accessors of `contracts/types/NodeWord.sol`. */
export function decodeNodeWord(word: bigint): NodeWordFields {
  const fields = unpackFields(layout, word);
  return { ...fields, signer: toAddress(fields.signer) };
}
