import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Hex, parseEventLogs, TransactionReceiptNotFoundError } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { storeOf } from "./keeper.ts";
import { waitFor, type WaitInput } from "./progress.ts";
import type { CastNode } from "./stage.ts";

export type StoresInput = Pick<WaitInput<never>, "progress" | "signal"> & {
  readonly world: World;
  readonly nodes: readonly CastNode[];
  /** Of all keepers. */
  readonly folder: string;
};

/** What a keeper's store says, as of one height. Lines of facts, so that two sides can be compared. */
type Held = {
  readonly height: bigint;
  readonly checkpoints: ReadonlyMap<bigint, Hex>;
  readonly facts: ReadonlySet<string>;
  /** Transactions that it takes for mined, by hash. */
  readonly mined: ReadonlyMap<Hex, bigint>;
};

const catchUpMs = 20_000;

/**
 * Compares every keeper's store with the chain: the blocks that its cursor remembers, its requests and how far they are, its
 * rounds, and the transactions that it takes for mined. A sentence for each difference.
 *
 * @throws WaitedTooLongError if a keeper does not catch up
 */
export async function storeFaults({ world, nodes, folder, ...waiting }: StoresInput): Promise<string[]> {
  const head = await world.chain.getBlockNumber();
  const faults: string[] = [];
  for (const { nodeId } of nodes) {
    const path = storeOf(join(folder, `node-${nodeId}`));
    if (!existsSync(path)) continue; // nobody runs the silent node
    const look = (): Promise<Held | undefined> => {
      const held = readStore(path);
      return Promise.resolve(held.height >= head ? held : undefined);
    };
    const held = await waitFor({
      ...waiting,
      what: `keeper ${nodeId} to reach block ${head}`,
      timeoutMs: catchUpMs,
      look,
    });
    faults.push(...(await differences(world, held)).map((one) => `keeper ${nodeId}: ${one}`));
  }
  return faults;
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Lines of what a store knows of requests and rounds, in the words of the chain's events. */
function factsIn(all: (sql: string) => Rows): ReadonlySet<string> {
  const requests = columns.flatMap(([column, name]) =>
    all(`SELECT request_id, ${column} AS at FROM chain_requests WHERE ${column} IS NOT NULL`).map(
      ({ request_id: id, at }) => `${name} ${String(id)} in ${String(at)}`,
    ),
  );
  const rounds = all("SELECT round, height FROM chain_rounds");
  return new Set([
    ...requests,
    ...rounds.map(({ round, height }) => `RoundRecorded ${String(round)} in ${String(height)}`),
  ]);
}

function readStore(path: string): Held {
  const store = new DatabaseSync(path, { readOnly: true });
  const all = (sql: string): Rows => {
    const statement = store.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  };
  try {
    store.exec("BEGIN"); // all of it as of one moment
    const [cursor] = all("SELECT height FROM cursors");
    const blocks = all("SELECT height, hash FROM cursor_blocks");
    const mined = all("SELECT tx_hash, block_number FROM outbox WHERE state = 'mined'");
    return {
      height: (cursor?.["height"] as bigint | undefined) ?? -1n,
      checkpoints: new Map(blocks.map(({ height, hash }) => [height as bigint, hash as Hex])),
      facts: factsIn(all),
      mined: new Map(mined.map(({ tx_hash: hash, block_number: block }) => [hash as Hex, block as bigint])),
    };
  } finally {
    store.close();
  }
}

/** Where the store keeps the height of an event. */
const columns = [
  ["height", "Requested"],
  ["recorded_height", "ResultRecorded"],
  ["settled_height", "Settled"],
  ["refunded_height", "Refunded"],
  ["failed_height", "CallbackFailed"],
  ["delivered_height", "CallbackDelivered"],
] as const;

async function differences(world: World, { height, checkpoints, facts, mined }: Held): Promise<string[]> {
  const faults: string[] = [];
  for (const [at, hash] of checkpoints) {
    const block = await world.chain.getBlock({ blockNumber: at });
    if (block.hash !== hash) faults.push(`block ${at} is ${hash} to it, and ${block.hash} on chain`);
  }
  const onChain = await factsUntil(world, height);
  for (const fact of facts) if (!onChain.has(fact)) faults.push(`it knows "${fact}", the chain does not`);
  for (const fact of onChain) if (!facts.has(fact)) faults.push(`it does not know "${fact}"`);
  for (const [hash, block] of mined) {
    const receipt = await world.chain.getTransactionReceipt({ hash }).catch(nothingThere);
    const isThere = receipt?.status === "success" && receipt.blockNumber === block;
    if (!isThere)
      faults.push(`it takes ${hash} for mined in block ${block}; on chain it is ${receipt?.status ?? "in no block"}`);
  }
  return faults;
}

function nothingThere(error: unknown): undefined {
  if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
}

/** The same facts as the chain's events tell them. */
async function factsUntil({ chain, instance }: World, toBlock: bigint): Promise<ReadonlySet<string>> {
  const logs = await chain.getLogs({ address: instance.escrow, fromBlock: 0n, toBlock });
  const names = new Set<string>(columns.map(([, name]) => name));
  return new Set(
    parseEventLogs({ abi: requestEscrowAbi, logs }).flatMap(({ eventName, args, blockNumber }) => {
      if (eventName === "RoundRecorded") return [`${eventName} ${args.round} in ${blockNumber}`];
      return names.has(eventName) && "requestId" in args ? [`${eventName} ${args.requestId} in ${blockNumber}`] : [];
    }),
  );
}
