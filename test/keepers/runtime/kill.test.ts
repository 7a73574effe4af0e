import { expect } from "chai";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { readNonce } from "../../../keepers/runtime/rpc-answers.ts";
import { openSqlite } from "../../../keepers/runtime/sqlite.ts";
import { chainId, deployProbe, devKey, devSigner, type LocalChain, type Probe, startChain } from "./chain.ts";
import type { ChildOptions } from "./kill-child.ts";

const kills = Number(process.env.ATOMA_KILLS ?? 25);
const perLife = 4;
const childPath = fileURLToPath(new URL("./kill-child.ts", import.meta.url));

/** Runs one life; resolves with what it said, killed or not. `killAfterMs` counts from its first word. */
const live = (
  options: ChildOptions,
  killAfterMs: number | undefined,
): Promise<{ out: string; killed: boolean; errors: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["--no-warnings", childPath, JSON.stringify(options)]);
    let out = "";
    let errors = "";
    let timer: NodeJS.Timeout | undefined;
    child.stdout.on("data", (text) => {
      out += String(text);
      if (killAfterMs !== undefined) timer ??= setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    });
    child.stderr.on("data", (text) => (errors += String(text)));
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      resolve({ out, killed: signal === "SIGKILL", errors });
    });
  });

describe("kill -9", function () {
  this.timeout(60_000);
  let chain: LocalChain;
  let probe: Probe;
  let folder: string;
  let weather: NodeJS.Timeout;

  before(async () => {
    chain = await startChain();
    probe = await deployProbe(chain);
    folder = mkdtempSync(join(tmpdir(), "atoma-kill-"));
    await chain.setAutomine(false);
    await chain.rpc.request("evm_setIntervalMining", [40]);
    weather = setInterval(() => {
      const baseFee = 1_000_000_000 + Math.floor(Math.random() * 20_000_000_000); // so that no two signatures are equal by chance
      chain.rpc.request("hardhat_setNextBlockBaseFeePerGas", [`0x${baseFee.toString(16)}`]).catch(() => {});
    }, 30);
  });
  after(async function () {
    this.timeout(20_000);
    clearInterval(weather);
    await chain.close();
    rmSync(folder, { recursive: true });
  });

  it(`loses nothing and does nothing twice over ${kills} kills at random points`, async function () {
    this.timeout(60_000 + kills * 6_000);
    const storePath = join(folder, "store.db");
    const base = { url: chain.url, chainId, key: devKey(1), storePath, probe: probe.address };
    const nonceBefore = await readNonce(chain.rpc, devSigner(1).address, "latest");
    const promised = new Set<number>();
    let killed = 0;
    let bySelf = 0;
    let lives = 0;
    const note = (out: string): void => {
      for (const [, subject] of out.matchAll(/submitted (\d+)/g)) promised.add(Number(subject));
    };
    while (killed < kills) {
      const subjects = Array.from({ length: perLife }, (_, i) => lives * perLife + i);
      const crashAt = lives % 2 === 0 ? 1 + Math.floor(Math.random() * 60) : 0;
      const life = await live({ ...base, subjects, crashAt }, crashAt > 0 ? undefined : Math.random() * 400);
      expect(life.errors).to.equal("");
      note(life.out);
      lives += 1;
      killed += Number(life.killed);
      bySelf += Number(life.killed && crashAt > 0);
    }
    const last = await live({ ...base, subjects: [], crashAt: 0 }, undefined);
    expect(last.errors).to.equal("");
    expect(last.out).to.equal("finished\n");

    const store = await openSqlite({ path: storePath, clock: systemClock });
    const [outbox, attempts, seen] = await store.read(async (tx) => [
      await tx.all("SELECT subject, state, final FROM outbox"),
      await tx.all("SELECT kind, COUNT(*) AS n FROM attempts GROUP BY kind"),
      await tx.all("SELECT subject, COUNT(*) AS n FROM seen GROUP BY subject"),
    ]);
    await store.close();
    const known = new Set(outbox.map(({ subject }) => Number(subject)));
    for (const subject of promised) expect(known.has(subject), `subject ${subject} is in the outbox`).to.equal(true);
    for (const { subject, state, final } of outbox)
      expect({ subject, state, final }).to.include({ state: "mined", final: 1 });
    for (let subject = 0; subject < lives * perLife; subject++)
      expect(await probe.hits(chain.rpc, BigInt(subject)), `hits of ${subject}`).to.equal(known.has(subject) ? 1n : 0n);
    expect(await readNonce(chain.rpc, devSigner(1).address, "latest")).to.equal(nonceBefore + known.size);
    expect(seen.length, "the cursor saw every event").to.equal(known.size);
    for (const { n } of seen) expect(n, "each exactly once").to.equal(1);
    const signed = attempts.map(({ kind, n }) => `${n} ${kind}`).join(", ");
    console.log(
      `      ${killed} kills (${bySelf} at a write or send) in ${lives} lives: ${promised.size} intents promised, ` +
        `${known.size} mined once, signed transactions: ${signed}; lost 0, twice 0`,
    );
  });
});
