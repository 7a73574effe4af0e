/**
 * Finds the words of a settlement again that a transaction showed: `finalize` and `retryCallback` want to see them, and
 * the chain keeps only their hash. They are in the calldata of whatever transaction recorded or settled the request.
 */
import { type Address, bytesToHex, concatHex, type Hex, hexToBytes, isAddressEqual } from "viem";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { settlementDigest } from "../../sdk/agreement/settlement-digest.ts";
import { decodeHead } from "../../sdk/words/head.ts";
import { toWord } from "../../sdk/words/hex.ts";
import { decodeRequest, type RequestWords } from "../../sdk/words/request.ts";
import type { RequestSummary } from "../chain/requests.ts";
import { beginsWith, outputOf, type Shown, shownIn } from "./shown.ts";

/** A settlement that the chain has taken, and who is owed its tip. */
export type PastSettlement = { readonly settlement: Settlement; readonly settler: Address };

/** A transaction as far as it matters here. */
export type SentTransaction = { readonly from: Address; readonly to: Address | null; readonly input: Hex };

/** Length of a hash, and of a bundle's root. */
const hashBytes = 32n;

/** The bytes that a settlement of the request with this head begins with. */
const firstBytes = ({ origin, work, rules, terms, inputDigest }: RequestWords, head: bigint): Uint8Array =>
  hexToBytes(concatHex([toWord(origin), toWord(work), toWord(rules), toWord(terms), inputDigest, toWord(head)]));

/** The settlement's output; undefined where it is longer than any that the request's task allows. */
const readOutput = (shown: Shown, request: RequestWords): Hex | undefined => {
  const output = outputOf(shown);
  const { maxOutputBytes } = decodeRequest(request);
  const longest = maxOutputBytes > hashBytes ? maxOutputBytes : hashBytes;
  return output === undefined || BigInt(output.length) > longest ? undefined : bytesToHex(output);
};

/**
 * The settlement of a recorded or settled request out of the transaction that its outcome names. Its proof is left out.
 * Undefined where the escrow was called through another contract, or the transaction is not what it should be. Whatever
 * else the calldata holds costs a look and no memory.
 */
export const pastSettlement = (
  escrow: Address,
  { words: request, outcome }: Pick<RequestSummary, "words" | "outcome">,
  { from, to, input }: SentTransaction,
): PastSettlement | undefined => {
  if (outcome === undefined || to === null || !isAddressEqual(to, escrow)) return undefined;
  const { head, digest } = outcome;
  const first = firstBytes(request, head);
  for (const shown of shownIn(hexToBytes(input), from)) {
    const output = beginsWith(shown, first) ? readOutput(shown, request) : undefined;
    if (output === undefined) continue;
    if (settlementDigest(decodeRequest(request), { ...decodeHead(head), output }) !== digest) continue;
    const settlement = { request, head, proof: "0x", output } as const;
    return { settlement, settler: outcome.settler ?? shown.settler };
  }
  return undefined;
};
