/**
 * Typed reads over `Rpc`: each checks every field of the answer that it uses and fails with RpcError "garbage" on
 * anything else, so that no NaN, undefined or wrong type travels further.
 */
import { type Address, type Hex, hexToBigInt, isAddress, isHex, numberToHex } from "viem";
import { RpcError } from "./errors.ts";
import type { Rpc } from "./rpc-endpoint.ts";

export type BlockTag = bigint | "latest" | "safe" | "finalized";
export type BlockHeader = {
  number: bigint;
  hash: Hex;
  parentHash: Hex;
  timestampS: bigint;
  baseFeePerGas: bigint | undefined;
};
export type TxReceipt = { hash: Hex; succeeded: boolean; block: bigint; blockHash: Hex };
export type ChainLog = {
  address: Address; // lower case
  topics: readonly Hex[];
  data: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  transactionHash: Hex;
  logIndex: number;
};
/** As in eth_getLogs: an inner list means "any of". */
export type LogFilter = {
  address: Address | readonly Address[];
  topics?: readonly (Hex | readonly Hex[] | null)[];
};
export type LogRange = { from: bigint; to: bigint } | { blockHash: Hex };

const garbage = (what: string): RpcError => new RpcError("garbage", `the RPC answered garbage: ${what}`);

const fields = (value: unknown, what: string): Record<string, unknown> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw garbage(`${what} is no object`);
  return value as Record<string, unknown>;
};

/** A quantity below 2^64 (2^256 where `bits` says so). */
const quantity = (value: unknown, what: string, bits = 64): bigint => {
  if (typeof value !== "string" || value.length > 66 || !/^0x[0-9a-f]+$/i.test(value))
    throw garbage(`${what} is no number`);
  const number = hexToBigInt(value as Hex);
  if (number >= 1n << BigInt(bits)) throw garbage(`${what} is out of range`);
  return number;
};

const hash = (value: unknown, what: string): Hex => {
  if (typeof value !== "string" || !/^0x[0-9a-f]{64}$/i.test(value)) throw garbage(`${what} is no hash`);
  return value.toLowerCase() as Hex;
};

const tagOf = (tag: BlockTag): string => (typeof tag === "bigint" ? numberToHex(tag) : tag);

/** The block's header, or undefined when the node does not have it. */
export const readBlock = async (rpc: Rpc, tag: BlockTag): Promise<BlockHeader | undefined> => {
  const answer = await rpc.request("eth_getBlockByNumber", [tagOf(tag), false]);
  if (answer === null) return undefined;
  const block = fields(answer, "block");
  const number = quantity(block.number, "block.number");
  if (typeof tag === "bigint" && number !== tag) throw garbage(`block ${number} where ${tag} was asked for`);
  return {
    number,
    hash: hash(block.hash, "block.hash"),
    parentHash: hash(block.parentHash, "block.parentHash"),
    timestampS: quantity(block.timestamp, "block.timestamp"),
    baseFeePerGas:
      block.baseFeePerGas === undefined ? undefined : quantity(block.baseFeePerGas, "block.baseFeePerGas", 128),
  };
};

/** The account's transaction count at a block; fails when the node does not have that block. */
export const readNonce = async (rpc: Rpc, address: Address, at: BlockTag): Promise<number> =>
  Number(quantity(await rpc.request("eth_getTransactionCount", [address, tagOf(at)]), "nonce", 53));

/** Balance in wei at the newest block. */
export const readBalance = async (rpc: Rpc, address: Address): Promise<bigint> =>
  quantity(await rpc.request("eth_getBalance", [address, "latest"]), "balance", 256);

/** The node's suggestion for the priority fee, wei per gas. */
export const readPriorityFee = async (rpc: Rpc): Promise<bigint> =>
  quantity(await rpc.request("eth_maxPriorityFeePerGas", []), "priority fee", 128);

/** The receipt, or undefined while the transaction is in no block that the node knows. */
export const readReceipt = async (rpc: Rpc, txHash: Hex): Promise<TxReceipt | undefined> => {
  const answer = await rpc.request("eth_getTransactionReceipt", [txHash]);
  if (answer === null) return undefined;
  const receipt = fields(answer, "receipt");
  if (receipt.blockNumber === null || receipt.blockHash === null) return undefined; // some nodes show pending ones
  if (hash(receipt.transactionHash, "receipt.transactionHash") !== txHash.toLowerCase())
    throw garbage("receipt of another transaction");
  return {
    hash: txHash,
    succeeded: quantity(receipt.status, "receipt.status") === 1n,
    block: quantity(receipt.blockNumber, "receipt.blockNumber"),
    blockHash: hash(receipt.blockHash, "receipt.blockHash"),
  };
};

const parseLog = (value: unknown): ChainLog => {
  const log = fields(value, "log");
  if (log.removed === true) throw garbage("a removed log");
  if (typeof log.address !== "string" || !isAddress(log.address, { strict: false })) throw garbage("log.address");
  if (!Array.isArray(log.topics) || log.topics.length > 4) throw garbage("log.topics");
  if (!isHex(log.data) || log.data.length % 2 !== 0) throw garbage("log.data");
  return {
    address: log.address.toLowerCase() as Address,
    topics: log.topics.map((topic) => hash(topic, "log.topic")),
    data: log.data,
    blockNumber: quantity(log.blockNumber, "log.blockNumber"),
    blockHash: hash(log.blockHash, "log.blockHash"),
    transactionHash: hash(log.transactionHash, "log.transactionHash"),
    logIndex: Number(quantity(log.logIndex, "log.logIndex", 53)),
  };
};

const byPosition = (a: ChainLog, b: ChainLog): number =>
  a.blockNumber === b.blockNumber ? a.logIndex - b.logIndex : a.blockNumber < b.blockNumber ? -1 : 1;

/** The matching logs in chain order, each within the range or block that was asked for. */
export const readLogs = async (rpc: Rpc, filter: LogFilter, range: LogRange): Promise<readonly ChainLog[]> => {
  const where =
    "blockHash" in range
      ? { blockHash: range.blockHash }
      : { fromBlock: numberToHex(range.from), toBlock: numberToHex(range.to) };
  const answer = await rpc.request("eth_getLogs", [{ ...filter, ...where }]);
  if (!Array.isArray(answer)) throw garbage("logs are no list");
  const logs = answer.map(parseLog).sort(byPosition);
  const wanted = new Set([filter.address].flat().map((address) => address.toLowerCase()));
  logs.forEach((log, i) => {
    const before = logs[i - 1];
    if (!wanted.has(log.address)) throw garbage("a log of another contract");
    if (before !== undefined && byPosition(before, log) === 0) throw garbage("the same log twice");
    if (
      "blockHash" in range
        ? log.blockHash !== range.blockHash
        : log.blockNumber < range.from || log.blockNumber > range.to
    )
      throw garbage("a log outside the range");
  });
  return logs;
};
