import { expect } from "chai";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { type HealthServer, startHealth } from "../../../keepers/runtime/health.ts";
import { makeLeases } from "../../../keepers/runtime/lease.ts";
import { type Log, makeLog, silentLog } from "../../../keepers/runtime/log.ts";
import { backoffMs, type PassReport, runLoop, runOnce } from "../../../keepers/runtime/loop.ts";
import { makeMetrics } from "../../../keepers/runtime/metrics.ts";
import { redactUrl } from "../../../keepers/runtime/redact.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import { manualClock } from "./clock.ts";

describe("logs", function () {
  this.timeout(60_000);
  const secret = "hunter2-hunter2";
  const capture = (): { log: Log; lines: () => Record<string, unknown>[]; text: () => string } => {
    const written: string[] = [];
    const log = makeLog({
      level: "debug",
      secrets: [secret],
      destination: { write: (line) => void written.push(line) },
    });
    return {
      log,
      text: () => written.join(""),
      lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };

  it("hides secrets by field name, by value and inside URLs, however deep", () => {
    const { log, text, lines } = capture();
    const url = `https://user:pw12345@rpc.example/v2/abcdefghijklmnopqrstuvwx?apikey=abc&chain=1`;
    log.info(
      { config: { privateKey: "0xaa11", password: "p", nested: [{ mnemonic: "m m m" }] }, note: `x ${secret} y` },
      "a",
    );
    log.warn({ url, error: new Error(`failed at ${url} with ${secret}`, { cause: new Error(secret) }) }, `b ${url}`);
    for (const hidden of ["0xaa11", "m m m", secret, "pw12345", "abcdefghijklmnopqrstuvwx", "apikey=abc"])
      expect(text(), hidden).to.not.include(hidden);
    expect(text()).to.include("rpc.example").and.include("chain=1");
    expect(lines()[0]).to.include({ level: "info", msg: "a" });
  });

  it("writes bigints, cycles, bytes and hostile objects without failing", () => {
    const { log, lines } = capture();
    const cycle: Record<string, unknown> = { amount: 10n ** 30n, bytes: new Uint8Array(5) };
    cycle.self = cycle;
    log.error(cycle, "cycle");
    const hostile = {
      get bad(): string {
        throw new Error("no");
      },
    };
    log.error({ hostile }, "hostile");
    expect(lines()[0]).to.deep.include({ amount: "1000000000000000000000000000000", bytes: "[5 bytes]" });
    expect(lines()).to.have.length(2);
  });

  it("leaves hashes, addresses and plain URLs readable", () => {
    const hash = `0x${"ab".repeat(32)}`;
    const { log, text } = capture();
    log.info({ hash, token: "0x1234", publicKey: "0x04", requestKey: "k" }, "fine");
    for (const kept of [hash, "0x1234", "0x04"]) expect(text()).to.include(kept);
    expect(redactUrl("http://127.0.0.1:8545/rpc")).to.equal("http://127.0.0.1:8545/rpc");
    expect(redactUrl("not a url")).to.equal("[redacted]");
  });
});

describe("metrics and health", function () {
  this.timeout(60_000);
  let health: HealthServer | undefined;
  afterEach(async () => {
    await health?.close();
    health = undefined;
  });

  it("shows every counter at 0 before anything happened, and once however often it is asked for", async () => {
    const metrics = makeMetrics();
    const count = metrics.counter({ name: "jobs_total", help: "Jobs", labels: { outcome: ["ok", "failed"] } });
    metrics.counter({ name: "jobs_total", help: "Jobs", labels: { outcome: ["ok"] } })(2, { outcome: "ok" });
    metrics.gauge({ name: "height", help: "Height" })(7);
    count(1, { outcome: "ok" });
    const { text } = await metrics.render();
    expect(text).to.include('atoma_jobs_total{outcome="failed"} 0').and.include('atoma_jobs_total{outcome="ok"} 3');
    expect(text).to.include("atoma_height 7");
  });

  it("serves metrics and checks on 127.0.0.1, and says which check fails and why", async () => {
    const metrics = makeMetrics();
    metrics.counter({ name: "x_total", help: "X" });
    let ok = true;
    health = await startHealth({
      port: 0,
      metrics,
      timeoutMs: 50,
      ready: [
        { name: "head", check: async () => (ok ? { ok } : { ok, why: "head is 90 s old" }) },
        {
          name: "store",
          check: async () => (ok ? { ok } : Promise.reject(new Error("cannot reach https://u:secretpw@db.example/x"))),
        },
        { name: "executor", check: () => (ok ? Promise.resolve({ ok }) : new Promise(() => {})) },
      ],
    });
    expect(health.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    const get = async (path: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${health?.url}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect((await get("/metrics")).text).to.include("atoma_x_total 0");
    expect((await get("/livez")).status).to.equal(200);
    expect((await get("/readyz")).status).to.equal(200);
    ok = false;
    const failed = await get("/readyz");
    expect(failed.status).to.equal(503);
    expect(failed.text)
      .to.include("head is 90 s old")
      .and.include("no answer within 50 ms")
      .and.not.include("secretpw");
    expect((await get("/livez")).status).to.equal(200);
    expect((await get("/nothing")).status).to.equal(404);
  });

  it("refuses a port that is taken with an error", async () => {
    health = await startHealth({ port: 0, metrics: makeMetrics(), ready: [] });
    const error = await startHealth({ port: health.port, metrics: makeMetrics(), ready: [] }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.match(/EADDRINUSE/);
  });
});

describe("loop", function () {
  this.timeout(60_000);
  it("waits the interval after good passes and backs off, with a cap, after bad ones", () => {
    expect(backoffMs(1_000, 0, 60_000, 0.9)).to.equal(1_000);
    expect(backoffMs(1_000, 1, 60_000, 0)).to.equal(1_000);
    expect(backoffMs(1_000, 1, 60_000, 0.999)).to.be.within(1_990, 2_000);
    expect(backoffMs(1_000, 4, 60_000, 0)).to.equal(8_000);
    expect(backoffMs(1_000, 50, 60_000, 0.5)).to.equal(45_000);
    expect(backoffMs(0, 1, 60_000, 1), "never a busy loop").to.equal(200);
  });

  it("goes on after passes that throw, and ends with the running pass when told to stop", async () => {
    const clock = manualClock();
    const stop = new AbortController();
    const metrics = makeMetrics();
    const ended: boolean[] = [];
    let passes = 0;
    let isFinished = false;
    await runLoop(
      { clock, log: silentLog, metrics },
      {
        name: "job",
        intervalMs: 10,
        signal: stop.signal,
        onPass: ({ ok }) => ended.push(ok),
        pass: async (signal): Promise<PassReport> => {
          passes += 1;
          if (passes <= 2) throw new Error("RPC is down");
          if (passes === 3) return { done: 1, failed: 1 };
          if (passes === 4) return { done: 1, failed: 0, isMoreDue: true };
          stop.abort();
          await systemClock.sleep(20);
          isFinished = signal.aborted;
          return { done: 1, failed: 0 };
        },
      },
    );
    expect(ended).to.deep.equal([false, false, false, true, true]);
    expect(isFinished, "the last pass ran to its end and knew").to.equal(true);
    const { text } = await metrics.render();
    expect(text).to.include('atoma_passes_total{job="job",outcome="failed"} 3');
  });

  it("runs once under a lease: exit status says whether anything failed, or that another pass is running", async () => {
    const clock = manualClock();
    const store = await openSqlite({ path: ":memory:", clock });
    const base = { clock: systemClock, log: silentLog };
    const deps = (owner: string) => ({ ...base, leases: makeLeases({ store, clock, owner }) });
    const once = (owner: string, pass: () => Promise<PassReport>) => runOnce(deps(owner), { name: "settler", pass });
    expect(await once("a", async () => ({ done: 2, failed: 0 }))).to.deep.equal({
      exitCode: 0,
      note: "settler: 2 done, 0 failed",
    });
    expect((await once("a", async () => ({ done: 2, failed: 1 }))).exitCode).to.equal(1);
    expect((await once("a", () => Promise.reject(new Error("no RPC")))).exitCode).to.equal(1);
    let release = (): void => {};
    const slow = once("a", async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return { done: 1, failed: 0 };
    });
    await systemClock.sleep(5);
    let ran = false;
    const second = await once("b", async () => {
      ran = true;
      return { done: 0, failed: 0 };
    });
    expect(second).to.deep.equal({ exitCode: 0, note: "settler: another pass is running" });
    expect(ran).to.equal(false);
    release();
    expect((await slow).exitCode).to.equal(0);
    await deps("killed").leases.acquire("once:settler", 60_000);
    clock.advance(60_000);
    expect(
      (await once("b", async () => ({ done: 1, failed: 0 }))).note,
      "after a killed pass's lease expired",
    ).to.equal("settler: 1 done, 0 failed");
    await store.close();
    expect((await once("b", async () => ({ done: 1, failed: 0 }))).exitCode, "a closed store").to.equal(1);
  });
});
