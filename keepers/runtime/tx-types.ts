/** Words shared by the parts of the transaction manager. */
import type { Address, Hex } from "viem";

/** What names a transaction for ever: at most one of each key takes effect. */
export type IntentKey = {
  /** The contract that the action is about. */
  contract: Address;
  /** What it is about, such as a request id. At most 200 characters. */
  subject: string;
  /** What is done to it, such as "settle". At most 200 characters. */
  action: string;
};

export type Intent = IntentKey & {
  /** The account called; `contract` when left out. */
  to?: Address;
  data: Hex;
  /** Wei sent along; 0 when left out. */
  value?: bigint;
  /** Gas limit; estimated with a margin when left out. */
  gas?: bigint;
  /** Added to the estimate and its margin: what strangers' code may use on chain beyond what it uses in a simulation. */
  reserveGas?: bigint;
  /** Unix seconds after which it must not be mined: unsent it is dropped, sent it is replaced by a self-send. */
  deadlineS?: number;
  /** When the simulation refuses it: simulate again after so many milliseconds. Left out: refused is final. */
  retryAfterMs?: number;
};

/** `final`: deeper than the configured confirmations, or never sent. Outcomes that are not final may still change. */
export type TxStatus =
  | { kind: "pending"; stage: "queued" | "sent"; generation: number; hashes: readonly Hex[] }
  | { kind: "mined"; hash: Hex; block: bigint; final: boolean; generation: number }
  | { kind: "reverted"; reason: string; hash: Hex; block: bigint; final: boolean; generation: number }
  | { kind: "cancelled"; reason: string; final: boolean; generation: number }
  | { kind: "refused"; reason: string; retryAtMs: number | undefined; generation: number };

export type OutboxState = "queued" | "refused" | "sending" | "mined" | "reverted" | "cancelled";

export type OutboxRow = {
  id: number;
  /** How often the same key has been started anew, from 1. */
  generation: number;
  /** Rises whenever `submit` changes the content before it was sent. */
  revision: number;
  subject: string;
  action: string;
  target: Address;
  data: Hex;
  value: bigint;
  gas: bigint | undefined;
  reserveGas: bigint | undefined;
  gasLimit: bigint | undefined;
  deadlineS: number | undefined;
  retryAfterMs: number | undefined;
  state: OutboxState;
  final: boolean;
  reason: string | undefined;
  retryAtMs: number | undefined;
  cancelReason: string | undefined;
  /** Since when the nonce is seen used by something else. */
  lostMs: number | undefined;
  nonce: number | undefined;
  txHash: Hex | undefined;
  block: bigint | undefined;
  blockHash: Hex | undefined;
};

/** Wei per gas. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };

export type AttemptKind = "send" | "cancel";
export type Attempt = Fees & {
  id: number;
  kind: AttemptKind;
  nonce: number;
  hash: Hex;
  raw: Hex;
  underpriced: boolean;
  createdMs: number;
  sentMs: number | undefined;
};

export type TxPolicy = {
  /** Blocks, the including one counted, until an outcome is final. */
  confirmations: number;
  /** Transactions sent and not yet mined at one time. */
  maxInFlight: number;
  /** The first transaction in line is replaced with higher fees when it has not been mined for so long. */
  replaceAfterMs: number;
  /** A sent transaction is sent again as it is after so long. */
  rebroadcastAfterMs: number;
  /** Never paid more per gas, wei; one step of it is kept for cancelling. */
  maxFeePerGasCap: bigint;
  /** Gas limit of any transaction (16,777,216 on chains with EIP-7825). */
  gasCap: bigint;
  /** Added to estimates, basis points. */
  gasMarginBps: bigint;
  /** Waited before trying again what could not be simulated because the node failed. */
  retryAfterMs: number;
  /** How long a nonce must be seen used by something else, below `confirmations`, before the action gets a new nonce. */
  displacedAfterMs: number;
  /** Time to live of the lease that makes this process the key's only writer. */
  leaseTtlMs: number;
};

/** Defaults for a chain with blocks every few seconds. The fee cap (500 gwei) SHOULD be set per chain. */
export const defaultTxPolicy: TxPolicy = {
  confirmations: 12,
  maxInFlight: 32,
  replaceAfterMs: 45_000,
  rebroadcastAfterMs: 30_000,
  maxFeePerGasCap: 500_000_000_000n,
  gasCap: 16_777_216n,
  gasMarginBps: 2_500n,
  retryAfterMs: 5_000,
  displacedAfterMs: 60_000,
  leaseTtlMs: 60_000,
};
