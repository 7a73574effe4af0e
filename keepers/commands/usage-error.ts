/** A command was given something that it cannot use. The message says what, and what to do; the program exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
