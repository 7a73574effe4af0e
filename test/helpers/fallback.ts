import { concat, type Hex, keccak256, numberToHex, slice, zeroHash } from "viem";
import { answerDigest, type Answer, committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { localChainId } from "../../deploy/local/world.ts";
import { attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { commitData } from "../../sdk/agreement/commit.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { encodeHead } from "../../sdk/words/head.ts";
import { keyOf } from "./forge.ts";
import { impersonate } from "./impersonate.ts";
import { type Market, sampleOutput } from "./market.ts";

/** A committee that goes on chain. Members are numbered in draw order. */
export type Stalled = Awaited<ReturnType<typeof stall>>;

/** What the members of a request whose round is posted would commit to and reveal, and when. */
export async function stall(market: Market, request: LocalRequest, answer: Answer = { output: sampleOutput }) {
  const { world, escrow } = market;
  const members = await committeeOf(world, request);
  const posted = (await escrow.roundWord(request.fields.round)) & (2n ** 40n - 1n);
  const times = timelineOf(request.fields, timeOf(world.beacon, request.fields.round), posted);
  const digest = answerDigest(request, answer);
  const nodeOf = (i: number): bigint => members[i]?.nodeId ?? 0n;
  const saltOf = (i: number): Hex =>
    slice(keccak256(concat([request.requestId, numberToHex(i + 100, { size: 1 })])), 0, 16);
  const leaf = (i: number, other: Hex = digest): Hex =>
    leafOf({ requestId: request.requestId, level: 0n, digest: other, nodeId: nodeOf(i), salt: saltOf(i) });
  return { market, request, answer, members, times, digest, nodeOf, saltOf, leaf };
}

/** A member's key as an account of the chain. */
export function memberAccount({ market, nodeOf }: Stalled, i: number) {
  return impersonate(market, keyOf(market, nodeOf(i)).address);
}

/** Member `i` commits on chain. */
export async function commit(stalled: Stalled, i: number, leaf = stalled.leaf(i)) {
  const { market, request, nodeOf } = stalled;
  return market.escrow.connect(await memberAccount(stalled, i)).commitOnChain(request.words, nodeOf(i), leaf);
}

/** Reveals for member `i`, by a stranger: whoever knows the salt may. */
export function reveal(stalled: Stalled, i: number, { signed = [] as Hex[], digest = stalled.digest } = {}) {
  const { market, request, nodeOf, saltOf } = stalled;
  return market.escrow.connect(market.stranger).revealOnChain(request.words, nodeOf(i), digest, saltOf(i), signed);
}

/** The attestation that member `seat` signed off chain over the leaves of the committed ones. */
export async function attestationBy(stalled: Stalled, seat: number, committed: readonly number[], digests: Hex[] = []) {
  const { market, request, digest, nodeOf, leaf } = stalled;
  const { requestId } = request;
  const { escrow } = market.instance;
  const leaves = committed.map((i) => leaf(i, digests[i] ?? digest));
  const bits = bitmapOf(committed);
  const message = { requestId, level: 0n, digest, committed: bits, commitRoot: commitRootOf(leaves) };
  const key = keyOf(market, nodeOf(seat));
  const signature = compactSignature(await key.signTypedData(attestationData(localChainId, escrow, message)));
  const commits: Hex[] = [];
  for (const [at, i] of committed.entries()) {
    const data = commitData(localChainId, escrow, { requestId, level: 0n, leaf: leaves[at] ?? zeroHash });
    const signed = compactSignature(await keyOf(market, nodeOf(i)).signTypedData(data));
    commits.push(leaves[at] ?? zeroHash, signed);
  }
  const shown = { digest, committed: bits, seat: BigInt(seat), signature, commits: concat(commits) };
  const signed = committed.flatMap((i, at) => [numberToHex(nodeOf(i), { size: 32 }), leaves[at] ?? zeroHash]);
  return { shown, signed };
}

/** The settlement by the reveals of these members. */
export function revealedBy({ request, answer }: Stalled, seats: readonly number[]): Settlement {
  const bits = bitmapOf(seats);
  const { status = 0n, usage = 1_000n, output } = answer;
  const head = encodeHead({ status, usage, committed: bits, attested: bits });
  return { request: request.words, head, proof: "0x", output };
}
