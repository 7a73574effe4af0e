/** What honest members of a committee say, made with their keys. */
import { keccak256, type Hex } from "viem";
import { answerDigest, committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { localChainId } from "../../deploy/local/world.ts";
import type { AttestationWithResult } from "../../keepers/network/messages.ts";
import { attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { keyOf } from "../helpers/forge.ts";
import { type Market, sampleOutput } from "../helpers/market.ts";

const saltOf = (requestId: Hex, seat: number): Hex =>
  keccak256(`${requestId}${seat.toString(16).padStart(2, "0")}`).slice(0, 34) as Hex;

/** The attestations of the seats in `attesting` (all by default), after all members committed. */
export const attestationsFor = async (
  market: Market,
  request: LocalRequest,
  { output = sampleOutput, attesting }: { output?: Hex; attesting?: readonly number[] } = {},
): Promise<readonly AttestationWithResult[]> => {
  const { requestId } = request;
  const members = await committeeOf(market.world, request);
  const result = { status: 0n, usage: 1_000n, output };
  const digest = answerDigest(request, result);
  const leaves = members.map(({ nodeId }, seat) =>
    leafOf({ requestId, level: 0n, digest, nodeId, salt: saltOf(requestId, seat) }),
  );
  const committed = bitmapOf(members.keys());
  const words = { requestId, level: 0n, digest, committed, commitRoot: commitRootOf(leaves) };
  const data = attestationData(localChainId, market.instance.escrow, words);
  const seats = attesting ?? [...members.keys()];
  return Promise.all(
    seats.map(async (seat) => {
      const nodeId = members[seat]?.nodeId ?? 0n;
      const signature = compactSignature(await keyOf(market, nodeId).signTypedData(data));
      return { ...words, nodeId, salt: saltOf(requestId, seat), leaves, signature, result };
    }),
  );
};
