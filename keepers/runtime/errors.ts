/**
 * The typed errors of the runtime. Each message says what happened and, where a person can act, what to do.
 * Expected outcomes are values elsewhere; these are for what the caller could not have prevented.
 */
import type { Hex } from "viem";

/** Why an RPC request has no result. `answer`: the node answered with an error of its own; all others: it did not answer. */
export type RpcFailure = "timeout" | "network" | "http" | "garbage" | "answer";

/** One RPC request failed. `code` and `data` are the node's own, present only when `kind` is `answer` (`http`: status). */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly kind: RpcFailure;
  readonly code: number | undefined;
  readonly data: Hex | undefined;

  constructor(kind: RpcFailure, message: string, details: { code?: number; data?: Hex; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.code = details.code;
    this.data = details.data;
  }
}

/** An RPC endpoint serves another chain than the configured one. */
export class WrongChainError extends Error {
  override readonly name = "WrongChainError";
  constructor(where: string, expected: number, actual: number) {
    super(`${where} serves chain ${actual}, but chain ${expected} is configured: correct the URL or the chain id`);
  }
}

/** The node is still syncing, or its newest block is too old to act on. */
export class NodeUnsyncedError extends Error {
  override readonly name = "NodeUnsyncedError";
}

/** The store is damaged, newer than the program, or used in a way that it forbids. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** The file of a lock cannot be opened or locked. */
export class LockError extends Error {
  override readonly name = "LockError";
}

/** Another process holds a lease that this one believed to hold. What was written under it before remains valid. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  constructor(lease: string) {
    super(`lease "${lease}" was taken over by another process`);
  }
}

/** A signer could not sign, or signed with another key than it claims. */
export class SignerError extends Error {
  override readonly name = "SignerError";
}

/** The chain changed while a batch was read; nothing was applied. The next pass reads again. */
export class ChainMovedError extends Error {
  override readonly name = "ChainMovedError";
}

/** One line for logs: the message, followed by those of its causes. Bounded to 600 characters. */
export const errorLine = (error: unknown): string => {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 5; at = at instanceof Error ? at.cause : undefined) {
    const text = at instanceof Error ? at.message : String(at);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
  }
  return parts.join(": ").replaceAll("\n", " ").slice(0, 600);
};
