/** A node did not give an answer that holds. `error` is its name for the reason, such as `PurseTooSmall`. */
export class LambdaError extends Error {
  override readonly name = "LambdaError";
  readonly error: string;

  constructor(error: string, message: string, options?: ErrorOptions) {
    super(`${error}: ${message}`, options);
    this.error = error;
  }
}
