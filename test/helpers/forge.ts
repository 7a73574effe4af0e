import { concat, type Hex, hexToBigInt, keccak256, numberToHex, type PrivateKeyAccount, slice } from "viem";
import { answerDigest, committeeOf, type Answer, type LocalRequest } from "../../deploy/local/committee.ts";
import { localChainId } from "../../deploy/local/world.ts";
import { type Attestation, attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { bitmapOf, hasBit } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { decodeHead, encodeHead } from "../../sdk/words/head.ts";
import { type Market, sampleOutput } from "./market.ts";

/** Where a forged settlement differs from what an honest committee signs. */
export type Forgery = {
  readonly answer?: Answer;
  readonly committed?: bigint;
  readonly attested?: bigint;
  /** The domain that is signed. */
  readonly chainId?: bigint;
  readonly escrow?: Hex;
  /** The words that are signed. */
  readonly signed?: (words: Attestation) => Attestation;
  /** The level and request that leaves are made for. */
  readonly level?: bigint;
  readonly leafRequestId?: Hex;
  /** The node that member `i`'s leaf is made for. */
  readonly leafNode?: (i: number, members: readonly Member[]) => bigint;
  /** The key that signs for member `i`. */
  readonly key?: (i: number, members: readonly Member[]) => PrivateKeyAccount | undefined;
  /** Changes a 64-byte signature. */
  readonly signature?: (compact: Hex, i: number) => Hex;
};

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A settlement like a committee's, with something wrong in it. Without a forgery it is right. */
export async function forge(market: Market, request: LocalRequest, forgery: Forgery = {}): Promise<Settlement> {
  const { world, instance } = market;
  const answer = forgery.answer ?? { output: sampleOutput };
  const members = await committeeOf(world, request);
  const all = bitmapOf(members.keys());
  const { committed = all, attested = committed, leafRequestId = request.requestId, level = 0n } = forgery;
  const digest = answerDigest(request, answer);
  const salts = members.map((_, i) => saltOf(request.requestId, i));
  const leaves = members.map(({ nodeId }, i) => {
    const node = forgery.leafNode?.(i, members) ?? nodeId;
    return leafOf({ requestId: leafRequestId, level, digest, nodeId: node, salt: salts[i] ?? "0x" });
  });
  const commitRoot = commitRootOf(leaves.filter((_, i) => hasBit(committed, i)));
  const words = { requestId: request.requestId, level: 0n, digest, committed, commitRoot };
  const data = attestationData(
    forgery.chainId ?? localChainId,
    forgery.escrow ?? instance.escrow,
    forgery.signed?.(words) ?? words,
  );
  const parts: Hex[] = [];
  for (const i of members.keys()) {
    if (!hasBit(committed, i)) continue;
    if (!hasBit(attested, i)) parts.push(leaves[i] ?? "0x");
    else {
      const key = forgery.key?.(i, members) ?? keyOf(market, members[i]?.nodeId ?? 0n);
      const compact = compactSignature(await key.signTypedData(data));
      parts.push(forgery.signature?.(compact, i) ?? compact, salts[i] ?? "0x");
    }
  }
  const { status = 0n, usage = 1_000n, output } = answer;
  return {
    request: request.words,
    head: encodeHead({ status, usage, committed, attested }),
    proof: concat(parts),
    output,
  };
}

function saltOf(requestId: Hex, i: number): Hex {
  return slice(keccak256(concat([requestId, numberToHex(i, { size: 1 })])), 0, 16);
}

/** The key of a market's node. */
export function keyOf({ nodes }: Pick<Market, "nodes">, nodeId: bigint): PrivateKeyAccount {
  const node = nodes.find((candidate) => candidate.nodeId === nodeId);
  if (node === undefined) throw new Error(`Node ${nodeId} has no known key.`);
  return node.signer;
}

/** The malleable twin of a signature: the other s, and the other parity, over the same words by the same key. */
export function twinOf(compact: Hex): Hex {
  const yParityAndS = hexToBigInt(slice(compact, 32));
  const [parity, s] = [yParityAndS >> 255n, BigInt.asUintN(255, yParityAndS)];
  return concat([slice(compact, 0, 32), numberToHex(((1n - parity) << 255n) | (order - s), { size: 32 })]);
}

/** A settlement with other bitmaps under the same proof. */
export function withHead(settlement: Settlement, changes: Partial<ReturnType<typeof decodeHead>>): Settlement {
  return { ...settlement, head: encodeHead({ ...decodeHead(settlement.head), ...changes }) };
}
