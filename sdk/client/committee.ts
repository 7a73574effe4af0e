import { draw } from "../committee/draw.ts";
import { seedOf } from "../committee/seed.ts";
import { snapshotAddress } from "../committee/snapshot-address.ts";
import { decodeSnapshot, type Member } from "../committee/snapshot.ts";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { unpackWord } from "../drand/word.ts";
import { requestIdOf } from "../words/request-id.ts";
import { decodeRequest, type RequestWords } from "../words/request.ts";
import type { ReadContext } from "./context.ts";

/**
 * The committee of a request, in draw order, or undefined while its round is not posted. Drawn here from the snapshot's
 * code; fewer than k members mean that the request is refunded.
 */
export async function committee(
  { publicClient, deployment }: ReadContext,
  words: RequestWords,
): Promise<readonly Member[] | undefined> {
  const { round, snapshotId, k, maxAsk } = decodeRequest(words);
  const roundWord = await publicClient.readContract({
    address: deployment.escrow,
    abi: requestEscrowAbi,
    functionName: "roundWord",
    args: [round],
  });
  const posted = unpackWord(roundWord);
  if (posted === undefined) return undefined;
  const address = snapshotAddress(deployment.taskRegistry, snapshotId);
  const snapshot = decodeSnapshot((await publicClient.getCode({ address })) ?? "0x");
  return draw({ snapshot, seed: seedOf(posted.randomness, requestIdOf(deployment, words), 0n), k, maxAsk });
}
