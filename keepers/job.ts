/** What every job gets, and is. */
import { encodeFunctionData, type Hex } from "viem";
import { requestEscrowAbi } from "../sdk/abi/request-escrow.ts";
import type { ChainFollower } from "./chain/chain-view.ts";
import type { Instance } from "./chain/instance.ts";
import type { Clock } from "./runtime/clock.ts";
import { errorLine } from "./runtime/errors.ts";
import type { Check } from "./runtime/health.ts";
import type { Log } from "./runtime/log.ts";
import type { Pass } from "./runtime/loop.ts";
import type { FailoverRpc } from "./runtime/rpc.ts";
import type { Store } from "./runtime/store.ts";
import type { Transactions } from "./runtime/transactions.ts";
import type { TxChain } from "./runtime/tx-chain.ts";
import type { JobName } from "./settings.ts";

export type JobDeps = {
  readonly chain: ChainFollower;
  readonly instance: Instance;
  readonly store: Store;
  readonly rpc: FailoverRpc;
  readonly transactions: Transactions;
  readonly txChain: Pick<TxChain, "simulate">;
  readonly clock: Clock;
  readonly log: Log;
  /** The node that this keeper's key serves; undefined while there is none. */
  readonly nodeId: () => Promise<bigint | undefined>;
};

/** A job, ready to run. */
export type Job = {
  readonly name: JobName;
  /** One pass of a job that goes on. */
  readonly pass: Pass;
  /** One pass of a job that runs once: ends when nothing more is to be waited for. */
  readonly once: Pass;
  readonly intervalMs: number;
  readonly checks: readonly Check[];
  /** Address of the endpoint for other members, of the executor. */
  readonly url?: string;
  readonly close: () => Promise<void>;
};

/** Unix seconds as the chain and this machine see them, whichever is later: local chains may run ahead. */
export const nowSeconds = async ({
  chain,
  clock,
}: {
  readonly chain: Pick<ChainFollower, "head">;
  readonly clock: Pick<Clock, "now">;
}): Promise<bigint> => {
  const { timestampS } = await chain.head();
  const wallS = BigInt(Math.floor(clock.now() / 1_000));
  return wallS > timestampS ? wallS : timestampS;
};

/** Counts what a pass did, item by item; one bad item never stops the others. */
export type Tally = {
  /** Runs `fn`; what it throws is logged and counted as failed. Returns its value, or undefined if it threw. */
  readonly attempt: <T>(
    what: { job: string; subject: string; action: string },
    fn: () => Promise<T>,
  ) => Promise<T | undefined>;
  readonly done: (count?: number) => void;
  readonly report: () => { done: number; failed: number };
};

/** A fresh tally for one pass. */
export const makeTally = (log: Log): Tally => {
  const counts = { done: 0, failed: 0 };
  return {
    attempt: async (what, fn) => {
      try {
        return await fn();
      } catch (error) {
        counts.failed += 1;
        log.warn({ ...what, error: errorLine(error) }, "an item failed and will be tried again");
        return undefined;
      }
    },
    done: (count = 1) => void (counts.done += count),
    report: () => ({ ...counts }),
  };
};

type EscrowCall = Parameters<typeof encodeFunctionData<typeof requestEscrowAbi>>[0];

/** Calldata of one of the escrow's functions. */
export const escrowCall = (call: Omit<EscrowCall, "abi">): Hex =>
  encodeFunctionData({ abi: requestEscrowAbi, ...call } as EscrowCall);
