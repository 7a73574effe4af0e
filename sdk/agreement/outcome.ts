import { type Address, concatHex, type Hex, keccak256 } from "viem";
import { checkWidth } from "../words/fields.ts";
import { checkBytes, toWord } from "../words/hex.ts";

/** What was settled, by whom. `attested` is the bitmap of members that attested. */
export type OutcomeInput = {
  readonly requestId: Hex;
  readonly digest: Hex;
  readonly attested: bigint;
  readonly settler: Address;
};

/**
 * outcome = keccak256(abi.encode(requestId, digest, attested << 160 | settler)): what a slot keeps the top 152 bits of,
 * and what `finalize` and `retryCallback` are checked against.
 */
export function outcomeOf({ requestId, digest, attested, settler }: OutcomeInput): Hex {
  const who = (checkWidth("attested", attested, 32) << 160n) | BigInt(checkBytes("settler", settler, 20));
  return keccak256(concatHex([checkBytes("requestId", requestId, 32), checkBytes("digest", digest, 32), toWord(who)]));
}
