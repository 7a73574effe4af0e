import { decodeFunctionData, type Hex, parseEventLogs, type TransactionReceipt } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { decodeHead, type HeadFields } from "../../sdk/words/head.ts";
import { type Justice, readJustice } from "./justice.ts";

/** How a request ended, as the chain tells it. */
export type Ending = {
  readonly kind: "settled" | "refunded";
  readonly receipt: TransactionReceipt;
  /** Digest and bitmaps of a settled request. */
  readonly digest?: Hex;
  readonly head?: HeadFields;
  /** Error that a refund names. */
  readonly reason?: Hex;
};

/** What the chain says of all requests since a block. */
export type Story = {
  readonly endings: ReadonlyMap<Hex, Ending>;
  /** Recorded and not paid yet. */
  readonly recorded: ReadonlyMap<Hex, TransactionReceipt>;
  readonly callbacksFailed: ReadonlySet<Hex>;
  readonly callbacksRetried: ReadonlySet<Hex>;
  readonly justice: Justice;
};

/** Reads all events since a block. */
export async function readStory(world: World, fromBlock: bigint): Promise<Story> {
  const { chain, instance } = world;
  const logs = await chain.getLogs({ address: instance.escrow, fromBlock });
  const events = parseEventLogs({ abi: requestEscrowAbi, logs });
  const receipts = new Map<Hex, TransactionReceipt>();
  for (const hash of new Set(events.map((event) => event.transactionHash)))
    receipts.set(hash, await chain.getTransactionReceipt({ hash }));
  const receiptOf = (hash: Hex): TransactionReceipt => {
    const receipt = receipts.get(hash);
    if (receipt === undefined) throw new Error(`The receipt of ${hash} was not read.`);
    return receipt;
  };
  const [endings, recorded] = [new Map<Hex, Ending>(), new Map<Hex, TransactionReceipt>()];
  const [failed, retried] = [new Set<Hex>(), new Set<Hex>()];
  for (const event of events) {
    const receipt = (): TransactionReceipt => receiptOf(event.transactionHash);
    if (event.eventName === "Settled") {
      const { requestId, digest, head } = event.args;
      endings.set(requestId, { kind: "settled", receipt: receipt(), digest, head: decodeHead(head) });
    }
    if (event.eventName === "Refunded")
      endings.set(event.args.requestId, { kind: "refunded", receipt: receipt(), reason: event.args.reason });
    if (event.eventName === "ResultRecorded") recorded.set(event.args.requestId, receipt());
    if (event.eventName === "CallbackFailed") failed.add(event.args.requestId);
    if (event.eventName === "CallbackDelivered") retried.add(event.args.requestId);
  }
  const justice = await readJustice(world, fromBlock);
  return { endings, recorded, callbacksFailed: failed, callbacksRetried: retried, justice };
}

/** The output that a settling or finalising transaction showed for a request, read from its calldata. */
export async function outputOf({ chain, instance }: World, ending: Ending, requestId: Hex): Promise<Hex> {
  const { input } = await chain.getTransaction({ hash: ending.receipt.transactionHash });
  const { functionName, args } = decodeFunctionData({ abi: requestEscrowAbi, data: input });
  const shown = functionName === "settle" ? args[0] : functionName === "finalize" ? [args[0]] : [];
  for (const { request, output } of shown) {
    const call = { address: instance.escrow, abi: requestEscrowAbi, functionName: "requestIdOf" } as const;
    if ((await chain.readContract({ ...call, args: [request] })) === requestId) return output;
  }
  throw new Error(`${functionName} in ${ending.receipt.transactionHash} shows no output of ${requestId}.`);
}
