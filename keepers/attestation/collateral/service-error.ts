/**
 * Why there is no collateral:
 * - `unavailable`: no answer, or the service says that it cannot answer now; trying again later may help
 * - `throttled`: the service asks for a pause, of `retryAfterMs` if it says how long
 * - `not-found`: the service does not know this FMSPC, or not for this kind of TEE, or not this evaluation number yet
 * - `gone`: the service no longer serves this evaluation number
 * - `refused`: any other status
 * - `too-large`, `malformed`: the answer is none of Intel's
 * - `mismatch`: the answer is about something else than was asked for
 * - `stale`: the answer is not valid at this time
 * - `untrusted`: the answer is not signed from the pinned root down
 */
export type ServiceFailure =
  | "unavailable"
  | "throttled"
  | "not-found"
  | "gone"
  | "refused"
  | "too-large"
  | "malformed"
  | "mismatch"
  | "stale"
  | "untrusted";

/** Intel's service, or a cache of it, gave no collateral that can be used. The message names the address asked. */
export class IntelServiceError extends Error {
  override readonly name = "IntelServiceError";
  readonly code: ServiceFailure;
  readonly retryAfterMs: number | undefined;

  constructor(code: ServiceFailure, message: string, details: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }
}
