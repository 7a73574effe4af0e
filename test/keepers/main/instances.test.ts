import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256, stringToHex } from "viem";
import { localChainId } from "../../../deploy/local/world.ts";
import { ConfigError, instancesOf } from "../../../keepers/config.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { pathBeside } from "../../../keepers/instance-store.ts";
import { type Keeper, makeKeeper } from "../../../keepers/keeper.ts";
import { type Clock, systemClock } from "../../../keepers/runtime/clock.ts";
import type { Settings, SettingsInput } from "../../../keepers/settings.ts";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { type Market, openMarket, paramsFor, requestOf } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";

const wasm = readFileSync(new URL("../../../build/guests/fold.wasm", import.meta.url));
const input = stringToHex("HHPPHPPHPPHP");
const nodeCount = 3;

const serve = async (body: Uint8Array): Promise<{ server: Server; url: string }> => {
  const server = createServer((_, response) => void response.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fold.wasm` };
};

describe("keepers that serve two instances", function () {
  this.timeout(120_000);
  let scene: Scene;
  let markets: Record<"v1" | "v2", Market>;
  let artifact: Server;
  let folder: string;
  let clock: Clock;
  let timer: NodeJS.Timeout | undefined;
  const keepers: Keeper[] = [];
  const opsUrls: string[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "instances-"));
    const { server, url } = await serve(wasm);
    artifact = server;
    const { runtimeDigest } = await makeWasmExecutor().capabilities();
    const artifactDigest = `0x${createHash("sha256").update(wasm).digest("hex")}` as const;
    const task = { artifactDigest, artifactUri: url, runtimeDigest, window: 40, unitSize: 10_000_000n };
    scene = await openScene({ nodes: nodeCount, task });
    const v2 = await openMarket({ nodes: nodeCount, task, beside: scene.market.world });
    markets = { v1: scene.market, v2 };
    const { connection, networkHelpers, deployer, nodes } = scene.market;
    await connection.provider.request({ method: "evm_setIntervalMining", params: [1_000] });
    let block = { timeMs: 0, seenMs: 0 };
    const readClock = async (): Promise<void> => {
      const timeMs = (await networkHelpers.time.latest()) * 1_000;
      if (timeMs !== block.timeMs) block = { timeMs, seenMs: Date.now() };
    };
    await readClock();
    timer = setInterval(() => void readClock().catch(() => undefined), 100);
    clock = { ...systemClock, now: () => block.timeMs + Math.min(999, Date.now() - block.seenMs) };
    for (const [i, node] of nodes.entries()) {
      await deployer.sendTransaction({ to: node.signer.address, value: 10n ** 18n });
      const key = keccak256(stringToHex(`atoma local node ${i}`));
      const { networkUrl } = await start(settings(`node-${i}`, ["executor", "settler"], key));
      for (const { nodeRegistry, owner, nodes: own } of Object.values(markets))
        await nodeRegistry.connect(owner).setEndpoint(own[i]?.nodeId ?? 0n, networkUrl ?? "");
    }
    await start(settings("others", ["beacon", "janitor"], devKey(6)));
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

  const start = async (all: readonly Settings[]) => {
    const keeper = await makeKeeper(all, { clock });
    keepers.push(keeper);
    const started = await keeper.start();
    opsUrls.push(started.opsUrl);
    return started;
  };
  const settings = (name: string, jobs: SettingsInput["jobs"], privateKey: Hex, escrows = escrowsOf()) =>
    instancesOf({
      jobs,
      chain: {
        id: Number(localChainId),
        rpcUrls: [scene.bridge.url],
        ...{ maxHeadAgeS: 0, pollMs: 50, confirmations: 1 },
      },
      key: { privateKey },
      store: { path: join(folder, `${name}.sqlite`) },
      ops: { port: 0 },
      log: { level: "silent" },
      network: { port: 0, allowPrivatePeers: true },
      settler: { turnS: 2, graceMs: 1_000, pollPeersMs: 200, intervalMs: 200 },
      executor: { cacheDir: join(folder, name), allowPrivateInputUrls: true, requireIsolation: false, intervalMs: 100 },
      beacon: { source: "local", secretKey: "0x5eed", intervalMs: 100 },
      janitor: { tasks: "all", intervalMs: 300 },
      instances: Object.entries(escrows).map(([version, escrow]) => ({ name: version, escrow, startBlock: 0 })),
    });
  const escrowsOf = (): Record<string, Hex> => ({
    v1: markets.v1.instance.escrow,
    v2: markets.v2.instance.escrow,
  });

  const asks = async (market: Market, slot: bigint): Promise<LocalRequest> => {
    const params = paramsFor(market, { k: BigInt(nodeCount), acceptNoPanel: true, slot });
    return requestOf(market, await market.escrow.connect(market.requester).request(params, input));
  };
  /** All nodes agree, as the watching keeper sees it. */
  const settles = async (name: "v1" | "v2", slot: bigint): Promise<void> => {
    const { requestId } = await asks(markets[name], slot);
    const { chain } = keepers.at(nodeCount)?.partsOf(name) ?? {};
    const untilMs = Date.now() + 60_000;
    while ((await chain?.request(requestId))?.state !== "settled") {
      if (Date.now() > untilMs) throw new Error(`The request in ${name} did not settle.`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const readiness = async (index: number, path = ""): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${opsUrls[index]}/readyz${path}`);
    return { status: response.status, text: await response.text() };
  };
  const becomes = async (index: number, path: string, status: number): Promise<void> => {
    for (let i = 0; i < 100 && (await readiness(index, path)).status !== status; i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await readiness(index, path)).status, path).to.equal(status);
  };

  it("settle requests of both at the same time, with one key and one endpoint per node", async () => {
    await Promise.all([settles("v1", 0n), settles("v2", 0n), settles("v1", 1n), settles("v2", 1n)]);
    const counts = await Promise.all(opsUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
    for (const text of counts) {
      expect(text).to.include('atoma_tx_events_total{event="foreignNonces"} 0');
      for (const name of ["v1", "v2"])
        expect(text).to.match(new RegExp(`atoma_passes_total\\{.*outcome="ok",atoma_instance="${name}"\\} [1-9]`));
    }
    for (const { instance, escrow } of Object.values(markets)) {
      const [log] = await escrow.queryFilter(escrow.filters.Settled());
      expect(log?.address).to.equal(instance.escrow);
    }
  });

  it("keep what a node signed in one file per instance, by its escrow", () => {
    const path = join(folder, "node-0.sqlite");
    const [first, second] = [markets.v1.instance.escrow, markets.v2.instance.escrow];
    expect([existsSync(pathBeside(path, first)), existsSync(pathBeside(path, second))]).to.deep.equal([false, true]);
  });

  it("say for each instance whether it is served", async () => {
    for (const path of ["/v1", "/v2", ""]) await becomes(0, path, 200);
    expect((await readiness(0, "/v3")).status).to.equal(404);
    expect((await readiness(0)).text)
      .to.include('"v1 view"')
      .and.to.include('"v2 settler"');
  });

  it("serve one while the other cannot be opened, and say why", async () => {
    const escrows = { ...escrowsOf(), v1: markets.v1.instance.beacon };
    await start(settings("half", ["settler"], devKey(7), escrows));
    await becomes(opsUrls.length - 1, "/v2", 200);
    const broken = await readiness(opsUrls.length - 1, "/v1");
    expect([broken.status, broken.text.includes("does not answer as an escrow")]).to.deep.equal([503, true]);
    expect((await readiness(opsUrls.length - 1)).status).to.equal(503);
  });

  it("serve one while the other's store fails under them", async () => {
    await keepers[0]?.partsOf("v2")?.store.close();
    await settles("v1", 2n); // takes all three
    await becomes(0, "/v2", 503);
    await becomes(0, "/v1", 200);
  });

  it("are refused where two names mean one instance, or none can be opened", async () => {
    const refusalOf = (escrows: Record<string, Hex>): Promise<unknown> =>
      makeKeeper(settings("refused", ["settler"], devKey(7), escrows), { clock }).then(
        () => undefined,
        (error: unknown) => error,
      );
    const { escrow, beacon, nodeRegistry } = markets.v1.instance;
    expect(await refusalOf({ v1: escrow, v2: escrow })).to.be.instanceOf(ConfigError);
    expect(String(await refusalOf({ v1: beacon, v2: nodeRegistry }))).to.include("does not answer as an escrow");
  });
});
