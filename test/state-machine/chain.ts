/** The in-process chain as keepers see it: reads, transactions that are mined at once, and time. */
import { type Address, type Hex, numberToHex } from "viem";
import { RpcError } from "../../keepers/runtime/errors.ts";
import type { FailoverRpc } from "../../keepers/runtime/rpc.ts";
import type { Provider } from "../keepers/bridge.ts";
import type { Activity } from "./activity.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export type Sent = { readonly hash: Hex; readonly block: bigint } | { readonly refused: string };

export type Chain = {
  readonly rpc: FailoverRpc;
  readonly clock: VirtualClock;
  /** Moves the clock and the chain's time to this moment. */
  goTo(ms: number): Promise<void>;
  /** Sends a call from an unlocked or impersonated account, unless the contract would refuse it. */
  send(from: Address, to: Address, data: Hex): Promise<Sent>;
};

const gas = numberToHex(16_000_000);

const asRpcError = (error: unknown): RpcError => {
  const { code, message = String(error), data } = (error ?? {}) as Record<string, unknown>;
  const inner = typeof data === "object" && data !== null && "data" in data ? data.data : data;
  return new RpcError("answer", String(message), {
    code: typeof code === "number" ? code : -32_000,
    ...(typeof inner === "string" ? { data: inner as Hex } : {}),
  });
};

const makeLocalRpc = (provider: Provider, activity: Activity): FailoverRpc => {
  const request: FailoverRpc["request"] = async (method, params) => {
    try {
      return await activity.watch(provider.request({ method, params: [...params] }));
    } catch (error) {
      throw asRpcError(error);
    }
  };
  return { endpoints: [], request, pin: () => ({ request }) };
};

const secondsOf = (ms: number): number => Math.floor(ms / 1_000);

/** The chain behind a Hardhat provider. Each block is at the clock's second, or the second after the block before. */
export const makeChain = (provider: Provider, clock: VirtualClock, activity: Activity): Chain => {
  const rpc = makeLocalRpc(provider, activity);
  const latestS = async (): Promise<number> => {
    const { timestamp } = (await rpc.request("eth_getBlockByNumber", ["latest", false])) as { timestamp: Hex };
    return Number(timestamp);
  };
  const prepareBlock = async (): Promise<void> => {
    const timestampS = Math.max((await latestS()) + 1, secondsOf(clock.now()));
    await rpc.request("evm_setNextBlockTimestamp", [timestampS]);
    clock.set(timestampS * 1_000);
  };
  const goTo: Chain["goTo"] = async (ms) => {
    clock.set(ms);
    if ((await latestS()) >= secondsOf(clock.now())) return;
    await prepareBlock();
    await rpc.request("evm_mine", []);
  };
  const send: Chain["send"] = async (from, to, data) => {
    await prepareBlock();
    const call = { from, to, data, gas };
    try {
      await rpc.request("eth_call", [call, "pending"]);
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) };
    }
    const hash = (await rpc.request("eth_sendTransaction", [call])) as Hex;
    return { hash, block: BigInt((await rpc.request("eth_blockNumber", [])) as Hex) };
  };
  return { rpc, clock, goTo, send };
};
