import type { LocalRequest } from "../../deploy/local/committee.ts";
import type { EvilConsumer } from "../../types/index.js";
import { type Market, paramsFor, post, requestOf, type RequestParams } from "./market.ts";

/** Moods of the consumer, in the order of its contract. */
export const moods = { quiet: 0, reverting: 1, burning: 2, returning: 3, revertingLong: 4 } as const;

/** A consumer with money in the escrow. */
export async function hireConsumer({ ethers, escrow, requester }: Market, balance = 10n ** 12n): Promise<EvilConsumer> {
  const consumer = await ethers.deployContract("EvilConsumer", [escrow]);
  await escrow.connect(requester).deposit(consumer, balance);
  return consumer;
}

/** The consumer asks, with a callback of 300,000 gas, and the round is posted. */
export async function consumerAsks(
  market: Market,
  consumer: EvilConsumer,
  changes: Partial<RequestParams> = {},
): Promise<LocalRequest> {
  const params = paramsFor(market, { callbackGas: 300_000n, ...changes });
  const request = await requestOf(market, await consumer.ask(params, "0xabcd"));
  await post(market, request);
  return request;
}
