/** What the transaction manager reads from the chain. */
import { type Abi, type Address, type Hex, numberToHex, hexToBigInt, isHex, size } from "viem";
import { RpcError } from "./errors.ts";
import { searchGas } from "./gas-search.ts";
import { describeRevert, isRevert } from "./reverts.ts";
import type { FailoverRpc } from "./rpc.ts";
import { readBlock, readNonce, readPriorityFee, readReceipt, type TxReceipt } from "./rpc-answers.ts";
import type { Rpc } from "./rpc-endpoint.ts";
import type { ChainView } from "./tx-plan.ts";
import { defaultTxPolicy } from "./tx-types.ts";

export type Call = { from: Address; to: Address; data: Hex; value: bigint; gas: bigint | undefined };
/** `gas`: what the call needs, or the limit that was given. A refusal is the contract's; failures of the node reject. */
export type Simulation = { ok: true; gas: bigint } | { ok: false; reason: string };

export type TxChain = {
  /** One consistent view of head, nonces and fees, from one endpoint. */
  view(address: Address, confirmations: number): Promise<ChainView>;
  receipt(hash: Hex): Promise<TxReceipt | undefined>;
  /** Runs the call without sending it, on the newest block or on the state after block `at`. */
  simulate(call: Call, at?: bigint): Promise<Simulation>;
};

export type TxChainDeps = {
  rpc: FailoverRpc;
  /** Their custom errors become sentences. */
  abis?: readonly Abi[];
  /** Used where the node offers no suggestion, wei per gas. */
  defaultPriorityFeePerGas?: bigint;
  /** The most that a transaction may be given; looked for up to there where the node's own estimate fails. */
  gasCap?: bigint;
};

const readMarket = async (rpc: Rpc, baseFee: bigint | undefined, fallback: bigint): Promise<ChainView["market"]> => {
  const priorityFeePerGas = await readPriorityFee(rpc).catch((error: unknown) => {
    if (error instanceof RpcError && error.kind === "answer") return fallback;
    throw error;
  });
  return { baseFeePerGas: baseFee ?? 0n, priorityFeePerGas };
};

const reasonOf = (error: RpcError, abis: readonly Abi[]): string =>
  error.data === undefined ? error.message.slice(0, 400) : describeRevert(error.data, abis);

const paramsOf = ({ from, to, data, value, gas }: Call): object => ({
  from,
  to,
  data,
  value: numberToHex(value),
  ...(gas === undefined ? {} : { gas: numberToHex(gas) }),
});

/** The adapter over the runtime's RPC. */
export const makeTxChain = ({
  rpc,
  abis = [],
  defaultPriorityFeePerGas = 1_000_000_000n,
  gasCap = defaultTxPolicy.gasCap,
}: TxChainDeps): TxChain => {
  const call = async (params: Call, at: bigint | undefined): Promise<Simulation> => {
    try {
      await rpc.request("eth_call", [paramsOf(params), at === undefined ? "latest" : numberToHex(at)]);
      return { ok: true, gas: params.gas ?? 0n };
    } catch (error) {
      if (isRevert(error)) return { ok: false, reason: reasonOf(error, abis) };
      throw error;
    }
  };
  const estimate = async (params: Call): Promise<Simulation> => {
    try {
      const answer = await rpc.request("eth_estimateGas", [paramsOf(params)]);
      if (!isHex(answer) || answer.length > 18) throw new RpcError("garbage", "the gas estimate is no number");
      return { ok: true, gas: hexToBigInt(answer) };
    } catch (error) {
      if (!isRevert(error)) throw error;
      if (error.data !== undefined && size(error.data) > 0) return { ok: false, reason: reasonOf(error, abis) };
      const again = await call(params, undefined); // some nodes give revert data for calls only
      if (!again.ok) return again;
      // Hardhat refuses to estimate a call in which an inner one runs out of gas, though the whole succeeds
      const gas = await searchGas(async (most) => (await call({ ...params, gas: most }, undefined)).ok, gasCap);
      return gas === undefined ? { ok: false, reason: reasonOf(error, abis) } : { ok: true, gas };
    }
  };
  return {
    view: async (address, confirmations) => {
      const one = rpc.pin();
      const head = await readBlock(one, "latest");
      if (head === undefined) throw new RpcError("garbage", "the node has no newest block");
      const settled = head.number - BigInt(confirmations - 1);
      const [nonce, settledNonce, market] = await Promise.all([
        readNonce(one, address, head.number),
        settled < 0n ? 0 : readNonce(one, address, settled),
        readMarket(one, head.baseFeePerGas, defaultPriorityFeePerGas),
      ]);
      return { head: head.number, nonce, settledNonce, market };
    },
    receipt: (hash) => readReceipt(rpc, hash),
    simulate: (params, at) => (params.gas === undefined && at === undefined ? estimate(params) : call(params, at)),
  };
};
