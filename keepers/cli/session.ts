/** The network that a command works on: opened from options, the environment, or a keeper's settings. */
import type { Address } from "viem";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { ReadContext } from "../../sdk/client/context.ts";
import { type Deployment, type Instance, loadInstance } from "../chain/instance.ts";
import { loadSettings } from "../config.ts";
import { deploymentOf, readDeployment } from "../deployment.ts";
import { systemClock } from "../runtime/clock.ts";
import { type FailoverRpc, makeRpc } from "../runtime/rpc.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import type { Settings } from "../settings.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Io } from "./io.ts";
import { during } from "./progress.ts";
import { shortened } from "./text.ts";

/** Options of every command that talks to the network. */
export type ConnectionOptions = {
  readonly rpc?: readonly string[];
  readonly deployment?: string;
  readonly instance?: string;
  readonly config?: string;
  readonly json?: boolean;
};

export type Token = { readonly symbol: string; readonly decimals: number };

/** `payment` is what requests cost, `stake` is ATOMA, `gas` the chain's own. */
export type Tokens = { readonly payment: Token; readonly stake: Token; readonly gas: Token };

export type Session = {
  readonly rpc: FailoverRpc;
  readonly instance: Instance;
  readonly context: ReadContext;
  readonly tokens: Tokens;
  /** Of the keeper whose `--config` was given. */
  readonly settings?: Settings;
};

/** Where the network is, before anybody was asked. */
export type Place = Deployment & {
  readonly urls: readonly string[];
  readonly settings?: Settings;
};

const missing =
  "Say where the network is: --rpc URL and --deployment FILE (or ATOMA_RPC and ATOMA_DEPLOYMENT), or --config FILE, the settings of a keeper.";

const isHttp = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

const listOf = (text: string | undefined): readonly string[] | undefined => text?.split(",").map((url) => url.trim());

/** Reads options, the environment and files. Throws UsageError or ConfigError. */
export const placeOf = (io: Io, { rpc, deployment, config, ...named }: ConnectionOptions): Place => {
  const environment = io.environment();
  const instance = named.instance ?? environment.instance;
  const settings = config === undefined ? undefined : loadSettings(config, instance === undefined ? {} : { instance });
  const urls = rpc ?? settings?.chain.rpcUrls ?? listOf(environment.rpc);
  const file = deployment ?? (settings === undefined ? environment.deployment : undefined);
  const from = deployment === undefined ? "ATOMA_DEPLOYMENT" : "--deployment";
  const record = file === undefined ? undefined : readDeployment(file, { from, instance });
  const found = record ?? (settings === undefined ? undefined : deploymentOf(settings));
  if (urls === undefined || found === undefined) throw new UsageError(missing);
  for (const url of urls) if (!isHttp(url)) throw new UsageError("--rpc must be an http or https URL.");
  return { urls, ...found, ...(settings === undefined ? {} : { settings }) };
};

/** Opens the network. Throws, with what to do, where the RPC or the instance cannot be used. */
export const openSession = async (io: Io, options: ConnectionOptions): Promise<Session> => {
  const { urls, settings, ...deployment } = placeOf(io, options);
  const { chainId } = deployment;
  const rpc = makeRpc({ urls, chainId, clock: systemClock });
  const open = async (): Promise<Session> => {
    const instance = await loadInstance(rpc, deployment);
    const publicClient = makePublicClient(rpc, chainId);
    const { escrow, nodeRegistry, taskRegistry, beacon } = instance;
    const token = await publicClient.readContract({ address: escrow, abi: requestEscrowAbi, functionName: "token" });
    const context: ReadContext = {
      publicClient,
      deployment: { chainId: BigInt(chainId), escrow, nodeRegistry, taskRegistry, beacon, token },
    };
    const payment = await readToken(context, token);
    const tokens = { payment, stake: { symbol: "ATOMA", decimals: 18 }, gas: { symbol: "ETH", decimals: 18 } };
    return { rpc, instance, context, tokens, ...(settings === undefined ? {} : { settings }) };
  };
  return during(io, "The network is looked up", open());
};

const readToken = async ({ publicClient }: ReadContext, address: Address): Promise<Token> => {
  const token = { address, abi: erc20Abi } as const;
  const [symbol, decimals] = await Promise.all([
    publicClient.readContract({ ...token, functionName: "symbol" }),
    publicClient.readContract({ ...token, functionName: "decimals" }),
  ]);
  return { symbol: shortened(symbol, 16), decimals };
};
