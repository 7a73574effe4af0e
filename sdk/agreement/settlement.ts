import { concatHex, type Hex } from "viem";
import { bitmapOf } from "../committee/bitmap.ts";
import { encodeHead } from "../words/head.ts";
import { checkBytes } from "../words/hex.ts";
import type { RequestWords } from "../words/request.ts";

/**
 * What is shown of one drawn member: its 64-byte signature and 16-byte salt if it attested, its leaf if it only
 * committed, undefined if it is absent.
 */
export type MemberProof = { readonly signature: Hex; readonly salt: Hex } | { readonly leaf: Hex } | undefined;

/** `proofs` has one entry per member in draw order. `output` is the output, its hash (status 1), the root (bundle) or empty. */
export type SettlementInput = {
  readonly request: RequestWords;
  readonly status: bigint;
  readonly usage: bigint;
  readonly output: Hex;
  readonly proofs: readonly MemberProof[];
};

/** One item of `RequestEscrow.settle`. */
export type Settlement = {
  readonly request: RequestWords;
  readonly head: bigint;
  readonly proof: Hex;
  readonly output: Hex;
};

/** Builds the calldata of a settlement: bitmaps and proof in draw order. Throws InvalidValueError for a wrong length. */
export function buildSettlement({ request, status, usage, output, proofs }: SettlementInput): Settlement {
  const committed = bitmapOf(indicesWhere(proofs, (proof) => proof !== undefined));
  const attested = bitmapOf(indicesWhere(proofs, (proof) => proof !== undefined && "signature" in proof));
  return { request, head: encodeHead({ status, usage, committed, attested }), proof: packProof(proofs), output };
}

/** Per committed member in draw order: signature and salt (80 bytes) if it attested, else its leaf (32 bytes). */
export function packProof(proofs: readonly MemberProof[]): Hex {
  return concatHex(
    proofs.flatMap((proof) => {
      if (proof === undefined) return [];
      if ("leaf" in proof) return [checkBytes("leaf", proof.leaf, 32)];
      return [checkBytes("signature", proof.signature, 64), checkBytes("salt", proof.salt, 16)];
    }),
  );
}

function indicesWhere(proofs: readonly MemberProof[], test: (proof: MemberProof) => boolean): number[] {
  return proofs.flatMap((proof, index) => (test(proof) ? [index] : []));
}
