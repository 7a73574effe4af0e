import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { NetworkConnection } from "hardhat/types/network";
import { localChainId } from "../../deploy/local/world.ts";
import config from "../../hardhat.config.ts";
import type { LocalChain } from "./chain.ts";
import { reorganise } from "./reorganise.ts";

/** Where anvil's binary is, or why there is none. */
export type AnvilFound = { readonly binary: string } | { readonly missing: string };

const version = "1.7.1";
const packages: Readonly<Record<string, string>> = {
  "linux-x64": "@foundry-rs/anvil-linux-amd64",
  "linux-arm64": "@foundry-rs/anvil-linux-arm64",
  "darwin-x64": "@foundry-rs/anvil-darwin-amd64",
  "darwin-arm64": "@foundry-rs/anvil-darwin-arm64",
};
const startMs = 20_000;
const host = "127.0.0.1";

/** Looks for the binary that npm installed with the other packages. Nothing is downloaded. */
export function findAnvil(platform = `${process.platform}-${process.arch}`): AnvilFound {
  const name = packages[platform];
  if (name === undefined) return { missing: `there is no anvil ${version} for ${platform} on npm` };
  try {
    return { binary: createRequire(import.meta.url).resolve(`${name}/bin/anvil`) };
  } catch {
    return {
      missing: `the optional package ${name} ${version} is not installed; npm ci installs it where the registry has it`,
    };
  }
}

/** The rules of Hardhat's network of this project: osaka, its cap on a transaction's gas, blocks of 60 million gas. */
const rules = ["--hardfork", "osaka", "--enable-tx-gas-limit", "--gas-limit", "60000000"];

/** Anvil cannot be started: a sentence that says what to do. */
export class NoAnvilError extends Error {
  override readonly name = "NoAnvilError";
}

/**
 * Starts anvil on a free port of 127.0.0.1. Each transaction makes a block until `tick` is called. It is killed by `close`, and
 * when this process ends, however it ends.
 *
 * @throws NoAnvilError
 */
export async function startAnvil(folder: string, found = findAnvil()): Promise<LocalChain> {
  if ("missing" in found)
    throw new NoAnvilError(`Anvil cannot be started: ${found.missing}. Run without --client=anvil.`);
  // whatever else runs in a browser on this machine has no business there: no CORS
  const place = ["--host", host, "--port", "0", "--no-cors", "--cache-path", join(folder, "anvil")];
  const options = [...place, "--chain-id", localChainId.toString(), "--accounts", "20"];
  const guard = fileURLToPath(new URL("guard.ts", import.meta.url));
  // detached: Ctrl-C ends the demo in order, and the chain last
  const child = spawn(process.execPath, [guard, found.binary, ...options, ...rules], { detached: true });
  try {
    const url = await urlOf(child);
    const connection = await connect(url, folder);
    const { provider } = connection;
    let isTicking = false;
    return {
      client: `anvil ${version}`,
      connection: patient(connection, () => !isTicking),
      url,
      tick: async () => {
        isTicking = true;
        await provider.request({ method: "evm_setAutomine", params: [false] });
        await provider.request({ method: "evm_setIntervalMining", params: [1] });
      },
      reorganise: (input) => reorganise(provider, input),
      close: () => connection.close().finally(() => stop(child)),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** The project's Hardhat on a chain elsewhere. The journal of what it deploys there goes into the folder. */
async function connect(url: string, folder: string): Promise<NetworkConnection<"l1">> {
  const networks = { anvil: { type: "http", chainType: "l1", chainId: Number(localChainId), url } } as const;
  const { network } = await createHardhatRuntimeEnvironment(
    { ...config, networks, paths: { ...config.paths, ignition: folder } },
    {},
    fileURLToPath(new URL("../..", import.meta.url)),
  );
  return network.create({ network: "anvil", chainType: "l1" });
}

/**
 * As long as each transaction makes a block, Hardhat's chain answers with a hash when the transaction is mined, and the scripts of
 * local networks count on that. Anvil answers a moment earlier: here it is waited for.
 */
function patient(connection: NetworkConnection<"l1">, isAutomined: () => boolean): NetworkConnection<"l1"> {
  const { provider } = connection;
  const request: typeof provider.request = async (call) => {
    const answer = await provider.request(call);
    if (call.method !== "eth_sendTransaction" || !isAutomined()) return answer;
    while ((await provider.request({ method: "eth_getTransactionReceipt", params: [answer] })) === null) await sleep(5);
    return answer;
  };
  const waiting: typeof provider = Object.create(provider, { request: { value: request } });
  return Object.create(connection, { provider: { value: waiting } }) as NetworkConnection<"l1">;
}

/** Ends it at once: it has nothing to save. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.destroy();
  await exited;
}

/** It says on standard output where it listens; what it says afterwards is read and forgotten. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const address = /Listening on (\S+)/.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      for (const stream of streams) stream?.off("data", listen).resume();
      resolve(`http://${address}`);
    };
    const failed = (why: string): void => {
      clearTimeout(timer);
      reject(new NoAnvilError(`Anvil did not start: ${why}. ${said.slice(-500)}`));
    };
    const timer = setTimeout(() => failed(`it said no address in ${startMs / 1_000} s`), startMs);
    const streams = [child.stdout, child.stderr];
    for (const stream of streams) stream?.on("data", listen);
    child.once("error", ({ message }) => failed(message)).once("exit", (code) => failed(`it ended with ${code}`));
  });
}
