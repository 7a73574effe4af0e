/** The artifact is not a module that this executor runs. The message says what is wrong and at which byte. */
export class BadModuleError extends Error {
  override readonly name = "BadModuleError";
}

/** @throws BadModuleError unless the condition holds. */
export function demand(condition: boolean, message: string, offset?: number): asserts condition {
  if (!condition) throw new BadModuleError(offset === undefined ? message : `${message} at byte ${offset}`);
}
