/** A value that the protocol cannot hold or does not allow: out of range, of the wrong length, or not of the shape named. */
export class InvalidValueError extends Error {
  override readonly name = "InvalidValueError";
  /** What the value was given for, such as `units`. */
  readonly field: string;

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`Invalid ${field}: ${problem}`, options);
    this.field = field;
  }
}
