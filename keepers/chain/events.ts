/** Decodes the protocol's logs. Whatever is not a well-formed event of the instance is undefined, never an error. */
import {
  type Abi,
  type AbiEvent,
  type Address,
  decodeEventLog,
  type DecodeEventLogReturnType,
  type Hex,
  toEventSelector,
} from "viem";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
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

const teeEvents = ["NodeAttested", "BindingEnded"] as const;
const verifierEvents = ["PckRegistered", "PckRevoked"] as const;
const collateralEvents = ["IssuerRegistered"] as const;

/** An event that the view follows. */
export type ChainEvent =
  | DecodeEventLogReturnType<typeof requestEscrowAbi, (typeof escrowEvents)[number]>
  | DecodeEventLogReturnType<typeof nodeRegistryAbi, (typeof nodeEvents)[number]>
  | DecodeEventLogReturnType<typeof taskRegistryAbi, (typeof taskEvents)[number]>
  | DecodeEventLogReturnType<typeof disputesAbi, (typeof disputeEvents)[number]>
  | DecodeEventLogReturnType<typeof teeRegistryAbi, (typeof teeEvents)[number]>
  | DecodeEventLogReturnType<typeof dcapVerifierAbi, (typeof verifierEvents)[number]>
  | DecodeEventLogReturnType<typeof dcapCollateralAbi, (typeof collateralEvents)[number]>;

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
const teeTable = tableOf(teeRegistryAbi, teeEvents);
const verifierTable = tableOf(dcapVerifierAbi, verifierEvents);
const collateralTable = tableOf(dcapCollateralAbi, collateralEvents);

type Contracts = Pick<
  Instance,
  "escrow" | "nodeRegistry" | "taskRegistry" | "disputes" | "teeRegistry" | "quoteVerifier" | "collateral"
>;

/** The events of each contract of the instance. */
const tablesOf = (of: Contracts): readonly (readonly [address: Address, table: Table])[] => [
  [of.escrow, escrowTable],
  [of.nodeRegistry, nodeTable],
  [of.taskRegistry, taskTable],
  [of.disputes, disputeTable],
  [of.teeRegistry, teeTable],
  [of.quoteVerifier, verifierTable],
  [of.collateral, collateralTable],
];

/** What the log cursor asks the node for: the instance's contracts and the events that the view follows. */
export const logFilterOf = (of: Contracts): LogFilter => ({
  address: tablesOf(of).map(([address]) => address),
  topics: [tablesOf(of).flatMap(([, table]) => [...table.keys()])],
});

type Identity = Pick<Instance, "chainId" | "escrow" | "beacon">;

/** Whether a request has the id of its own words here: what nodes sign names the id alone, and not what a service told of it. */
const isItself = ({ chainId, escrow, beacon }: Identity, event: ChainEvent): boolean =>
  event.eventName !== "Requested" ||
  requestIdOf({ chainId: BigInt(chainId), escrow, beacon }, event.args.request) === event.args.requestId;

/**
 * A decoder of the instance's logs: undefined for a log of another contract, another event, malformed content, or a request
 * under the id of another.
 */
export const makeDecoder = (of: Contracts & Identity): ((log: ChainLog) => ChainEvent | undefined) => {
  const tables = new Map<string, Table>(tablesOf(of).map(([address, table]) => [address.toLowerCase(), table]));
  return ({ address, topics, data }) => {
    const [selector] = topics;
    const abi = selector === undefined ? undefined : tables.get(address)?.get(selector);
    if (abi === undefined) return undefined;
    try {
      const event = decodeEventLog({ abi, topics: topics as [Hex, ...Hex[]], data, strict: true }) as ChainEvent;
      return isItself(of, event) ? event : undefined;
    } catch {
      return undefined;
    }
  };
};
