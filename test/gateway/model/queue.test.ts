import { expect } from "chai";
import { ApiError } from "../../../gateway/model/errors.ts";
import { makeQueue } from "../../../gateway/model/queue.ts";

const never = new AbortController().signal;

/** A job that ends when told to. */
function heldJob() {
  let release = (): void => undefined;
  const isReleased = new Promise<void>((resolve) => (release = resolve));
  return { job: () => isReleased, release: () => release() };
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("Queue of the embedded model", () => {
  it("runs one job at a time, in the order they came", async () => {
    const queue = makeQueue(10);
    const log: string[] = [];
    const job = (name: string) => async (): Promise<void> => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    await Promise.all(["a", "b", "c"].map((name) => queue.run(job(name), never)));
    expect(log).to.deep.equal(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it("refuses with 429 what would wait behind too many, and goes on", async () => {
    const queue = makeQueue(1);
    const held = heldJob();
    const [first, second] = [queue.run(held.job, never), queue.run(() => Promise.resolve(2), never)];
    const refused = await failureOf(queue.run(() => Promise.resolve(3), never));
    expect(refused).to.be.instanceOf(ApiError).with.property("status", 429);
    expect(refused).to.have.property("retryAfterS", 1);
    held.release();
    await first;
    expect(await second).to.equal(2);
    expect(await queue.run(() => Promise.resolve(4), never)).to.equal(4);
  });

  it("forgets a job whose client has gone, and gives its place to another", async () => {
    const queue = makeQueue(1);
    const held = heldJob();
    const first = queue.run(held.job, never);
    const client = new AbortController();
    let hasRun = false;
    const gone = failureOf(queue.run(() => Promise.resolve((hasRun = true)), client.signal));
    client.abort(new Error("gone"));
    expect(await gone).to.have.property("message", "gone");
    const next = queue.run(() => Promise.resolve("next"), never);
    held.release();
    await first;
    expect(await next).to.equal("next");
    expect(hasRun).to.equal(false);
  });

  it("goes on after a job that fails", async () => {
    const queue = makeQueue(1);
    const failed = failureOf(queue.run(() => Promise.reject(new Error("broken")), never));
    expect(await queue.run(() => Promise.resolve(1), never)).to.equal(1);
    expect(await failed).to.have.property("message", "broken");
  });
});
