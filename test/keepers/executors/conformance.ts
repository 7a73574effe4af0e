import { expect } from "chai";
import {
  ExecutionStatus,
  ExecutorError,
  type ExecutionLimits,
  type ExecutionTask,
  type Executor,
} from "../../../keepers/executors/executor.ts";

/** What the suite needs to know of one kind of executor. */
export type ExecutorUnderTest = {
  readonly executor: Executor;
  /** A task that succeeds on `input` within `limits`, with an output of 2 to `limits.maxOutputBytes` bytes. */
  readonly task: ExecutionTask;
  readonly input: Uint8Array;
  /** An input that gives another output. */
  readonly otherInput: Uint8Array;
  readonly limits: ExecutionLimits;
  /** A task, input and limits that take at least a second. */
  readonly slow: { readonly task: ExecutionTask; readonly input: Uint8Array; readonly limits: ExecutionLimits };
  /** An input that the task refuses, where it has such. */
  readonly badInput?: Uint8Array;
  /** An artifact that is none, where the executor can tell. */
  readonly badTask?: ExecutionTask;
};

/** What every executor has to hold, whatever it runs. */
export function describeExecutor(name: string, make: () => Promise<ExecutorUnderTest>): void {
  describe(`Executor conformance: ${name}`, () => {
    let test: ExecutorUnderTest;
    before(async () => {
      test = await make();
    });

    const run = (limits: Partial<ExecutionLimits> = {}, input = test.input, signal?: AbortSignal) =>
      test.executor.execute(test.task, input, { ...test.limits, ...limits }, signal);

    it("says what it is", async () => {
      const { kind, runtimeDigest, isolation, warnings } = await test.executor.capabilities();
      expect(kind).to.match(/^[a-z]+$/);
      expect(runtimeDigest).to.match(/^0x[0-9a-f]{64}$/);
      expect([...isolation, ...warnings].every((entry) => entry.length > 0)).to.equal(true);
    });

    it("gives equal inputs equal results, also side by side", async () => {
      const results = await Promise.all([run(), run(), run()]);
      for (const result of results) expect(result).to.deep.equal(results[0]);
      expect(results[0]?.status).to.equal(ExecutionStatus.Success);
      expect(results[0]?.output.length).to.be.within(2, test.limits.maxOutputBytes);
      const usage = results[0]?.usage ?? 0n;
      expect(usage > 0n && usage <= test.limits.fuel, `usage ${usage}`).to.equal(true);
    });

    it("gives another input another output and changes no input", async () => {
      const before = [...test.input];
      const [result, other] = [await run(), await run({}, test.otherInput)];
      expect(other.status).to.equal(ExecutionStatus.Success);
      expect(other.output).to.not.deep.equal(result.output);
      expect([...test.input]).to.deep.equal(before);
    });

    it("tells outputs that fit from those that only a hash stands for, and refuses those beyond the hard limit", async () => {
      const whole = await run();
      const size = whole.output.length;
      const long = await run({ maxOutputBytes: size - 1 });
      expect(long).to.deep.equal({ ...whole, status: ExecutionStatus.SuccessLong });
      expect((await run({ maxOutputBytes: size, hardOutputBytes: size })).status).to.equal(ExecutionStatus.Success);
      const refused = await run({ maxOutputBytes: 1, hardOutputBytes: size - 1 });
      expect(refused.status).to.equal(ExecutionStatus.OutputTooLong);
      expect(refused.output.length).to.equal(0);
    });

    it("succeeds with exactly the fuel it uses, and with one unit less uses all of it and returns nothing", async () => {
      const { usage } = await run();
      expect((await run({ fuel: usage })).status).to.equal(ExecutionStatus.Success);
      const starved = await run({ fuel: usage - 1n });
      expect(starved).to.deep.equal({ status: ExecutionStatus.OutOfFuel, usage: usage - 1n, output: new Uint8Array() });
    });

    it("returns nothing for an input that the task refuses and for an artifact that is none", async () => {
      if (test.badInput !== undefined) {
        const refused = await run({}, test.badInput);
        expect([refused.status, refused.output.length]).to.deep.equal([ExecutionStatus.BadInput, 0]);
      }
      if (test.badTask !== undefined) {
        const refused = await test.executor.execute(test.badTask, test.input, test.limits);
        expect(refused).to.deep.equal({ status: ExecutionStatus.BadModule, usage: 0n, output: new Uint8Array() });
      }
    });

    it("rejects an artifact that is not the registered one", async () => {
      const artifactDigest = `0x${"00".repeat(32)}` as const;
      const attempt = test.executor.execute({ ...test.task, artifactDigest }, test.input, test.limits);
      expect(await codeOf(attempt)).to.equal("ArtifactMismatch");
    });

    it("rejects limits that make no sense", async () => {
      const wrong: Partial<ExecutionLimits>[] = [
        { fuel: 0n },
        { fuel: 2n ** 62n + 1n },
        { memoryBytes: -1 },
        { callDepth: 0 },
      ];
      wrong.push(
        { maxOutputBytes: test.limits.hardOutputBytes + 1 },
        { hardOutputBytes: Number.NaN },
        { timeoutMs: 0 },
        { timeoutMs: 1.5 },
      );
      for (const limits of wrong)
        expect(await codeOf(run(limits)), Object.keys(limits).join()).to.equal("InvalidLimits");
    });

    it("rejects, and decides nothing, when wall-clock time runs out", async () => {
      const { task, input, limits } = test.slow;
      expect(await codeOf(test.executor.execute(task, input, { ...limits, timeoutMs: 150 }))).to.equal("Timeout");
    });

    it("rejects with the signal's reason when aborted before and while it runs", async () => {
      const { task, input, limits } = test.slow;
      const reason = new Error("the request was settled by others");
      expect(await failureOf(run({}, test.input, AbortSignal.abort(reason)))).to.equal(reason);
      const controller = new AbortController();
      const running = failureOf(test.executor.execute(task, input, limits, controller.signal));
      setTimeout(() => controller.abort(reason), 100);
      expect(await running).to.equal(reason);
      expect((await run()).status).to.equal(ExecutionStatus.Success);
    });
  });
}

/** The error that a promise rejects with; undefined when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The code of the ExecutorError that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await failureOf(promise);
  return error instanceof ExecutorError ? error.code : undefined;
}
