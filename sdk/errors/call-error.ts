import { decodeContractError, explainError, type ContractError } from "./explain.ts";
import { revertDataOf } from "./revert-data.ts";

/** A call or a transaction that the chain refused. `message` says what to do; `contractError` is the contract's own error. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly contractError: ContractError | undefined;

  constructor(action: string, cause: unknown) {
    super(`${action}: ${explainError(cause)}`, { cause });
    const data = revertDataOf(cause);
    this.contractError = data === undefined ? undefined : decodeContractError(data);
  }
}
