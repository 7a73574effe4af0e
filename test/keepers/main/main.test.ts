import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { settlementOf } from "../../../deploy/local/committee.ts";
import { askAndPost, sampleOutput, settle } from "../../helpers/market.ts";
import type { Provider } from "../bridge.ts";
import { openScene, type Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";
import { crontabCommands, settingsExample, unitCommands } from "./guide.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const guideFile = "/etc/atoma/keeper.yaml";

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

describe("atoma-keeper", function () {
  this.timeout(120_000);
  let scene: Scene;
  let folder: string;
  let file: string;
  before(async () => {
    scene = await openScene({ nodes: 12 });
    folder = mkdtempSync(join(tmpdir(), "keeper-"));
    file = join(folder, "keeper.yaml");
    writeFileSync(join(folder, "beacon.key"), "0x5eed\n");
    const { escrow } = scene.market.instance;
    writeFileSync(join(folder, "deployment.json"), JSON.stringify({ chainId: 31337, escrow, startBlock: 0 }));
    writeFileSync(
      file,
      [
        "jobs: [settler]",
        `chain: { id: 31337, rpcUrls: ["${scene.bridge.url}"], deploymentFile: deployment.json, maxHeadAgeS: 0, confirmations: 1, pollMs: 50 }`,
        "store: { path: keeper.sqlite }",
        "ops: { port: 0 }",
        "beacon: { source: local, secretKeyFile: beacon.key }",
        "janitor: { tasks: all }",
        "settler: { turnS: 1 }",
        "executor: { requireIsolation: false }",
        "once: { waitMs: 10000 }",
      ].join("\n"),
    );
  });
  after(async () => {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a command line in a shell, as cron and systemd do, under the Node that runs this test. */
  const run = (
    command: string,
    env: Record<string, string> = {},
    onStart?: (kill: (signal: NodeJS.Signals) => void) => void,
  ) =>
    new Promise<Ended>((resolve, reject) => {
      const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`;
      const key = { ATOMA_KEEPER_KEY_PRIVATE_KEY: devKey(7) };
      const child = spawn(command, { shell: true, cwd: root, env: { ...process.env, PATH: path, ...key, ...env } });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, stdout, stderr }));
      onStart?.((signal) => child.kill(signal));
    });
  const program = `exec "${process.execPath}" keepers/main.ts --config "${"FILE"}"`;
  const own = (args = ""): string => `${program.replace("FILE", file)} ${args}`;

  it("runs every command of the guide's crontab with exit status 0, and does its work", async () => {
    const { market } = scene;
    const recorded = await askAndPost(market, { challengeWindow: 1n });
    await settle(market, await settlementOf(market.world, market.nodes, recorded, { output: sampleOutput }));
    await scene.passTime(200); // beyond the janitor's grace
    const commands = crontabCommands();
    expect(commands).to.have.length(4);
    for (const command of commands) {
      expect(command).to.include("--once").and.to.include(guideFile);
      const { status, stdout, stderr } = await run(command.replace(guideFile, file));
      expect(status, `${command}\n${stdout}\n${stderr}`).to.equal(0);
      expect(stdout).to.match(/(settler|beacon|janitor|watchtower): \d+ done, 0 failed/);
    }
    const slot = await market.escrow.slotOf(market.requester, 0n);
    expect(slot & 0xffn).to.equal(4n); // settled: the settler's or the janitor's pass finalised it
  });

  it("runs the units of the guide: the timer's pass ends with 0, the service ends with 0 when it is stopped", async () => {
    const commands = unitCommands();
    expect(commands).to.have.length(2);
    const once = commands.find((command) => command.includes("--once")) ?? "";
    expect((await run(once.replace(guideFile, file))).status).to.equal(0);
    const service = commands.find((command) => !command.includes("--once")) ?? "";
    expect(service).to.include("npm run --silent keeper -- --config");
    const arguments_ = service.slice(service.indexOf("--config")).replace(guideFile, `"${file}"`);
    const ended = await run(`exec "${process.execPath}" keepers/main.ts ${arguments_}`, {}, (kill) =>
      setTimeout(() => kill("SIGTERM"), 4_000),
    );
    expect(ended.status, ended.stdout + ended.stderr).to.equal(0);
    expect(ended.stdout).to.include("the keeper runs");
    expect(ended.stdout).to.not.include(devKey(7).slice(2));
  });

  it("ends with 1 and a sentence when the chain cannot be reached, is another one, or the settings are wrong", async () => {
    const unreachable = await run(own("--once"), { ATOMA_KEEPER_CHAIN_RPC_URLS: "http://127.0.0.1:9" });
    expect(unreachable.status).to.equal(1);
    expect(unreachable.stderr).to.include("cannot be reached");
    const elsewhere = await run(own("--once"), { ATOMA_KEEPER_CHAIN_ID: "1" });
    expect(elsewhere.status).to.equal(1);
    expect(elsewhere.stderr).to.match(/deployment record is of chain 31337|serves chain 31337/);
    const wrong = await run(own("--once"), { ATOMA_KEEPER_FEES_GAS_CAP: "many", ATOMA_KEEPER_NO_SUCH: "1" });
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr)
      .to.include("fees.gasCap must be a whole number")
      .and.to.include("ATOMA_KEEPER_NO_SUCH is no setting");
  });

  it("explains by `doctor` what is fine and what is missing", async () => {
    const fine = await run(own("--job settler --job beacon --job watchtower doctor --json"));
    const report = JSON.parse(fine.stdout) as { isFit: boolean; findings: { name: string; verdict: string }[] };
    expect(report.isFit, fine.stdout).to.equal(true);
    expect(report.findings.map(({ name }) => name)).to.include.members([
      "key",
      "store",
      "chain",
      "contracts",
      "balance",
      "node",
      "sandbox",
      "beacon",
    ]);
    const poor = await run(own("--job watchtower doctor"), { ATOMA_KEEPER_WATCHTOWER_MAX_BOND: "5" });
    expect(poor.stdout).to.include("the key's account in the escrow holds 0, less than watchtower.maxBond");
    const missing = await run(own("--job executor doctor"), { ATOMA_KEEPER_KEY_PRIVATE_KEY: `0x${"12".repeat(32)}` });
    expect(missing.status).to.equal(1);
    expect(missing.stdout)
      .to.match(/BAD {2}balance +0x/)
      .and.to.include("is the signer of no node");
  });

  it("names by `doctor` a folder that does not exist, and an RPC that answers only some requests", async () => {
    const nowhere = join(folder, "nowhere");
    const { stdout } = await run(own("doctor"), { ATOMA_KEEPER_STORE_PATH: join(nowhere, "keeper.sqlite") });
    expect(stdout).to.match(new RegExp(`BAD {2}store .*the folder ${nowhere} does not exist: make it`));
    const provider: Provider = scene.market.connection.provider;
    const request = provider.request.bind(provider);
    try {
      for (const limited of ["eth_getCode", "eth_call"]) {
        provider.request = (call) =>
          call.method === limited ? Promise.reject(new Error("limit exceeded")) : request(call);
        const found = (await run(own("doctor"))).stdout;
        expect(found).to.match(/ok {3}chain/);
        expect(found).to.match(
          new RegExp(`BAD {2}contracts +the escrow 0x\\w+ cannot be read: .*${limited}: limit exceeded`),
        );
        expect(found).to.not.include("unknown RPC error");
      }
    } finally {
      provider.request = request;
    }
  });

  it("has an example of settings that only lacks a key and files", () => {
    expect(settingsExample()).to.include("keystoreFile").and.to.include("deploymentFile");
  });
});
