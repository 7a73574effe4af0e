import { type Hex, keccak256, numberToHex, slice } from "viem";
import { answerDigest, committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { localChainId } from "../../deploy/local/world.ts";
import { attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { commitData } from "../../sdk/agreement/commit.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { packProof, type Settlement } from "../../sdk/agreement/settlement.ts";
import { bitmapOf, hasBit } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { encodePanelHead } from "../../sdk/words/panel-head.ts";
import { forge, keyOf } from "./forge.ts";
import { askAndPost, type Market, type RequestParams, sampleOutput, settle } from "./market.ts";

/** What an honest node finds, and two things that a liar may say instead. */
export const truth = (request: LocalRequest): Hex => answerDigest(request, { output: sampleOutput });
export const lie: Hex = `0x${"d1".repeat(32)}`;
export const otherLie: Hex = `0x${"e2".repeat(32)}`;

/** Seconds of the local parameters, for tasks with a window of 30 s. */
export const panelTimeS = 60n;
export const appealWindowS = 4n;
export const punishWindowS = 12n;

/** How a dispute ends, as the contract numbers it. */
export const endings = { pending: 0n, decided: 1n, noFault: 2n, noPanel: 3n } as const;

type Said = { readonly digest: Hex; readonly level?: bigint; readonly key?: ReturnType<typeof keyOf> };

/** One member's signature over a digest, by its own key unless another is given. */
export async function evidenceOf(
  market: Market,
  { requestId }: LocalRequest,
  members: readonly Member[],
  seat: number,
  { digest, level = 0n, key = keyOf(market, members[seat]?.nodeId ?? 0n) }: Said,
) {
  const words = { digest, committed: 1n << BigInt(seat), commitRoot: keccak256(digest) };
  const data = attestationData(localChainId, market.instance.escrow, { requestId, level, ...words });
  return { seat: BigInt(seat), ...words, ...halves(compactSignature(await key.signTypedData(data))) };
}

/** A signed commit to a leaf. */
export async function commitOf(
  { instance }: Market,
  { requestId }: LocalRequest,
  key: ReturnType<typeof keyOf>,
  leaf: Hex,
) {
  const data = commitData(localChainId, instance.escrow, { requestId, level: 0n, leaf });
  return { leaf, ...halves(compactSignature(await key.signTypedData(data))) };
}

const halves = (compact: Hex) => ({ r: slice(compact, 0, 32), yParityAndS: slice(compact, 32) });

export type Vote = {
  readonly level: 1 | 2;
  readonly digest: Hex;
  readonly jurors: readonly Member[];
  /** Seats that attest; all by default. */
  readonly attesting?: readonly number[];
  /** Seats that commit besides. */
  readonly silent?: readonly number[];
  readonly key?: (seat: number) => ReturnType<typeof keyOf> | undefined;
};

/** What a panel shows: bitmaps and proof of one commit root. */
export async function voteOf(market: Market, { requestId }: LocalRequest, vote: Vote) {
  const { level, digest, jurors, silent = [] } = vote;
  const { attesting = jurors.map((_, i) => i).filter((i) => !silent.includes(i)) } = vote;
  const committed = bitmapOf([...attesting, ...silent]);
  const attested = bitmapOf(attesting);
  const salts = jurors.map((_, i) => slice(keccak256(numberToHex(i + 1_000 * level)), 0, 16));
  const leaves = jurors.map(({ nodeId }, i) =>
    leafOf({ requestId, level: BigInt(level), digest, nodeId, salt: salts[i] ?? "0x" }),
  );
  const commitRoot = commitRootOf(leaves.filter((_, i) => hasBit(committed, i)));
  const words = { requestId, level: BigInt(level), digest, committed, commitRoot };
  const data = attestationData(localChainId, market.instance.escrow, words);
  const proofs = jurors.map(async ({ nodeId }, i) => {
    if (!hasBit(committed, i)) return undefined;
    if (!hasBit(attested, i)) return { leaf: leaves[i] ?? "0x" };
    const key = vote.key?.(i) ?? keyOf(market, nodeId);
    return { signature: compactSignature(await key.signTypedData(data)), salt: salts[i] ?? "0x" } as const;
  });
  return { head: encodePanelHead({ committed, attested }), proof: packProof(await Promise.all(proofs)) };
}

/** The jurors of a level, as the contract draws them. Their round must be posted. */
export async function panelOf({ disputes }: Market, { words }: LocalRequest, level: 1 | 2): Promise<readonly Member[]> {
  const entries = await disputes.panelOf(words, level);
  return entries.map((entry) => ({ nodeId: entry >> 32n, ask: entry & 0xffff_ffffn }));
}

/** Anyone shows a panel's vote. */
export async function decide(market: Market, request: LocalRequest, vote: Omit<Vote, "jurors">) {
  const jurors = await panelOf(market, request, vote.level);
  const { head, proof } = await voteOf(market, request, { ...vote, jurors });
  return market.disputes.connect(market.stranger).decide(request.words, vote.level, vote.digest, head, proof);
}

/** The round of a level, from the dispute's words. */
export async function roundOf({ disputes }: Market, { requestId }: LocalRequest, level: 1 | 2): Promise<bigint> {
  const words = await disputes.caseOf(requestId);
  return level === 1 ? ((words[0] ?? 0n) >> 32n) & 0xffff_ffffn : ((words[3] ?? 0n) >> 64n) & 0xffff_ffffn;
}

/** Posts the round of a level. Returns when its panel's time starts. */
export async function convene(market: Market, request: LocalRequest, level: 1 | 2): Promise<bigint> {
  const { world, beacon, networkHelpers, escrow } = market;
  const round = await roundOf(market, request, level);
  const due = timeOf(world.beacon, round);
  if (BigInt(await networkHelpers.time.latest()) < due) await networkHelpers.time.increaseTo(due);
  await beacon.submit(round, world.beacon.sign(round));
  const postedAt = BigInt.asUintN(40, await escrow.roundWord(round));
  return postedAt > due ? postedAt : due;
}

/** Waits until a time is over. */
export async function waitPast({ networkHelpers }: Market, timeS: bigint): Promise<void> {
  if (BigInt(await networkHelpers.time.latest()) <= timeS) await networkHelpers.time.increaseTo(timeS + 1n);
}

/** A request, its committee, and the settlement that records or settles an answer of the whole committee. */
export type Scene = {
  readonly request: LocalRequest;
  readonly members: readonly Member[];
  readonly settlement: Settlement;
  readonly outcome: { readonly digest: Hex; readonly head: bigint; readonly settler: string };
};

/** A committee of three is asked. By default the request stays open; `settled` says what the first members answer. */
export async function stage(market: Market, changes: Partial<RequestParams> = {}, absent: readonly number[] = [2]) {
  const request = await askAndPost(market, { k: 3n, quorum: 2n, ...changes });
  const members = await committeeOf(market.world, request);
  const present = bitmapOf(members.map((_, i) => i).filter((i) => !absent.includes(i)));
  const settlement = await forge(market, request, { committed: present });
  const outcome = { digest: truth(request), head: settlement.head, settler: market.settler.address };
  return { request, members, settlement, outcome } satisfies Scene;
}

/** The same, settled at once (`challengeWindow` 0) or recorded. */
export async function stageSettled(market: Market, challengeWindow: bigint, changes: Partial<RequestParams> = {}) {
  const scene = await stage(market, { challengeWindow, ...changes });
  await settle(market, scene.settlement);
  return scene;
}

/** The member of seat 2, who took no part in the settlement, says something else. */
export async function dissent(market: Market, { request, members, outcome }: Scene, digest: Hex = lie) {
  const evidence = await evidenceOf(market, request, members, 2, { digest });
  return market.disputes.connect(market.stranger).openByDissent(request.words, outcome, evidence);
}

/** Seats 0 and 1 of an open request contradict each other. */
export async function conflict(market: Market, { request, members }: Pick<Scene, "request" | "members">) {
  const first = await evidenceOf(market, request, members, 0, { digest: truth(request) });
  const second = await evidenceOf(market, request, members, 1, { digest: lie });
  return market.disputes.connect(market.stranger).openByConflict(request.words, first, second);
}

/** One pay of a request at its cap, in units of the payment token; the test tasks have scale 1. */
export const payOf = ({ fields }: LocalRequest): bigint => fields.maxAsk * fields.units;
