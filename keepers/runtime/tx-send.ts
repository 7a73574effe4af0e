/** Hands a signed transaction to a node and says what became of it. Never throws. */
import type { Hex } from "viem";
import { errorLine, RpcError } from "./errors.ts";
import type { Rpc } from "./rpc-endpoint.ts";

/**
 * accepted: the node has it now or had it before. nonceUsed: some transaction with this nonce is mined. underpriced: the
 * pool holds another with this nonce and higher fees, or the fees are below the node's floor. unfunded: the key lacks
 * money. invalid: no node will ever take it. unknown: the node may or may not have it; sending it again is harmless.
 */
export type SendOutcome = "accepted" | "nonceUsed" | "underpriced" | "unfunded" | "invalid" | "unknown";
export type SendResult = { outcome: SendOutcome; message: string };
export type RawSender = (raw: Hex) => Promise<SendResult>;

const rules: readonly (readonly [SendOutcome, RegExp])[] = [
  ["accepted", /already known|known transaction|already imported|already in (the )?(mem)?pool|alreadyknown/i],
  ["nonceUsed", /nonce (is )?too low|nonce has already been used|old nonce|invalid nonce.*expected \d+, got/i],
  [
    "underpriced",
    /underpriced|fee too low|gas price too low|max fee per gas less than block base fee|below (the )?minimum|already being used/i,
  ],
  ["unfunded", /insufficient (funds|balance)|doesn't have enough funds|not enough funds|exceeds? balance/i],
  [
    "invalid",
    /intrinsic gas|exceeds (the )?block gas limit|exceeds the (transaction )?gas (limit )?cap|exceeds transaction gas|invalid (sender|signature|chain id)|oversized|max initcode|tx type not supported|transaction type not supported/i,
  ],
];

/** Reads the outcome out of a node's error. Nodes have no common codes for these, so it goes by their words. */
export const classifySendError = (error: unknown): SendResult => {
  const message = errorLine(error);
  const isAnswer = error instanceof RpcError && error.kind === "answer";
  const rule = isAnswer ? rules.find(([, pattern]) => pattern.test(message)) : undefined;
  return { outcome: rule?.[0] ?? "unknown", message };
};

/** A sender over `rpc`, which may be another endpoint than the one for reads (a private pool). */
export const makeRawSender =
  (rpc: Rpc): RawSender =>
  async (raw) => {
    try {
      await rpc.request("eth_sendRawTransaction", [raw]);
      return { outcome: "accepted", message: "" };
    } catch (error) {
      return classifySendError(error);
    }
  };
