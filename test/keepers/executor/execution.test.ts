import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256, toHex } from "viem";
import type { ChainRequest, ChainTask } from "../../../keepers/chain/view.ts";
import { makeComputing } from "../../../keepers/executor/computing.ts";
import { executorFor } from "../../../keepers/executor/execution.ts";
import { ExecutionStatus, type Executor, type ExecutorCapabilities } from "../../../keepers/executors/executor.ts";
import { makeHttp } from "../../../keepers/network/http.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { executorOf, manifestOf, sha256Of } from "../executors/model-fixtures.ts";

const runtimeDigest: Hex = `0x${"11".repeat(32)}`;
const digestOf = (bytes: Uint8Array): Hex => `0x${sha256Of(bytes)}`;

describe("The executor of a task", () => {
  it("is the one that runs its artifact, of several with the same runtime", async () => {
    const [one, two] = [manifestOf({ name: "one" }), manifestOf({ name: "two" })];
    const executors = [one, two].map((manifest) => executorOf(manifest, { urls: ["http://127.0.0.1:1"] }));
    const [first] = executors;
    if (first === undefined) throw new Error("no executor");
    const { runtimeDigest: runtime } = await first.capabilities();
    const taskOf = (manifest: Uint8Array, changes: Partial<ChainTask> = {}) => ({
      ...{ kind: "chat", runtimeDigest: runtime, artifactDigest: digestOf(manifest) },
      ...changes,
    });
    expect(await executorFor(executors, taskOf(one))).to.equal(executors[0]);
    expect(await executorFor(executors, taskOf(two))).to.equal(executors[1]);
    const upper = digestOf(two).toUpperCase().replace("X", "x") as Hex;
    expect(await executorFor(executors, taskOf(two, { artifactDigest: upper }))).to.equal(executors[1]);
    expect(await executorFor(executors, taskOf(manifestOf({ name: "three" })))).to.equal(undefined);
    expect(await executorFor(executors, taskOf(one, { kind: "completion" }))).to.equal(undefined);
    expect(await executorFor(executors, taskOf(one, { runtimeDigest }))).to.equal(undefined);
  });
});

describe("Executions in line", () => {
  const folder = mkdtempSync(join(tmpdir(), "execution-"));
  const http = makeHttp();
  after(() => {
    http.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** An executor that runs until it is let go, and says how many runs there were at once. */
  const holding = (offered: Pick<ExecutorCapabilities, "kind" | "concurrency">) => {
    const held: (() => void)[] = [];
    const executor: Executor = {
      capabilities: async () => ({ ...offered, runtimeDigest, isolation: [], warnings: [] }),
      execute: async () => {
        await new Promise<void>((resolve) => held.push(resolve));
        return { status: ExecutionStatus.Success, usage: 1n, output: new Uint8Array() };
      },
    };
    return { executor, held };
  };

  it("wait for their own executor where it says how many it takes, else for this machine", async () => {
    const artifact = new Uint8Array([1]);
    const artifactUri = `data:;base64,${Buffer.from(artifact).toString("base64")}`;
    const [wasm, model] = [holding({ kind: "wasm" }), holding({ kind: "chat", concurrency: 3 })];
    const task = async (taskId: bigint): Promise<ChainTask> => ({
      ...{ taskId, kind: taskId === 1n ? "wasm" : "chat", artifactDigest: digestOf(artifact), artifactUri },
      ...{ runtimeDigest, unitSize: 1n, windowS: 60n, maxOutputBytes: 1n, deprecated: false },
    });
    const { execute } = makeComputing(
      {
        view: { task, node: async () => undefined },
        executors: [wasm.executor, model.executor],
        own: { keepItem: async () => "0x", digests: async () => new Map() },
        client: { input: async () => ({ failure: "there is none" }) },
        ...{ http, clock: systemClock, log: silentLog },
      },
      { cacheDirectory: folder, maxExecutions: 1 },
    );
    const fields = { flags: 0n, units: 1n, items: 1n, maxOutputBytes: 1n, inputDigest: keccak256("0x00") };
    const start = (taskId: bigint) =>
      execute({
        request: {
          requestId: toHex(taskId, { size: 32 }),
          fields: { ...fields, taskId },
          data: "0x00",
        } as unknown as ChainRequest,
        ...{ peers: [], untilMs: Date.now() + 10_000, signal: new AbortController().signal },
      });
    const running = [1n, 1n, 2n, 2n, 2n, 2n].map(start);
    const settled = () => new Promise((resolve) => setTimeout(resolve, 100));
    await settled();
    expect([wasm.held.length, model.held.length]).to.deep.equal([1, 3]); // models do not wait for the processor
    for (const one of [wasm, model]) one.held.splice(0).forEach((release) => release());
    await settled();
    expect([wasm.held.length, model.held.length]).to.deep.equal([1, 1]);
    for (const one of [wasm, model]) one.held.splice(0).forEach((release) => release());
    expect(await Promise.all(running)).to.deep.equal(Array(6).fill({ digests: ["0x"] }));
  });
});
