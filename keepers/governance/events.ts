/** Events of one contract, in ranges that the RPC answers. */
import {
  type Abi,
  type Address,
  type ContractEventName,
  decodeEventLog,
  type DecodeEventLogReturnType,
  encodeEventTopics,
  type EncodeEventTopicsParameters,
  type Hex,
} from "viem";
import type { Io } from "../cli/io.ts";
import { scanLogs } from "../cli/logs.ts";
import type { Session } from "../cli/session.ts";
import type { ChainLog } from "../runtime/rpc-answers.ts";

type Query<abi extends Abi, name extends ContractEventName<abi>> = {
  readonly address: Address;
  readonly abi: abi;
  readonly eventName: name;
  readonly from: bigint;
  readonly what: string;
};

/** An event's arguments, and its log. */
export type Told<abi extends Abi, name extends ContractEventName<abi>> = {
  readonly args: DecodeEventLogReturnType<abi, name>["args"];
  readonly log: ChainLog;
};

/** All events of a name since a block, the oldest first. What does not decode is left out. */
export const readEvents = async <const abi extends Abi, name extends ContractEventName<abi>>(
  io: Io,
  session: Session,
  { address, abi, eventName, from, what }: Query<abi, name>,
): Promise<readonly Told<abi, name>[]> => {
  const [selector] = encodeEventTopics({ abi, eventName } as EncodeEventTopicsParameters);
  const told: Told<abi, name>[] = [];
  for await (const logs of scanLogs(io, session, { address, topics: [selector as Hex] }, { from, what }))
    for (const log of logs) told.push(...decode<abi, name>(abi, log));
  return told;
};

const decode = <const abi extends Abi, name extends ContractEventName<abi>>(
  abi: abi,
  log: ChainLog,
): Told<abi, name>[] => {
  try {
    const { args } = decodeEventLog({ abi, topics: log.topics as [Hex, ...Hex[]], data: log.data, strict: true });
    return [{ args: args as Told<abi, name>["args"], log }]; // the topic asked for is the event's
  } catch {
    return [];
  }
};
