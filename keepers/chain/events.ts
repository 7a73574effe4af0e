/** Decodes the protocol's logs. Whatever is not a well-formed event of the instance is undefined, never an error. */
import {
  type Abi,
  type AbiEvent,
  decodeEventLog,
  type DecodeEventLogReturnType,
  type Hex,
  toEventSelector,
} from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import type { ChainLog, LogFilter } from "../runtime/rpc-answers.ts";
import type { Instance } from "./instance.ts";

const escrowEvents = [
  "Requested",
  "Settled",
  "ResultRecorded",
  "Refunded",
  "CallbackFailed",
  "CallbackDelivered",
  "VerdictRecorded",
  "RoundRecorded",
  "CommittedOnChain",
  "AttestationShown",
  "RevealedOnChain",
  "NoShowsProven",
  "NoShowSlashed",
  "SignerSet",
  "TaskWordSet",
] as const;
const nodeEvents = ["NodeRegistered", "EndpointChanged", "OwnershipAccepted"] as const;
const taskEvents = [
  "TaskRegistered",
  "ArtifactUriChanged",
  "TaskDeprecated",
  "Subscribed",
  "AskUpdated",
  "Unsubscribed",
  "SnapshotPublished",
] as const;
const disputeEvents = [
  "DisputeOpened",
  "DisputeConcluded",
  "LoserPunished",
  "SilentJurorPunished",
  "EquivocationProven",
  "SpoilsShared",
  "DisputeParametersSet",
] as const;

/** An event that the view follows. */
export type ChainEvent =
  | DecodeEventLogReturnType<typeof requestEscrowAbi, (typeof escrowEvents)[number]>
  | DecodeEventLogReturnType<typeof nodeRegistryAbi, (typeof nodeEvents)[number]>
  | DecodeEventLogReturnType<typeof taskRegistryAbi, (typeof taskEvents)[number]>
  | DecodeEventLogReturnType<typeof disputesAbi, (typeof disputeEvents)[number]>;

type Table = ReadonlyMap<Hex, readonly [AbiEvent]>;

const tableOf = (abi: Abi, names: readonly string[]): Table =>
  new Map(
    abi.flatMap((item) =>
      item.type === "event" && names.includes(item.name) ? [[toEventSelector(item), [item]] as const] : [],
    ),
  );

const escrowTable = tableOf(requestEscrowAbi, escrowEvents);
const nodeTable = tableOf(nodeRegistryAbi, nodeEvents);
const taskTable = tableOf(taskRegistryAbi, taskEvents);
const disputeTable = tableOf(disputesAbi, disputeEvents);

type Contracts = Pick<Instance, "escrow" | "nodeRegistry" | "taskRegistry" | "disputes">;

/** What the log cursor asks the node for: the instance's contracts and the events that the view follows. */
export const logFilterOf = ({ escrow, nodeRegistry, taskRegistry, disputes }: Contracts): LogFilter => ({
  address: [escrow, nodeRegistry, taskRegistry, disputes],
  topics: [[escrowTable, nodeTable, taskTable, disputeTable].flatMap((table) => [...table.keys()])],
});

/** A decoder of the instance's logs: undefined for a log of another contract, another event, or malformed content. */
export const makeDecoder = ({
  escrow,
  nodeRegistry,
  taskRegistry,
  disputes,
}: Contracts): ((log: ChainLog) => ChainEvent | undefined) => {
  const tables = new Map<string, Table>([
    [escrow.toLowerCase(), escrowTable],
    [nodeRegistry.toLowerCase(), nodeTable],
    [taskRegistry.toLowerCase(), taskTable],
    [disputes.toLowerCase(), disputeTable],
  ]);
  return ({ address, topics, data }) => {
    const [selector] = topics;
    const abi = selector === undefined ? undefined : tables.get(address)?.get(selector);
    if (abi === undefined) return undefined;
    try {
      return decodeEventLog({ abi, topics: topics as [Hex, ...Hex[]], data, strict: true }) as ChainEvent;
    } catch {
      return undefined;
    }
  };
};
