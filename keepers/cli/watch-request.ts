/** Waits for the end of a request, tells what happens, and shows the answer. */
import { writeFileSync } from "node:fs";
import { type Hex, hexToBytes, size } from "viem";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { type Result, resultOf } from "../../sdk/client/result.ts";
import { UsageError } from "../commands/usage-error.ts";
import { formatAmount } from "./amounts.ts";
import { follow } from "./follow.ts";
import type { Io } from "./io.ts";
import type { LifeLine } from "./life.ts";
import { standing } from "./overdue.ts";
import { chainNowS } from "./reads.ts";
import type { Session } from "./session.ts";
import { jsonLine } from "./text.ts";

/** `timeoutS` 0 waits without end. `events` prints each event as a line of the answer, not only as progress. */
export type WatchOptions = {
  readonly json: boolean;
  readonly events: boolean;
  readonly once: boolean;
  readonly timeoutS: bigint;
  readonly outputFile?: string;
};

const pollMs = 1_000;
const quietMs = 15_000;

/** The line for people. */
export const lineText = ({ blockNumber, requestId, sentence }: LifeLine): string =>
  `block ${blockNumber}  ${requestId}  ${sentence}`;

/** Prints an event as a line. */
export const sayLine = (io: Io, json: boolean, line: LifeLine): void => io.out(json ? jsonLine(line) : lineText(line));

/** Aborts at Ctrl-C or after `timeoutS` (0: never). Call `end` when it is needed no more. */
export const makeStop = (io: Io, timeoutS: bigint): { signal: AbortSignal; end: () => void } => {
  const stop = new AbortController();
  const off = io.onInterrupt(() => stop.abort());
  const timer = timeoutS === 0n ? undefined : setTimeout(() => stop.abort(), Number(timeoutS) * 1_000);
  const end = (): void => {
    off();
    clearTimeout(timer);
  };
  return { signal: stop.signal, end };
};

/**
 * Follows one request. Exit status: 0 if it settled as a success, 1 if it was refunded or settled as a failure, 2 if it has
 * not ended.
 */
export const watchRequest = async (
  io: Io,
  session: Session,
  made: MadeRequest,
  options: WatchOptions,
): Promise<number> => {
  const { signal, end } = makeStop(io, options.timeoutS);
  const tellStanding = async (): Promise<void> =>
    io.err(`Request ${made.requestId} ${await standing(session, made, await chainNowS(session))}`);
  const waiting = setInterval(() => void tellStanding().catch(() => undefined), quietMs);
  try {
    const followed = follow(io, session, { from: made.blockNumber, made, pollMs, signal, once: options.once });
    for await (const line of followed) {
      if (options.events) sayLine(io, options.json, line);
      else io.err(lineText(line));
      if (line.event === "refunded") return refunded(io, options, line);
      if (line.event === "settled") return await settled(io, session, made, options, line);
    }
  } finally {
    clearInterval(waiting);
    end();
  }
  const how = await standing(session, made, await chainNowS(session)).catch(
    () => "has not ended; it goes on by itself.",
  );
  io.err(`Request ${made.requestId} ${how} To resume: atoma watch ${made.requestId}`);
  return 2;
};

const refunded = (io: Io, { json, events }: WatchOptions, line: LifeLine): number => {
  if (json && !events) io.out(jsonLine(line));
  if (!json && !events) io.out(`Request ${line.requestId} was ${line.sentence}`);
  return 1;
};

const settled = async (
  io: Io,
  session: Session,
  made: MadeRequest,
  options: WatchOptions,
  line: LifeLine,
): Promise<number> => {
  const { digest, transactionHash } = line as LifeLine & { readonly digest: Hex; readonly transactionHash: Hex };
  const head = line["head"] as bigint;
  const result = await resultOf(session.context, made, { digest, head, transactionHash });
  if (result === undefined) throw new UsageError("The RPC does not know the request's round: ask another one.");
  const output = result.output ?? "0x";
  if (options.outputFile !== undefined) writeFileSync(options.outputFile, hexToBytes(output));
  const { members, payout, ...rest } = result;
  const isSuccess = result.status <= 1n;
  if (options.json)
    io.out(
      jsonLine({ event: "answer", requestId: made.requestId, isSuccess, ...rest, members, leftover: payout.leftover }),
    );
  else for (const text of answerLines(session, made, result)) io.out(text);
  return isSuccess ? 0 : 1;
};

const answerLines = (
  { tokens }: Session,
  { requestId }: MadeRequest,
  { status, usage, output, members, payout }: Result,
): string[] => {
  const attested = members.filter((member) => member.attested).map(({ nodeId }) => nodeId);
  const outcome = status <= 1n ? "answered" : `ended with the failure ${status}`;
  return [
    `Request ${requestId} was ${outcome} by nodes ${attested.join(", ")}; usage ${usage}, ${formatAmount(payout.leftover, tokens.payment)} come back.`,
    ...outputLines(output),
  ];
};

/**
 * Output as text if it is UTF-8, every line marked, so that it cannot pass for lines of this program; else as hex. Control
 * characters become visible when lines are printed.
 */
export const outputLines = (output: Hex | undefined): string[] => {
  if (output === undefined)
    return ["The output is not in the transaction that settled: another contract made the call."];
  if (output === "0x") return ["The output is empty."];
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(hexToBytes(output));
    return text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `  | ${line}`);
  } catch {
    return [`  ${size(output)} bytes: ${output}`];
  }
};
