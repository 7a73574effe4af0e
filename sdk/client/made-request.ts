import { type Address, getAddress, type Hex, isAddressEqual, parseEventLogs, type TransactionReceipt } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { decodeRequest, type RequestFields, type RequestWords } from "../words/request.ts";

/** A request that a transaction made. Its words are needed to settle, finalize or expire it. */
export type MadeRequest = {
  /** Of the instance that it was made in. */
  readonly escrow: Address;
  readonly requestId: Hex;
  readonly words: RequestWords;
  readonly fields: RequestFields;
  readonly blockNumber: bigint;
  readonly transactionHash: Hex;
};

/** The requests that a transaction made, in order: one by an action of this client, any number by a contract. */
export function madeRequests({
  logs,
  blockNumber,
  transactionHash,
}: Pick<TransactionReceipt, "logs" | "blockNumber" | "transactionHash">): MadeRequest[] {
  return parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "Requested" }).map(({ address, args }) => {
    const { requestId, request: words } = args;
    return {
      escrow: getAddress(address),
      requestId,
      words,
      fields: decodeRequest(words),
      blockNumber,
      transactionHash,
    };
  });
}

/** The one request of a transaction. Throws InvalidValueError if it made none. */
export function madeRequest(receipt: TransactionReceipt): MadeRequest {
  const [made] = madeRequests(receipt);
  if (made === undefined) throw new InvalidValueError("transaction", `${receipt.transactionHash} made no request.`);
  return made;
}

/** Throws InvalidValueError for a request of another instance, about which this one's escrow knows nothing. */
export function checkInstance({ escrow }: Pick<MadeRequest, "escrow">, own: Address): void {
  if (isAddressEqual(escrow, own)) return;
  throw new InvalidValueError("request", `it was made in escrow ${escrow}: use that instance's client, not ${own}'s.`);
}
