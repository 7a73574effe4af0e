import { type Address, type Hex, isAddressEqual, parseEventLogs } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";

/** What a node lost, in units of 10^-18 ATOMA. */
export type Penalty = {
  readonly requestId: Hex;
  readonly nodeId: bigint;
  readonly why: "lied" | "contradicted itself" | "kept silent" | "did not show up";
  readonly taken: bigint;
};

/** A dispute over a request; money in units of the payment token. */
export type Dispute = {
  readonly requestId: Hex;
  readonly challenger: Address;
  readonly bond: bigint;
  /** Whether some panel decided. */
  readonly isDecided: boolean;
  readonly isConcluded: boolean;
  readonly isClosed: boolean;
  /** Of the bond, once it is concluded. */
  readonly returned: bigint;
  readonly toJurors: bigint;
};

/** What the chain says of all disputes and penalties. */
export type Justice = {
  readonly disputes: readonly Dispute[];
  readonly penalties: readonly Penalty[];
  /** What who was given of the slashed stake, in units of 10^-18 ATOMA. */
  readonly awards: ReadonlyMap<Address, bigint>;
};

type Logs = Awaited<ReturnType<World["chain"]["getLogs"]>>;

/** Reads all events of disputes and penalties since a block. */
export async function readJustice({ chain, instance }: World, fromBlock: bigint): Promise<Justice> {
  const { disputes, escrow, nodeRegistry } = instance;
  const logs = await chain.getLogs({ address: [disputes, escrow, nodeRegistry], fromBlock });
  return { disputes: disputesIn(logs), penalties: penaltiesIn(logs), awards: awardsIn(logs, disputes) };
}

function disputesIn(logs: Logs): Dispute[] {
  const found = new Map<Hex, Dispute>();
  const change = (requestId: Hex, changes: Partial<Dispute>): void => {
    const known = found.get(requestId);
    if (known !== undefined) found.set(requestId, { ...known, ...changes });
  };
  for (const { eventName, args } of parseEventLogs({ abi: disputesAbi, logs })) {
    if (eventName === "DisputeOpened") {
      const { requestId, challenger, bond } = args;
      const state = { isDecided: false, isConcluded: false, isClosed: false, returned: 0n, toJurors: 0n };
      found.set(requestId, { requestId, challenger, bond, ...state });
    }
    if (eventName === "PanelAttested" && args.decided) change(args.requestId, { isDecided: true });
    if (eventName === "DisputeConcluded") change(args.requestId, { isConcluded: true });
    if (eventName === "BondsReturned") change(args.requestId, { returned: args.toChallenger, toJurors: args.toJurors });
    if (eventName === "SpoilsShared") change(args.requestId, { isClosed: true });
  }
  return [...found.values()];
}

function penaltiesIn(logs: Logs): Penalty[] {
  const why = {
    LoserPunished: "lied",
    EquivocationProven: "contradicted itself",
    SilentJurorPunished: "kept silent",
  } as const;
  const judged = parseEventLogs({
    abi: disputesAbi,
    logs,
    eventName: ["LoserPunished", "EquivocationProven", "SilentJurorPunished"],
  }).map(({ eventName, args }): Penalty => ({ ...args, nodeId: BigInt(args.nodeId), why: why[eventName] }));
  const absent = parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "NoShowSlashed" }).map(
    ({ args }): Penalty => ({ ...args, nodeId: BigInt(args.nodeId), why: "did not show up" }),
  );
  return [...judged, ...absent];
}

/** The disputes contract keeps what it is awarded until it is shared out. */
function awardsIn(logs: Logs, disputes: Address): Map<Address, bigint> {
  const awards = new Map<Address, bigint>();
  for (const { args } of parseEventLogs({ abi: nodeRegistryAbi, logs, eventName: "Awarded" }))
    if (!isAddressEqual(args.to, disputes)) awards.set(args.to, (awards.get(args.to) ?? 0n) + args.amount);
  return awards;
}

/** Whether every dispute is carried out, and what was slashed in it shared out. */
export function isDone({ disputes }: Justice): boolean {
  return disputes.every(({ isConcluded, isClosed }) => isConcluded && isClosed);
}
