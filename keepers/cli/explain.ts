/** Whatever was thrown, as one sentence that says what to do, without secrets. */
import { BaseError } from "viem";
import { CallError } from "../../sdk/errors/call-error.ts";
import { explainError } from "../../sdk/errors/explain.ts";
import { ConfigError } from "../config.ts";
import { errorLine } from "../runtime/errors.ts";
import { makeRedactor } from "../runtime/redact.ts";
import { rpcErrorIn } from "../runtime/viem-client.ts";

const redact = makeRedactor();

const plain = (error: unknown): string => {
  if (error instanceof ConfigError) return error.message;
  const failure = rpcErrorIn(error);
  if (error instanceof CallError && (error.contractError !== undefined || failure === undefined)) return error.message;
  if (error instanceof CallError) return `${error.message} (${errorLine(failure)})`;
  if (error instanceof BaseError) return failure === undefined ? explainError(error) : errorLine(failure);
  return errorLine(error);
};

/** The sentence. */
export const explain = (error: unknown): string => String(redact(plain(error)));
