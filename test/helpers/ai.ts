import { concat, type Hex, keccak256, stringToHex } from "viem";
import { type LocalRequest, settlementOf } from "../../deploy/local/committee.ts";
import type { Settlement } from "../../sdk/agreement/settlement.ts";
import { type Market, paramsFor, post, type RequestParams, requestOf, settle } from "./market.ts";

/** What a committee of ten says: a text, or a failure. */
export type Say = { readonly text?: string | Hex; readonly output?: Hex; readonly status?: bigint };

/** Ten of twelve nodes at up to 10 a unit: the terms of questions in tests. */
export function termsFor(market: Pick<Market, "taskId">, changes: Partial<RequestParams> = {}): RequestParams {
  return paramsFor(market, { k: 10n, units: 10n, callbackGas: 200_000n, acceptNoPanel: true, ...changes });
}

/** What a chat task puts out: the hash of some token ids, and the text. */
export function outputOf(text: string | Hex): Hex {
  const bytes = text.startsWith("0x") ? (text as Hex) : stringToHex(text);
  return concat([keccak256(bytes), bytes]);
}

/** The round is posted and the committee's signed answer is made; nothing is settled yet. */
export async function answerTo(market: Market, request: LocalRequest, say: Say): Promise<Settlement> {
  await post(market, request);
  const { status = 0n, text = "", output = status === 0n ? outputOf(text) : "0x" } = say;
  return settlementOf(market.world, market.nodes, request, { status, output });
}

/** The committee answers a question asked by a transaction. Returns the settling transaction. */
export async function reply(market: Market, asked: { hash: string }, say: Say) {
  const request = await requestOf(market, asked);
  return { request, settled: await settle(market, await answerTo(market, request, say)) };
}

/** Nobody answers: the request is refunded once its time is over; a fresh snapshot lets it be asked again. */
export async function letExpire(market: Market, asked: { hash: string }): Promise<LocalRequest> {
  const request = await requestOf(market, asked);
  await post(market, request);
  await market.networkHelpers.time.increase(3_600);
  await market.escrow.connect(market.stranger).expire(request.words);
  await market.taskRegistry.publishSnapshot(market.taskId);
  return request;
}

/** Gas of a transaction. */
export async function gasOf(sent: { wait(): Promise<{ gasUsed: bigint } | null> }): Promise<bigint> {
  return (await sent.wait())?.gasUsed ?? 0n;
}
