import { concatHex, type Hex, keccak256, pad } from "viem";
import { checkWidth } from "../words/fields.ts";
import { checkBytes, toWord } from "../words/hex.ts";

/** What a member commits to. `salt` is 16 fresh random bytes; `level` is 0 for the committee, 1 and up for panels. */
export type LeafInput = {
  readonly requestId: Hex;
  readonly level: bigint;
  readonly digest: Hex;
  readonly nodeId: bigint;
  readonly salt: Hex;
};

/** leaf = keccak256(abi.encode(requestId, level, digest, nodeId, bytes16 salt)). Equals `Attestations.leafOf`. */
export function leafOf({ requestId, level, digest, nodeId, salt }: LeafInput): Hex {
  return keccak256(
    concatHex([
      checkBytes("requestId", requestId, 32),
      toWord(level),
      checkBytes("digest", digest, 32),
      toWord(checkWidth("nodeId", nodeId, 32)),
      pad(checkBytes("salt", salt, 16), { size: 32, dir: "right" }),
    ]),
  );
}
