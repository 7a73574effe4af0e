import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { type Receipt, verifyReceipt } from "../agreement/receipt.ts";
import { parseReceipt, requestToJson } from "../agreement/receipt-json.ts";
import { LambdaError } from "../errors/lambda-error.ts";
import { WaitError } from "../errors/wait-error.ts";
import { byteLength } from "../words/hex.ts";
import type { Context } from "./context.ts";
import { freeNonce } from "./free-nonce.ts";
import { receiptFacts } from "./receipt-facts.ts";
import { signRequest, type SignRequestInput } from "./sign-request.ts";

export type LambdaInput = Omit<SignRequestInput, "nonce"> & {
  /** A node or gateway that takes signed requests, such as `https://node.example`. */
  readonly url: string;
  /** Unused, and not given to anything else: see `freeNonce`, which chooses where there is none. */
  readonly nonce?: bigint;
  /** For all of it; two minutes by default. */
  readonly timeoutMs?: number;
};

/** An answer whose receipt was checked against the chain: all of it but `transactionHash`. */
export type LambdaResult = {
  readonly requestId: Hex;
  /** 0 success, 1 success with an output too long for the chain, above 1 a failure, which is paid for too. */
  readonly status: bigint;
  readonly usage: bigint;
  readonly output: Hex;
  readonly digest: Hex;
  readonly receipt: Receipt;
  /** Where it was settled, as the node says: not checked. Undefined while the node knows of no settlement. */
  readonly transactionHash: Hex | undefined;
};

/** Longest answer that is read: the longest output, in hex, and what is said around it. */
const maxAnswerBytes = 4 * 1024 * 1024;
/** A node is asked to keep one question open for so long. */
const maxStepMs = 30_000;
const pollMs = 500;

/**
 * Runs a task on a committee without a transaction of one's own: signs the request, gives it to the node, waits, checks the
 * receipt against the chain. The key stays here. Throws LambdaError with the node's reason where it refuses, or where its
 * answer does not hold; WaitError at the timeout, after which the request may still be computed and paid for.
 */
export async function lambda(context: Context, asked: LambdaInput): Promise<LambdaResult> {
  const { url, timeoutMs = 120_000, ...rest } = asked;
  const nonce = asked.nonce ?? (await freeNonce(context, context.walletClient.account.address));
  const { requestId, words, signature } = await signRequest(context, { ...rest, nonce });
  const endMs = Date.now() + timeoutMs;
  const base = `${url.replace(/\/+$/, "")}/v1/lambdas`;
  const stepMs = (): number => Math.min(maxStepMs, Math.max(0, endMs - Date.now()));
  const body = { request: requestToJson(words), signature, input: asked.input.toLowerCase(), timeoutMs: stepMs() };
  let answer = await ask(`${base}/${asked.taskId}`, stepMs(), JSON.stringify(body));
  while (answer.status === 202) {
    if (Date.now() >= endMs)
      throw new WaitError(
        `Request ${requestId} has no answer after ${timeoutMs} ms. It may still come, and be paid for.`,
      );
    await sleep(pollMs);
    answer = await ask(`${base}/requests/${requestId}`, stepMs());
  }
  return checked(context, requestId, answer.fields);
}

type Fields = Readonly<Record<string, unknown>>;

async function checked(context: Context, requestId: Hex, fields: Fields): Promise<LambdaResult> {
  const receipt = readOrThrow(() => parseReceipt(fields["receipt"]));
  const output = readOrThrow(() => hexIn(fields, "output"));
  const transactionHash =
    fields["transactionHash"] == null ? undefined : readOrThrow(() => hexIn(fields, "transactionHash"));
  const facts = await receiptFacts(context, receipt, output);
  const verdict = readOrThrow(() => verifyReceipt(receipt, facts));
  if (!verdict.isGood) throw new LambdaError(verdict.problem, "the node's receipt does not hold; ask another node.");
  if (verdict.requestId !== requestId)
    throw new LambdaError("OtherRequest", "the node's receipt is of another request.");
  const { status, usage, digest } = verdict;
  return { requestId, status, usage, output, digest, receipt, transactionHash };
}

/** One question. Throws LambdaError for a refusal, and for what is no answer of a node. */
async function ask(url: string, waitMs: number, body?: string): Promise<{ status: number; fields: Fields }> {
  const init = body === undefined ? {} : { method: "POST", body, headers: { "content-type": "application/json" } };
  const signal = AbortSignal.timeout(waitMs + 10_000);
  const response = await fetch(url, { ...init, redirect: "error", signal }).catch((cause: unknown) => {
    throw new LambdaError("Unreachable", `${url} does not answer; try again, or another node.`, { cause });
  });
  const fields = await readFields(response);
  if (response.status === 200 || response.status === 202) return { status: response.status, fields };
  throw new LambdaError(String(fields["error"] ?? response.status), String(fields["message"] ?? "the node refuses."));
}

async function readFields(response: Response): Promise<Fields> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new LambdaError("NoAnswer", "the answer is longer than any that a node gives.");
    chunks.push(chunk);
  }
  return readOrThrow(() => {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof value !== "object" || value === null) throw new Error("it is no object");
    return value as Fields;
  });
}

function hexIn(fields: Fields, name: string): Hex {
  const value = String(fields[name]) as Hex;
  byteLength(name, value); // throws unless it is hex
  return value.toLowerCase() as Hex;
}

function readOrThrow<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new LambdaError("NoAnswer", "what came back is not the answer of a node; ask another one.", { cause });
  }
}
