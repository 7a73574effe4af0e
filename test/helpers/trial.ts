import type { Hex } from "viem";
import { answerDigest } from "../../deploy/local/committee.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { appealWindowS, convene, decide, evidenceOf, panelTimeS, type Scene, stage, waitPast } from "./disputes.ts";
import { forge } from "./forge.ts";
import { type Market, type RequestParams, settle } from "./market.ts";

/** What a challenger or an appellant gets from the requester to put up bonds, in units of the payment token. */
export const bondFunds = 10n ** 9n;

/** One ATOMA, and the stake that backs a node's word in the market's task. */
export const atoma = 10n ** 18n;
export const stakePerNode = 1_000n * atoma;
/** A request whose pay is worth ten ATOMA, a hundredth of the stake behind it: no share reaches its cap of 50 pays. */
export const dear = { units: 1_000_000n } as const;
export const payInAtoma = 10n * atoma;

/** The seats of a first panel of seven: all, all but the last, and as many as decide. */
export const sevenJurors = [0, 1, 2, 3, 4, 5, 6];
export const sixJurors = sevenJurors.slice(0, 6);
export const fiveJurors = sevenJurors.slice(0, 5);
/** As many of a second panel of fifteen as decide. */
export const elevenJurors = [...Array(11).keys()];

/** The node on a committee's seat. */
export const nodeAt = ({ members }: Pick<Scene, "members">, seat: number): bigint => members[seat]?.nodeId ?? 0n;

/** Seats 0 and 1 of a committee of three record a lie, or settle it at once (`challengeWindow` 0). */
export async function stageLie(market: Market, challengeWindow: bigint, changes: Partial<RequestParams> = {}) {
  const answer = { output: "0xbad0" } as const;
  const scene = await stage(market, { challengeWindow, ...changes });
  const settlement = await forge(market, scene.request, { answer, committed: 0b011n });
  await settle(market, settlement);
  const outcome = { ...scene.outcome, digest: answerDigest(scene.request, answer), head: settlement.head };
  return { ...scene, settlement, outcome } satisfies Scene;
}

/** The stranger challenges a recorded or settled result with a bond. */
export async function challenge(market: Market, { request, outcome }: Scene) {
  const { escrow, disputes, requester, stranger } = market;
  await escrow.connect(requester).transfer(stranger.address, bondFunds);
  return disputes.connect(stranger).openByBond(request.words, outcome);
}

/** The first panel decides, and its windows go by. Returns the last second before that is final. */
export async function judge(market: Market, { request }: Pick<Scene, "request">, digest: Hex, attesting = sevenJurors) {
  const finalAt = (await convene(market, request, 1)) + panelTimeS + appealWindowS;
  await decide(market, request, { level: 1, digest, attesting });
  await waitPast(market, finalAt);
  return finalAt;
}

/** Anyone carries the verdict out. */
export function conclude({ disputes, stranger }: Market, { request }: Pick<Scene, "request">) {
  return disputes.connect(stranger).conclude(request.words);
}

/** Anyone pays a recorded result after its window. */
export function finalize({ escrow, settler, stranger }: Market, { settlement }: Pick<Scene, "settlement">) {
  return escrow.connect(stranger).finalize(settlement, settler.address);
}

/** A committee member's attestation of a digest. */
export function evidence(market: Market, { request, members }: Scene, seat: number, digest: Hex) {
  return evidenceOf(market, request, members, seat, { digest });
}

/** Earnings in a node's word, in units of the payment token. */
export async function earningsOf({ escrow }: Pick<Market, "escrow">, nodeId: bigint): Promise<bigint> {
  return decodeNodeWord(await escrow.nodeWord(nodeId)).earnings;
}
