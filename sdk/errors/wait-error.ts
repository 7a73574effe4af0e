/** Waiting for a request ended before the request did. */
export class WaitError extends Error {
  override readonly name = "WaitError";
}
