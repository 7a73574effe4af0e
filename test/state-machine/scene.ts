/** One request and its committee, and what any member can make with its own key. */
import { randomBytes } from "node:crypto";
import { bytesToHex, type Hex } from "viem";
import { answerDigest, type LocalRequest } from "../../deploy/local/committee.ts";
import { type ExchangeTimes, exchangeTimesOf } from "../../keepers/network/exchange-times.ts";
import type { AttestationWithResult, CommitMessage } from "../../keepers/network/messages.ts";
import type { Result } from "../../keepers/network/results.ts";
import { signAttestation, signCommit } from "../../keepers/network/sign.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import { consumerAsks } from "../helpers/consumer.ts";
import { sampleOutput } from "../helpers/market.ts";
import { committeeSize, nodeOf, type World } from "./world.ts";

export type Scene = {
  readonly world: World;
  readonly request: LocalRequest;
  /** Node ids in draw order. */
  readonly members: readonly bigint[];
  readonly quorum: number;
  readonly times: ExchangeTimes;
  readonly timeline: Timeline;
};

/** A digest with the salt and the leaf that a node would open with it. */
export type Word = { readonly result: Result; readonly digest: Hex; readonly salt: Hex; readonly leaf: Hex };

/** What everybody finds who computes. */
export const truth: Result = { status: 0n, usage: 1_000n, output: sampleOutput };
/** What liars say instead: number 0 is what those say who collude. */
export const lieOf = (number: number): Result => ({
  ...truth,
  output: bytesToHex(new Uint8Array(32).fill(0xd0 + number)),
});

/** The consumer asks, the round is posted, and the committee is drawn. */
export const openScene = async (world: World): Promise<Scene> => {
  const { market, consumer, chain, view, committees } = world;
  const request = await consumerAsks(market, consumer, { k: BigInt(committeeSize) });
  chain.clock.set((await market.networkHelpers.time.latest()) * 1_000);
  await view.sync();
  const found = await committees.byId(request.requestId);
  if ("missing" in found) throw new Error(found.missing);
  const { members, quorum, timeline } = found.committee;
  const ids = members.map(({ nodeId }) => nodeId);
  return { world, request, members: ids, quorum, times: exchangeTimesOf(timeline), timeline };
};

/** A result under a fresh salt. */
export const wordOf = ({ request }: Scene, nodeId: bigint, result: Result): Word => {
  const digest = answerDigest(request, result);
  const salt = bytesToHex(randomBytes(16));
  return { result, digest, salt, leaf: leafOf({ requestId: request.requestId, level: 0n, digest, nodeId, salt }) };
};

/** A leaf that nothing opens. */
export const noLeaf = (): Hex => bytesToHex(randomBytes(32));

const idsOf = ({ instance }: World) => ({ chainId: BigInt(instance.chainId), escrow: instance.escrow });

/** The node's signed commit to a leaf. */
export const commitTo = ({ world, request }: Scene, nodeId: bigint, leaf: Hex): Promise<CommitMessage> =>
  signCommit(nodeOf(world, nodeId).signer, idsOf(world), { requestId: request.requestId, level: 0n, nodeId, leaf });

/** The node's attestation over a root of these leaves, by seat. Whether its own is among them is its own affair. */
export const attestOver = async (
  { world, request }: Scene,
  nodeId: bigint,
  { result, digest, salt }: Word,
  leaves: ReadonlyMap<number, Hex>,
): Promise<AttestationWithResult> => {
  const seats = [...leaves.keys()].sort((a, b) => a - b);
  const inOrder = seats.flatMap((seat) => leaves.get(seat) ?? []);
  const subject = { requestId: request.requestId, level: 0n, nodeId };
  const words = { ...subject, digest, committed: bitmapOf(seats), salt, leaves: inOrder };
  return { ...(await signAttestation(nodeOf(world, nodeId).signer, idsOf(world), words)), result };
};

/** All members but one. */
export const peersOf = ({ members }: Scene, nodeId: bigint): readonly bigint[] =>
  members.filter((member) => member !== nodeId);
