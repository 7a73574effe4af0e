/** Words shared by the parts of the log cursor. */
import type { ChainLog, LogFilter } from "./rpc-answers.ts";
import type { Tx } from "./store.ts";

/**
 * What a job does with logs. Both functions run inside the transaction that moves the cursor, so effects and position
 * commit together. They MUST use only `tx` and MUST NOT use the network.
 */
export type CursorConsumer = {
  /** Logs of the blocks `from..to` in chain order, each exactly once on the present chain; may be empty. */
  apply(tx: Tx, logs: readonly ChainLog[], range: { from: bigint; to: bigint }): Promise<void>;
  /** Undo everything that came from blocks above `height`; they left the chain and will be read anew. */
  rollback(tx: Tx, height: bigint): Promise<void>;
};

export type CursorOptions = {
  /** Names the position in the store; one cursor per name. */
  name: string;
  filter: LogFilter;
  /** First block of interest, for example that of the deployment. */
  startBlock: bigint;
  /** `latest` follows the head and undoes reorganisations; `safe` and `finalized` wait for the chain's own assurance. */
  mode: "latest" | "safe" | "finalized";
  /** Blocks kept behind the head, 0 to follow it closely. */
  confirmations?: number;
  /**
   * Blocks at the tip that are read one by one, bound to their hashes; a reorganisation this deep is undone exactly to
   * the common ancestor. Deeper ones replay from an older checkpoint or from `startBlock`: slower, same result.
   */
  depth?: number;
  /**
   * False only for simulated chains whose blocks do not name their parents' hashes (what `hardhat_mine` makes in bulk).
   * Elsewhere it would let blocks of two branches mix.
   */
  requireLinks?: boolean;
  /** Blocks per request while catching up. Shrinks when the node refuses, grows back up to this. */
  maxRange?: number;
  /** Ranges read ahead while catching up; bounds memory together with `targetLogs`. */
  lookahead?: number;
  /** Logs per range that the range size aims at. */
  targetLogs?: number;
};

export type CursorReport = {
  /** Position after the pass: everything up to this block has been applied. `startBlock - 1` before anything was. */
  height: bigint;
  /** The newest block that the mode allows. */
  head: bigint;
  logs: number;
  /** Blocks undone, and the common ancestor. */
  rolledBack: { from: bigint; to: bigint } | undefined;
  isCaughtUp: boolean;
};

/** A stored (height, hash) of the chain that has been applied. */
export type Checkpoint = { height: bigint; hash: `0x${string}` };
