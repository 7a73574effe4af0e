import { type FieldsOf, packFields, unpackFields } from "./fields.ts";
import { countBits } from "../committee/bitmap.ts";

const layout = [
  ["attested", 32],
  ["committed", 32],
  ["usage", 64],
  ["status", 8],
] as const;

/** What a committee found (status, usage in the runtime's measure) and which members committed and attested (bitmaps). */
export type HeadFields = FieldsOf<typeof layout>;

/** The execution succeeded. */
export const statusSuccess = 0n;
/** Success with an output longer than the task's maxOutput: the chain gets its keccak256 only. */
export const statusSuccessByHash = 1n;
/** Bytes of proof per attesting member: a 64-byte signature and a 16-byte salt. */
export const signedProofBytes = 80n;
/** Bytes of proof per member that committed and did not attest: its leaf. */
export const leafProofBytes = 32n;

/** Packs a head. Throws InvalidValueError for a field that does not fit. */
export function encodeHead(fields: HeadFields): bigint {
  return packFields(layout, fields);
}

/** Takes a head apart. Equals the accessors of `contracts/types/Head.sol`. */
export function decodeHead(word: bigint): HeadFields {
  return unpackFields(layout, word);
}

/** Bytes of proof that the bitmaps call for; `attested` must be a subset of `committed`. Equals `Head.proofLength`. */
export function proofLength({ committed, attested }: Pick<HeadFields, "committed" | "attested">): bigint {
  const signers = countBits(attested);
  return signedProofBytes * signers + leafProofBytes * (countBits(committed) - signers);
}
