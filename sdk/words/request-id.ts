import { type Address, concatHex, type Hex, keccak256, pad } from "viem";
import { checkBytes, toWord } from "./hex.ts";
import type { RequestWords } from "./request.ts";

/** The instance that a request belongs to. */
export type Instance = { readonly chainId: bigint; readonly escrow: Address; readonly beacon: Address };

/** requestId = keccak256(abi.encode(chainId, escrow, beacon, origin, work, rules, terms, inputDigest)). */
export function requestIdOf({ chainId, escrow, beacon }: Instance, request: RequestWords): Hex {
  return keccak256(
    concatHex([
      toWord(chainId),
      pad(checkBytes("escrow", escrow, 20), { size: 32 }),
      pad(checkBytes("beacon", beacon, 20), { size: 32 }),
      toWord(request.origin),
      toWord(request.work),
      toWord(request.rules),
      toWord(request.terms),
      checkBytes("inputDigest", request.inputDigest, 32),
    ]),
  );
}
