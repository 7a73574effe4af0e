/** What can be wrong with a model server, and what follows. */
import type { ExecutorErrorCode } from "../executor.ts";

/**
 * - `unreachable`: no connection, or it ended before the answer did, or a gateway says so (502, 504, 503 without Retry-After)
 * - `slow`: nothing came for too long, or the whole took too long
 * - `busy`: it asks for patience (429, or 503 with Retry-After)
 * - `failing`: an error of its own (other 5xx, or an error for an answer), which this request may have caused
 * - `refuses`: it does not take this request (400, 413, 422), fails at it and passes its check, or cuts the answer at a limit of its own
 * - `unfit`: any other status: a wrong key, path or model name, a redirect
 * - `garbage`: an answer that no honest server gives
 * - `otherModel`: it serves another model than the manifest's
 * - `changed`: it is not the program that was checked
 */
export const faults = [
  "unreachable",
  "slow",
  "busy",
  "failing",
  "refuses",
  "unfit",
  "garbage",
  "otherModel",
  "changed",
] as const;
export type Fault = (typeof faults)[number];

/** A server's answer cannot be used. The message is for the operator; the caller adds the server's name. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly fault: Fault;
  /** How long it asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    fault: Fault,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.fault = fault;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer that no honest server gives. */
export const garbage = (message: string, options?: ErrorOptions): BackendError =>
  new BackendError("garbage", message, options);

const misbehaviour: readonly Fault[] = ["garbage", "otherModel", "changed"];

/** What an execution ends with that no server could answer. */
export const codeOf = (fault: Fault): ExecutorErrorCode => {
  if (fault === "refuses") return "BackendRefused";
  return misbehaviour.includes(fault) ? "BackendMisbehaved" : "BackendUnavailable";
};
