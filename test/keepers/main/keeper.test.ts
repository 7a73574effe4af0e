import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { decodeAbiParameters, type Hex, keccak256, parseAbiParameters, stringToHex, toHex } from "viem";
import { ConfigError } from "../../../keepers/config.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { type Keeper, makeKeeper } from "../../../keepers/keeper.ts";
import { type Clock, systemClock } from "../../../keepers/runtime/clock.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { hireConsumer, moods } from "../../helpers/consumer.ts";
import { paramsFor, requestOf } from "../../helpers/market.ts";
import { manifestOf } from "../executors/model-fixtures.ts";
import { startScriptedServer } from "../executors/scripted-server.ts";
import { openScene, type Scene } from "../fixture.ts";

const sequence = "HHPPHPPHPPHP";
const foldOutput = parseAbiParameters("int256 energy, uint256 nodes, bool proved, bytes fold");
const wasm = readFileSync(new URL("../../../build/guests/fold.wasm", import.meta.url));
const nodeCount = 5;

const serve = async (body: Uint8Array): Promise<{ server: Server; url: string }> => {
  const server = createServer((_, response) => void response.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fold.wasm` };
};

describe("keepers in one process", function () {
  this.timeout(120_000);
  let scene: Scene;
  let artifact: Server;
  let folder: string;
  let clock: Clock;
  const keepers: Keeper[] = [];
  let block = { timeMs: 0, seenMs: 0 };
  /**
   * The chain's time is seldom the machine's: blocks that follow quickly run ahead of it, a late block falls behind. The
   * keepers' clock is the latest block's time and what has passed since, less than the second to the next block.
   */
  const readClock = async (): Promise<void> => {
    const timeMs = (await scene.market.networkHelpers.time.latest()) * 1_000;
    if (timeMs !== block.timeMs) block = { timeMs, seenMs: Date.now() };
  };
  let timer: NodeJS.Timeout | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "keepers-"));
    const { server, url } = await serve(wasm);
    artifact = server;
    const { runtimeDigest } = await makeWasmExecutor().capabilities();
    const artifactDigest = `0x${createHash("sha256").update(wasm).digest("hex")}` as const;
    const task = { artifactDigest, artifactUri: url, runtimeDigest, window: 40, unitSize: 10_000_000n };
    scene = await openScene({ nodes: nodeCount, task });
    const { market } = scene;
    clock = { ...systemClock, now: () => block.timeMs + Math.min(999, Date.now() - block.seenMs) };
    await market.connection.provider.request({ method: "evm_setIntervalMining", params: [1_000] });
    await readClock();
    timer = setInterval(() => void readClock().catch(() => undefined), 100);
    for (const [i, node] of market.nodes.entries()) {
      await market.deployer.sendTransaction({ to: node.signer.address, value: 10n ** 18n });
      const keeper = await start(`node-${i}`, ["executor", "settler"], keccak256(stringToHex(`atoma local node ${i}`)));
      const { networkUrl } = await keeper.start();
      await market.nodeRegistry.connect(market.owner).setEndpoint(node.nodeId, networkUrl ?? "");
    }
    const others = await start("others", ["beacon", "janitor"]);
    await others.start();
  });
  after(async () => {
    clearInterval(timer);
    await scene.market.connection.provider.request({ method: "evm_setIntervalMining", params: [0] });
    await Promise.all(keepers.map((keeper) => keeper.stop()));
    artifact.closeAllConnections();
    artifact.close();
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (name: string, jobs: SettingsInput["jobs"], privateKey?: Hex): Promise<Keeper> => {
    const settings = scene.settings({
      jobs,
      store: { path: join(folder, `${name}.sqlite`) },
      settler: { turnS: 2, graceMs: 1_000, pollPeersMs: 200, intervalMs: 200, retryMs: 500 },
      executor: { cacheDir: join(folder, name), allowPrivateInputUrls: true, requireIsolation: false, intervalMs: 100 },
      beacon: { source: "local", secretKey: "0x5eed", intervalMs: 100 },
      janitor: { tasks: "all", intervalMs: 300 },
      ...(privateKey === undefined ? {} : { key: { privateKey } }),
    });
    const keeper = await makeKeeper(settings, { clock });
    keepers.push(keeper);
    return keeper;
  };

  const stateOf = async (requestId: Hex, wanted: string, timeoutMs = 60_000) => {
    const { chain } = keepers.at(-1)?.parts ?? {};
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      const request = await chain?.request(requestId);
      if (request?.state === wanted || Date.now() > untilMs) return request;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const asks = async (changes: Parameters<typeof paramsFor>[1]) => {
    const { market } = scene;
    const params = paramsFor(market, { k: 3n, acceptNoPanel: true, ...changes });
    return requestOf(market, await market.escrow.connect(market.requester).request(params, stringToHex(sequence)));
  };

  it("execute a real computation, agree, settle and are paid", async () => {
    const request = await asks({});
    const settled = await stateOf(request.requestId, "settled");
    expect(settled?.state).to.equal("settled");
    const { market } = scene;
    const receipt = await market.world.chain.getTransaction({ hash: settled?.outcome?.transactionHash ?? "0x" });
    const { args } = market.escrow.interface.parseTransaction({ data: receipt.input }) ?? { args: [] };
    const output = args[0][0].output as Hex;
    const [energy] = decodeAbiParameters(foldOutput, output);
    expect(energy < 0n, toHex(energy < 0n ? 1 : 0)).to.equal(true);
    let earned = 0n;
    for (const { nodeId } of market.nodes) earned += ((await market.escrow.nodeWord(nodeId)) >> 16n) & (2n ** 80n - 1n);
    expect(earned >= 3n * 500n).to.equal(true);
  });

  it("finalise a request with a challenge window, and refund one that nobody can serve", async () => {
    const [windowed, unserved] = [
      await asks({ slot: 1n, k: 1n, challengeWindow: 3n }),
      await asks({ slot: 2n, maxAsk: 4n }), // all ask 5
    ];
    expect((await stateOf(unserved.requestId, "refunded"))?.state).to.equal("refunded");
    expect((await stateOf(windowed.requestId, "settled"))?.state).to.equal("settled");
  });

  it("deliver a callback again once the consumer is mended", async () => {
    const { market } = scene;
    const consumer = await hireConsumer(market);
    await consumer.setMood(moods.reverting);
    const params = paramsFor(market, { k: 3n, acceptNoPanel: true, callbackGas: 300_000n });
    const request = await requestOf(market, await consumer.ask(params, stringToHex(sequence)));
    expect((await stateOf(request.requestId, "settled"))?.outcome?.callbackFailed).to.equal(true);
    await consumer.setMood(moods.quiet);
    const untilMs = Date.now() + 40_000;
    const { chain } = keepers.at(-1)?.parts ?? {};
    const isFailed = async () => (await chain?.request(request.requestId))?.outcome?.callbackFailed === true;
    while ((await isFailed()) && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await isFailed()).to.equal(false);
  });

  it("serve metrics, and say that they are ready", async () => {
    const { opsUrl } = await (await start("extra", ["settler"])).start();
    for (let i = 0; i < 50 && (await fetch(`${opsUrl}/readyz`)).status !== 200; i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await fetch(`${opsUrl}/readyz`)).status).to.equal(200);
    expect(await (await fetch(`${opsUrl}/metrics`)).text()).to.include(
      'atoma_passes_total{job="settler",outcome="ok"}',
    );
  });

  it("serve models without a sandbox, and say whether their servers are fit", async () => {
    const server = await startScriptedServer();
    try {
      const manifest = join(folder, "model.json");
      writeFileSync(manifest, manifestOf());
      const settings = scene.settings({
        jobs: ["executor", "watchtower"],
        store: { path: join(folder, "model.sqlite") },
        executor: { cacheDir: join(folder, "model"), wasm: false }, // requireIsolation is true
        models: [{ manifest, servedAs: "test", backends: [{ url: server.url }] }],
      });
      const keeper = await makeKeeper(settings, { clock });
      keepers.push(keeper);
      const { opsUrl } = await keeper.start();
      const isFit = async (): Promise<boolean | undefined> => {
        const answer = (await (await fetch(`${opsUrl}/readyz`)).json()) as { checks: { name: string; ok: boolean }[] };
        return answer.checks.find(({ name }) => name === "model test model")?.ok;
      };
      expect(await isFit()).to.equal(true);
      expect(await (await fetch(`${opsUrl}/metrics`)).text()).to.include('model_servers_fit{model="test model"} 1');
      writeFileSync(manifest, "{}");
      const error = await makeKeeper(settings, { clock }).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(error).to.be.instanceOf(ConfigError);
    } finally {
      await server.close();
    }
  });
});
