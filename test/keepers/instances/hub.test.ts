import { expect } from "chai";
import type { Hex } from "viem";
import { type Hub, makeHub } from "../../../keepers/network/hub.ts";
import type { CommitMessage, Held, SignedRequestMessage } from "../../../keepers/network/messages.ts";
import { refuse, type Verdict } from "../../../keepers/network/refusals.ts";
import type { NetworkDeps, NetworkServer } from "../../../keepers/network/server.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";

const idOf = (digit: string): Hex => `0x${digit.repeat(64)}`;
const address = "203.0.113.7";

/** An instance that knows one request, by the digit of its id; `isBroken` makes it fail at everything. */
const instanceOf = (digit: string, isBroken = false): NetworkDeps => {
  const known = idOf(digit);
  const asked = <T>(answer: T): Promise<T> =>
    isBroken ? Promise.reject(new Error(`the store of ${digit} is gone`)) : Promise.resolve(answer);
  const verdict = (requestId: Hex): Verdict =>
    requestId === known ? { isNew: true } : { refused: refuse("RequestUnknown") };
  const heldOf = (requestId: Hex): Held => {
    const results = requestId === known ? [{ digest: known, status: 0n, usage: 0n, output: "0x" as const }] : [];
    return { requestId, commits: [], attestations: [], results };
  };
  const reply = (requestId: Hex) =>
    requestId === known
      ? ({ waiting: { requestId, state: "waiting", for: "round" } } as const)
      : { refused: refuse("RequestUnknown") };
  return {
    acceptance: {
      commit: ({ requestId }) => asked(verdict(requestId)),
      attestation: ({ requestId }) => asked(verdict(requestId)),
    },
    held: { read: (requestId) => asked(heldOf(requestId)) },
    item: () => asked(undefined),
    input: (digest) => asked(digest === known ? { bytes: 1, stream: () => new ReadableStream() } : undefined),
    lambdas: {
      door: {
        accept: ({ signature }) =>
          asked(signature === known ? { isNew: true, requestId: known } : { refused: refuse("WrongRequester") }),
      },
      lambdas: { look: (requestId) => asked(reply(requestId)), wait: (requestId) => asked(reply(requestId)) },
      maxInputBytes: 1,
      maxWaitMs: 1,
    },
    clock: systemClock,
    log: silentLog,
    port: 0,
  };
};

/** A hub over an endpoint that only counts its starts and ends, and the deps it was started with. */
const openHub = (): { hub: Hub; started: NetworkDeps[]; closed: () => number } => {
  const started: NetworkDeps[] = [];
  let closed = 0;
  const start = async (deps: NetworkDeps): Promise<NetworkServer> => {
    started.push(deps);
    return { url: "http://127.0.0.1:1", port: 1, close: async () => void closed++ };
  };
  return { hub: makeHub(start), started, closed: () => closed };
};

const commitTo = (digit: string) => ({ requestId: idOf(digit) }) as CommitMessage;
const signedBy = (digit: string) => ({ signature: idOf(digit) }) as SignedRequestMessage;
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "it did not fail",
    (error: unknown) => String(error),
  );

describe("One endpoint for two instances", () => {
  const open = async (...instances: readonly NetworkDeps[]) => {
    const { hub, started, closed } = openHub();
    const servers = await Promise.all(instances.map((one) => hub.listen(one)));
    expect(started).to.have.length(1);
    return { joined: started[0] ?? expect.fail("it did not start"), servers, closed, started, hub };
  };
  const refusalOf = (verdict: object): unknown =>
    "refused" in verdict ? (verdict.refused as { error: string }).error : "";

  it("takes what one of them knows, and refuses what none does", async () => {
    const { joined } = await open(instanceOf("1"), instanceOf("2"));
    for (const digit of ["1", "2"]) {
      expect(await joined.acceptance.commit(commitTo(digit), "post")).to.deep.equal({ isNew: true });
      expect((await joined.held.read(idOf(digit), 0n)).results).to.have.length(1);
      expect((await joined.input(idOf(digit)))?.bytes).to.equal(1);
      expect(await joined.lambdas?.door.accept(signedBy(digit), address)).to.include({ requestId: idOf(digit) });
      expect(await joined.lambdas?.lambdas.wait(idOf(digit), 1, AbortSignal.abort())).to.have.property("waiting");
    }
    expect(refusalOf(await joined.acceptance.commit(commitTo("3"), "post"))).to.equal("RequestUnknown");
    expect((await joined.held.read(idOf("3"), 0n)).results).to.deep.equal([]);
    expect(await joined.input(idOf("3"))).to.equal(undefined);
    expect(refusalOf((await joined.lambdas?.door.accept(signedBy("3"), address)) ?? {})).to.equal("WrongRequester");
  });

  it("serves one while the other fails, and does not say that it knows nothing where the failing one may know", async () => {
    for (const order of [
      [instanceOf("1", true), instanceOf("2")],
      [instanceOf("2"), instanceOf("1", true)],
    ]) {
      const { joined } = await open(...order);
      expect(await joined.acceptance.commit(commitTo("2"), "post")).to.deep.equal({ isNew: true });
      expect(await joined.lambdas?.door.accept(signedBy("2"), address)).to.include({ requestId: idOf("2") });
      expect(await failureOf(joined.acceptance.commit(commitTo("1"), "post"))).to.include("the store of 1 is gone");
    }
  });

  it("ends with the last of them, and starts again", async () => {
    const { servers, joined, closed, started, hub } = await open(instanceOf("1"), instanceOf("2"));
    await servers[0]?.close();
    expect(closed()).to.equal(0);
    expect(refusalOf(await joined.acceptance.commit(commitTo("1"), "post"))).to.equal("RequestUnknown");
    expect(await joined.acceptance.commit(commitTo("2"), "post")).to.deep.equal({ isNew: true });
    await servers[1]?.close();
    expect(closed()).to.equal(1);
    await hub.listen(instanceOf("1"));
    expect(started).to.have.length(2);
  });

  it("can be tried again after it could not start", async () => {
    let isTaken = true;
    const hub = makeHub(async () => {
      if (isTaken) throw new Error("the port is taken");
      return { url: "http://127.0.0.1:1", port: 1, close: async () => undefined };
    });
    expect(await failureOf(hub.listen(instanceOf("1")))).to.include("taken");
    isTaken = false;
    expect((await hub.listen(instanceOf("1"))).port).to.equal(1);
  });
});
