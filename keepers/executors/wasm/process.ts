import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { ExecutorError } from "../executor.ts";

/** One run of a child process. */
export type ChildRun = {
  readonly command: readonly [program: string, ...args: string[]];
  /** Written to its standard input, each with its length in front. */
  readonly frames: readonly Uint8Array[];
  readonly timeoutMs: number;
  readonly maxReplyBytes: number;
  readonly signal?: AbortSignal | undefined;
};

export type ChildReply = { readonly status: number; readonly fuelLeft: bigint; readonly output: Uint8Array };

const replyHeaderBytes = 13;
const diagnosticBytes = 2_000;

/**
 * Runs a child to its end and returns its reply. The child is killed on time-out, abortion or an oversized reply.
 * @throws ExecutorError where it gave no proper reply; the reason of the signal when that was aborted.
 */
export function runChild(run: ChildRun): Promise<ChildReply> {
  run.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [program, ...args] = run.command;
    const child = spawn(program, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
    const reply = collect(child, "stdout", run.maxReplyBytes + replyHeaderBytes, () =>
      fail(new ExecutorError("SandboxFailed", "The child's reply is too long")),
    );
    const diagnostics = collect(child, "stderr", diagnosticBytes, () => undefined);
    let failure: unknown;

    function fail(reason: unknown): void {
      failure ??= reason;
      child.kill("SIGKILL");
    }

    const onAbort = (): void => fail(run.signal?.reason);
    const timer = setTimeout(() => fail(timeoutError(run.timeoutMs)), run.timeoutMs);
    run.signal?.addEventListener("abort", onAbort, { once: true });
    child.stdin.on("error", () => undefined); // a child that ends early closes its input; what it replied decides
    child.on("error", (cause) => fail(new ExecutorError("SandboxMissing", `Cannot start ${program}`, { cause })));
    child.on("close", (exitCode, signalName) => {
      clearTimeout(timer);
      run.signal?.removeEventListener("abort", onAbort);
      if (failure !== undefined) reject(failure as Error);
      else
        settle(() => parseReply(reply(), `exit code ${exitCode ?? signalName ?? "unknown"}: ${text(diagnostics())}`));
    });
    for (const frame of run.frames) writeFrame(child, frame);
    child.stdin.end();

    function settle(make: () => ChildReply): void {
      try {
        resolve(make());
      } catch (error) {
        reject(error as Error);
      }
    }
  });
}

function timeoutError(timeoutMs: number): ExecutorError {
  return new ExecutorError("Timeout", `The execution took longer than ${timeoutMs} ms of wall-clock time`);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}

function writeFrame({ stdin }: ChildProcessWithoutNullStreams, frame: Uint8Array): void {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, frame.length, true);
  stdin.write(length);
  stdin.write(frame);
}

/** Keeps at most `limit` bytes of a stream; returns what there is when asked. */
function collect(
  child: ChildProcessWithoutNullStreams,
  name: "stdout" | "stderr",
  limit: number,
  onExcess: () => void,
) {
  const chunks: Uint8Array[] = [];
  let length = 0;
  child[name].on("data", (chunk: Uint8Array) => {
    if (length + chunk.length > limit) onExcess();
    else chunks.push(chunk);
    length += chunk.length;
  });
  return () => new Uint8Array(Buffer.concat(chunks));
}

function parseReply(bytes: Uint8Array, ending: string): ChildReply {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < replyHeaderBytes || bytes.length !== replyHeaderBytes + view.getUint32(9, true)) {
    throw new ExecutorError("SandboxFailed", `The child ended without a reply (${ending})`);
  }
  const reply = {
    status: view.getUint8(0),
    fuelLeft: view.getBigInt64(1, true),
    output: bytes.subarray(replyHeaderBytes),
  };
  if (reply.status === 255) throw new ExecutorError("SandboxFailed", `The child failed: ${text(reply.output)}`);
  return reply;
}
