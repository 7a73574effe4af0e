/** A market whose nodes all run keepers in this process, over HTTP, with the real executor; signed requests are taken in. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAddress, type Hex, keccak256, stringToHex } from "viem";
import { localChainId, walletOf } from "../../../deploy/local/world.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { type Keeper, makeKeeper } from "../../../keepers/keeper.ts";
import { type Clock, systemClock } from "../../../keepers/runtime/clock.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import type { Context } from "../../../sdk/client/context.ts";
import { openScene } from "../fixture.ts";

const wasm = readFileSync(new URL("../../../build/guests/fold.wasm", import.meta.url));

export type Fleet = Awaited<ReturnType<typeof openFleet>>;

/** Opens a market with blocks every second and one node for each of the asks, and starts a keeper for each. */
export async function openFleet({
  asks,
  lambdas = {},
}: {
  asks: readonly number[];
  lambdas?: SettingsInput["lambdas"];
}) {
  const folder = mkdtempSync(join(tmpdir(), "lambdas-"));
  const artifact = createServer((_, response) => void response.end(wasm));
  await new Promise<void>((resolve) => artifact.listen(0, "127.0.0.1", resolve));
  const artifactUri = `http://127.0.0.1:${(artifact.address() as AddressInfo).port}/fold.wasm`;
  const { runtimeDigest } = await makeWasmExecutor().capabilities();
  const artifactDigest = `0x${createHash("sha256").update(wasm).digest("hex")}` as const;
  const task = {
    ...{ artifactDigest, artifactUri, runtimeDigest, window: 40, unitSize: 10_000_000n },
    maxOutput: 200, // a fold of up to 32 residues fits
  };
  const scene = await openScene({
    ...{ nodes: asks.length, asks, task },
    // transactions that follow each other quickly move the chain's time on by a second each
    adjust: (all) => ({ ...all, parameters: { ...all.parameters, beaconDelay: 5 } }),
  });
  const { market } = scene;
  let block = { timeMs: 0, seenMs: 0 };
  const readClock = async (): Promise<void> => {
    const timeMs = (await market.networkHelpers.time.latest()) * 1_000;
    if (timeMs !== block.timeMs) block = { timeMs, seenMs: Date.now() };
  };
  /** The chain's time, which is seldom the machine's: the newest block's, and less than the second to the next. */
  const clock: Clock = { ...systemClock, now: () => block.timeMs + Math.min(999, Date.now() - block.seenMs) };
  await market.connection.provider.request({ method: "evm_setIntervalMining", params: [1_000] });
  await readClock();
  const timer = setInterval(() => void readClock().catch(() => undefined), 50);
  const keepers = new Map<number, { keeper: Keeper; url: string }>();

  const start = async (index: number): Promise<void> => {
    const node = market.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    const settings = scene.settings({
      jobs: ["executor", "settler", "beacon"], // who is asked posts the round
      store: { path: join(folder, `${index}.sqlite`) },
      settler: { turnS: 2, graceMs: 1_000, pollPeersMs: 200, intervalMs: 200 },
      executor: {
        cacheDir: join(folder, `${index}`),
        allowPrivateInputUrls: true,
        requireIsolation: false,
        intervalMs: 100,
      },
      beacon: { source: "local", secretKey: "0x5eed", intervalMs: 100 },
      key: { privateKey: keccak256(stringToHex(`atoma local node ${index}`)) },
      lambdas: { enabled: true, ...lambdas },
    });
    const keeper = await makeKeeper(settings, { clock });
    const { networkUrl = "" } = await keeper.start();
    keepers.set(index, { keeper, url: networkUrl });
    await market.nodeRegistry.connect(market.owner).setEndpoint(node.nodeId, networkUrl);
    await until("it has read the chain", () => keeper.parts.chain.task(market.taskId));
  };
  const stop = async (index: number): Promise<void> => {
    const running = keepers.get(index);
    keepers.delete(index);
    await running?.keeper.stop();
  };
  for (const [index, { signer }] of market.nodes.entries()) {
    await market.deployer.sendTransaction({ to: signer.address, value: 10n ** 18n });
    await start(index);
  }

  const { instance, world } = market;
  const { paymentToken: token, atoma } = world;
  const context: Context = {
    publicClient: world.chain,
    walletClient: walletOf(market.connection, getAddress(market.requester.address)),
    deployment: { ...instance, chainId: localChainId, token, atoma, deployedAtBlock: 0n },
  };
  const of = (index: number): { keeper: Keeper; url: string } => {
    const running = keepers.get(index);
    if (running === undefined) throw new Error(`keeper ${index} does not run`);
    return running;
  };
  return {
    scene,
    market,
    context,
    clock,
    start,
    stop,
    url: (index: number): string => of(index).url,
    keeper: (index: number): Keeper => of(index).keeper,
    indexOf: (nodeId: bigint): number => market.nodes.findIndex((node) => node.nodeId === nodeId),
    close: async (): Promise<void> => {
      clearInterval(timer);
      await market.connection.provider.request({ method: "evm_setIntervalMining", params: [0] });
      await Promise.all([...keepers.keys()].map(stop));
      artifact.closeAllConnections();
      artifact.close();
      await scene.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Looks until there is something; throws after `timeoutMs`. */
export const until = async <T>(what: string, look: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> => {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

export type Answered = { status: number; fields: Record<string, unknown> };

/** A question to a node's endpoint. */
export const askNode = async (url: string, body?: object): Promise<Answered> => {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, init);
  return { status: response.status, fields: (await response.json()) as Record<string, unknown> };
};

export const inputOf = (sequence: string): Hex => stringToHex(sequence);
