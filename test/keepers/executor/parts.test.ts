import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256, toHex } from "viem";
import { flagBundle } from "../../../sdk/words/flags.ts";
import { makeArtifacts } from "../../../keepers/executor/artifacts.ts";
import { makeBlobCache } from "../../../keepers/executor/blob-cache.ts";
import { fetchUri } from "../../../keepers/executor/fetch.ts";
import { fuelOf, limitsOf, maxItems } from "../../../keepers/executor/limits.ts";
import { makeLimiter } from "../../../keepers/executor/limiter.ts";
import { isPullDue } from "../../../keepers/executor/pulling.ts";
import { exchangeTimesOf } from "../../../keepers/network/exchange-times.ts";
import type { Http } from "../../../keepers/network/http.ts";
import { wireBounds } from "../../../keepers/network/messages.ts";
import { sha256 } from "../../../keepers/runtime/sha256.ts";
import { itemDigest } from "../../../keepers/executor/outcome.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { bytes, makeWorld, type Running, type Seat, type World } from "./world.ts";

const never = new AbortController().signal;
const bounds = { maxBytes: 100, timeoutMs: 1_000, signal: never };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: Error) => error.message,
  );
const serving = (answers: Record<string, Uint8Array>): Pick<Http, "request"> & { asked: string[] } => {
  const asked: string[] = [];
  const request: Http["request"] = async ({ url }) => {
    asked.push(url);
    const body = answers[url];
    return body === undefined ? { status: 404, body: text("") } : { status: 200, body };
  };
  return { asked, request };
};

describe("the fetching of a URI", () => {
  it("reads data: URIs, in base64 or percent-encoded", async () => {
    const http = serving({});
    for (const [uri, expected] of [
      ["data:,plain%20text", "plain text"],
      ["data:text/plain;charset=utf-8,a,b", "a,b"],
      ["data:application/octet-stream;base64,aGVsbG8=", "hello"],
      ["data:;base64,", ""],
    ] as const)
      expect(new TextDecoder().decode(await fetchUri(http, uri, bounds)), uri).to.equal(expected);
    expect(http.asked).to.deep.equal([]);
  });

  it("refuses malformed and long data: URIs, and any status but 200", async () => {
    const http = serving({ "http://files.example/found": text("found") });
    expect(await messageOf(fetchUri(http, "data:nothing", bounds))).to.match(/malformed/);
    expect(await messageOf(fetchUri(http, "data:,%zz", bounds))).to.match(/percent/);
    expect(await messageOf(fetchUri(http, `data:,${"x".repeat(101)}`, bounds))).to.match(/more than 100/);
    expect(await messageOf(fetchUri(http, `data:,${"x".repeat(1_000)}`, bounds))).to.match(/more than 100/);
    expect(await messageOf(fetchUri(http, "http://files.example/missing", bounds))).to.match(/status 404/);
    expect(await fetchUri(http, "http://files.example/found", bounds)).to.deep.equal(text("found"));
  });
});

describe("files kept by digest", () => {
  const directory = mkdtempSync(join(tmpdir(), "atoma-test-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const digestOf = (value: string): Hex => keccak256(toHex(value));

  it("are bounded in total: the least recently used go first", async () => {
    let nowMs = Date.now();
    const cache = makeBlobCache({ directory: join(directory, "a"), maxBytes: 100, now: () => (nowMs += 10_000) });
    expect(await cache.get(digestOf("1"))).to.equal(undefined);
    for (const name of ["1", "2", "3"]) {
      await cache.put(digestOf(name), new Uint8Array(30));
      await cache.get(digestOf(name));
    }
    await cache.get(digestOf("1"));
    await cache.put(digestOf("4"), new Uint8Array(30));
    const kept = await Promise.all(
      ["1", "2", "3", "4"].map(async (name) => (await cache.get(digestOf(name))) !== undefined),
    );
    expect(kept).to.deep.equal([true, false, true, true]);
    await cache.put(digestOf("5"), new Uint8Array(101));
    expect(await cache.get(digestOf("5"))).to.equal(undefined);
  });

  it("never lead outside their folder", async () => {
    const cache = makeBlobCache({ directory, maxBytes: 100, now: Date.now });
    for (const digest of ["0x../../etc/passwd", "0x12", `0x${"g".repeat(64)}`] as Hex[])
      expect(await messageOf(cache.get(digest))).to.match(/no digest/);
  });

  it("are checked again when they are artifacts, and fetched anew when damaged", async () => {
    const artifact = text("the program");
    const task = { artifactDigest: sha256(artifact), artifactUri: "http://files.example/program" };
    const http = serving({ [task.artifactUri]: artifact });
    const folder = join(directory, "artifacts");
    const artifacts = makeArtifacts({
      http,
      cache: makeBlobCache({ directory: folder, maxBytes: 1_000, now: Date.now }),
    });
    await Promise.all([artifacts.get(task, never), artifacts.get(task, never)]);
    await artifacts.get(task, never);
    expect(http.asked).to.have.length(1);
    for (const file of readdirSync(folder)) writeFileSync(join(folder, file), "damaged");
    expect(await artifacts.get(task, never)).to.deep.equal(artifact);
    expect(http.asked).to.have.length(2);
    const other = { ...task, artifactDigest: sha256(text("another program")) };
    expect(await messageOf(artifacts.get(other, never))).to.match(/ask its publisher/);
  });
});

describe("limits of an execution", () => {
  it("give an item its whole share of units, and nothing where there is none", () => {
    const fuel = (units: bigint, items: bigint, flags: bigint, unitSize = 10n) =>
      fuelOf({ units, items, flags }, unitSize);
    expect(fuel(7n, 1n, 0n)).to.equal(70n);
    expect(fuel(7n, 3n, flagBundle)).to.equal(20n);
    expect(fuel(2n, 3n, flagBundle)).to.equal(undefined);
    expect(fuel(7n, 0n, flagBundle)).to.equal(undefined);
    expect(fuel(7n, 1n, 0n, 0n)).to.equal(undefined);
    expect(fuel(2n ** 64n - 1n, 1n, 0n, 2n ** 64n - 1n)).to.equal(2n ** 62n);
    expect(fuel(10n ** 9n, maxItems + 1n, flagBundle)).to.equal(undefined);
  });

  it("give the items of a bundle equal shares of its longest output, each as long as one that goes on chain whole", () => {
    const longest = (items: bigint, flags: bigint, maxOutputBytes = 100n) =>
      limitsOf({ items, flags, maxOutputBytes }, 1n, 1_000).hardOutputBytes;
    expect(longest(1n, 0n)).to.equal(1024 * 1024);
    expect(longest(64n, flagBundle)).to.equal(1024 * 1024);
    expect(longest(65n, flagBundle)).to.equal(1_032_444);
    expect(longest(maxItems, flagBundle)).to.equal(wireBounds.output);
    expect(longest(maxItems, flagBundle, 20_000n)).to.equal(20_000); // executors take no smaller bound
  });

  it("let only so many run at a time, and skip what was aborted in line", async () => {
    const limiter = makeLimiter(2);
    let [running, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    const aborted = AbortSignal.abort(new Error("too late"));
    const all = Array.from({ length: 9 }, (_, index) => limiter(work, index === 5 ? aborted : never));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status).filter((status) => status === "rejected")).to.have.length(1);
    expect([running, most]).to.deep.equal([0, 2]);
  });
});

describe("asking peers for what they hold", () => {
  it("is due at the end of commits, several times before the union, and now and then besides", () => {
    const moments = { attestEndS: 0n, fallbackAtS: 0n, chainCommitEndS: 0n, deadlineS: 200n, expireAtS: 0n };
    const times = exchangeTimesOf({ startS: 0n, commitEndS: 100n, ...moments });
    expect(isPullDue(1_000, undefined, times)).to.equal(false);
    expect(isPullDue(30_000, undefined, times)).to.equal(true);
    expect(isPullDue(100_000, 99_000, times)).to.equal(true);
    expect(isPullDue(100_500, 100_000, times)).to.equal(false);
    const rounds: number[] = [];
    for (let nowMs = 100_000, last = 95_000; nowMs <= times.pullEndMs; nowMs += 50)
      if (isPullDue(nowMs, last, times)) rounds.push((last = nowMs));
    expect(rounds.length).to.be.at.least(3);
  });
});

describe("an executor job", function () {
  this.timeout(20_000);
  let world: World;
  afterEach(() => world.stop());

  it("passes until nothing needs it, for runs under cron", async () => {
    world = await makeWorld({ k: 1, windowS: 60 });
    const node = (await world.start(world.seats[0] as Seat)) as Running;
    const request = world.ask();
    world.post(request);
    const report = await node.job.passUntilIdle(never);
    expect(report.failed).to.equal(0);
    const { attestations, results } = await node.held.read(request.requestId, 0n);
    expect([attestations.length, results.length]).to.deep.equal([1, 1]);
    await node.prune(world.clock.now() + 1_000);
    expect((await node.held.read(request.requestId, 0n)).attestations).to.deep.equal([]);
  });

  it("keeps the first result and the first decision on each root, whoever comes later", async () => {
    world = await makeWorld({ k: 1 });
    const { store } = await world.start(world.seats[0] as Seat);
    const own = makeOwnStore(store);
    const id = keccak256("0x01");
    const result = (value: number) => ({
      digest: bytes(value, 32),
      salt: bytes(value, 16),
      leaf: bytes(value, 32),
      result: { status: 0n, usage: 1n, output: bytes(value, 2) },
    });
    expect(await own.keepResult(id, 1n, result(1), 1)).to.deep.equal(result(1));
    expect(await own.keepResult(id, 1n, result(2), 2)).to.deep.equal(result(1));
    expect(await own.result(id, 1n)).to.deep.equal(result(1));
    const item = (value: number) => ({ status: 0n, usage: 1n, output: bytes(value, 2) });
    const digest = itemDigest(item(1));
    expect(await own.keepItem(id, 3, item(1), 1)).to.equal(digest);
    expect(await own.keepItem(id, 3, item(2), 2)).to.equal(digest);
    expect(await own.item(id, 3)).to.deep.equal(item(1));
    expect(await own.digests(id)).to.deep.equal(new Map([[3, digest]]));
    const decision = (root: 1 | 2, value: number) => ({
      root,
      committed: 3n,
      leaves: [bytes(value, 32)],
      decidedMs: value,
    });
    expect(await own.keepDecision(id, 1n, decision(1, 1))).to.deep.equal(decision(1, 1));
    expect(await own.keepDecision(id, 1n, decision(1, 2))).to.deep.equal(decision(1, 1));
    expect(await own.keepDecision(id, 1n, decision(2, 3))).to.deep.equal(decision(2, 3));
    expect(await own.decisions(id, 1n)).to.deep.equal([decision(1, 1), decision(2, 3)]);
  });

  it("fails its pass and its check while its key serves no node", async () => {
    world = await makeWorld({ k: 1 });
    const node = await world.start(world.seats[0] as Seat);
    expect(await node.job.check()).to.deep.equal({ ok: true });
    const registered = world.nodes.get(1n);
    if (registered === undefined) throw new Error("node 1 is missing");
    world.nodes.set(1n, { ...registered, signer: "0x000000000000000000000000000000000000dEaD" });
    expect(await node.job.pass(never)).to.deep.equal({ done: 0, failed: 1 });
    expect(await node.job.check()).to.include({ ok: false });
  });
});
