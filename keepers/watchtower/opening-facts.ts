/** Reads what is to be known before a dispute is opened: from the contracts, the chain view and the store of messages. */
import { type Address, type Hex, zeroAddress } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { outcomeOf } from "../../sdk/agreement/outcome.ts";
import { decodeSlotWord, holdsOpen, holdsOutcome } from "../../sdk/words/slot-word.ts";
import type { RequestCore } from "../chain/requests.ts";
import type { ChainRequest } from "../chain/view.ts";
import { nowSeconds } from "../job.ts";
import type { AttestationMessage } from "../network/messages.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import { countedAttestations } from "../settler/counted.ts";
import type { WatchtowerDeps } from "./deps.ts";
import type { OpeningFacts } from "./opening-plan.ts";

/** Of a settled request whose callback failed, the slot tells when retries end. */
const retryWindowS = 7n * 86_400n;

/** A result in the chain's own words. */
export type KnownOutcome = { readonly digest: Hex; readonly head: bigint; readonly settler: Address };
/** `over`: nothing is to be disputed any more, as far as is known; `waiting`: not yet. */
export type ReadOpening =
  "over" | "waiting" | { readonly facts: OpeningFacts; readonly outcome: KnownOutcome | undefined };

type Slot = { readonly word: bigint; readonly isDisputed: boolean };

type Reading = Pick<WatchtowerDeps, "rpc" | "instance">;

const clientOf = ({ rpc, instance }: Reading) => makePublicClient(rpc, instance.chainId);

const readSlot = async (deps: Reading, { requestId, fields }: RequestCore): Promise<Slot> => {
  const client = clientOf(deps);
  const { escrow, disputes } = deps.instance;
  const slot = { address: escrow, abi: requestEscrowAbi, functionName: "slotOf" } as const;
  const dispute = { address: disputes, abi: disputesAbi, functionName: "caseOf" } as const;
  const [docket] = await client.readContract({ ...dispute, args: [requestId] });
  const word = await client.readContract({ ...slot, args: [fields.requester, fields.slot] });
  return { word, isDisputed: docket !== 0n };
};

/** The outcome that the slot holds: the settler is part of it only until it has its tip. */
const outcomeIn = (word: bigint, { requestId, outcome, state }: RequestCore): KnownOutcome | undefined => {
  if (outcome === undefined) return undefined;
  const { digest, head } = outcome;
  const settler = state === "recorded" ? outcome.settler : zeroAddress;
  if (settler === undefined || !holdsOutcome(word, outcomeOf({ requestId, digest, head, settler }))) return undefined;
  return { digest, head, settler };
};

const disputableUntil = (word: bigint, { fields }: RequestCore): bigint => {
  const { state, untilS } = decodeSlotWord(word);
  return state === "callbackFailed" ? untilS - retryWindowS + fields.disputeWindowS : untilS;
};

/** Last second in which a result can be disputed, as far as the chain holds it and that second is not over. */
export const readDisputableUntil = async (
  deps: Pick<WatchtowerDeps, "rpc" | "instance" | "chain" | "clock">,
  request: RequestCore,
): Promise<bigint | undefined> => {
  const { word, isDisputed } = await readSlot(deps, request);
  if (isDisputed || outcomeIn(word, request) === undefined) return undefined;
  const untilS = disputableUntil(word, request);
  return (await nowSeconds(deps)) > untilS ? undefined : untilS;
};

/** What the chain takes to open a dispute: by keys that count, of members that are not in jail. */
const liveAttestations = async (deps: WatchtowerDeps, request: ChainRequest, all: readonly AttestationMessage[]) => {
  const counted = await countedAttestations(deps, request, all);
  const nodeIds = [...new Set(counted.map(({ nodeId }) => nodeId))];
  const nodes = await Promise.all(nodeIds.map(deps.chain.node));
  const jailed = new Set(nodes.flatMap((node) => (node?.signer === zeroAddress ? [node.nodeId] : [])));
  return counted.filter(({ nodeId }) => !jailed.has(nodeId));
};

const bondIsCovered = async (deps: WatchtowerDeps, { words, fields }: ChainRequest): Promise<boolean> => {
  const { maxBond, bondTasks } = deps.settings;
  if (maxBond === 0n || !bondTasks.includes(fields.taskId)) return false;
  const call = { address: deps.instance.disputes, abi: disputesAbi, functionName: "bondOf" } as const;
  return (await clientOf(deps).readContract({ ...call, args: [words, 1n] })) <= maxBond;
};

/** Whether members, or what was found here, leave anything to dispute; cheap, for most requests end here. */
const isPeaceful = ({ outcome, state }: ChainRequest, digests: ReadonlySet<Hex>): boolean =>
  state === "refunded" || (outcome !== undefined && digests.size === 1 && digests.has(outcome.digest));

/** The facts, unless there is nothing to do. */
export const readOpening = async (deps: WatchtowerDeps, request: ChainRequest): Promise<ReadOpening> => {
  const { requestId, state } = request;
  const { attestations } = await deps.held.read(requestId, 0n);
  const found = deps.reexecution?.found(requestId);
  const digests = new Set([...attestations.map(({ digest }) => digest), ...(found === undefined ? [] : [found])]);
  if (isPeaceful(request, digests)) return "over";
  if (digests.size < 2 && state === "open") return "waiting";
  const lookup = await deps.committees.of(request);
  if ("missing" in lookup) return lookup.missing === "RoundUnknown" ? "waiting" : "over";
  const { members, quorum, timeline } = lookup.committee;
  const nowS = await nowSeconds(deps);
  if (state === "open" && nowS > timeline.expireAtS) return "over";
  const { word, isDisputed } = await readSlot(deps, request);
  const outcome = outcomeIn(word, request);
  if (isDisputed || (state === "open" ? !holdsOpen(word, requestId) : outcome === undefined)) return "over";
  const untilS = disputableUntil(word, request);
  if (outcome !== undefined && nowS > untilS) return state === "recorded" ? "waiting" : "over";
  const facts: OpeningFacts = {
    nowS,
    members: members.map(({ nodeId }) => nodeId),
    quorum,
    attestations: await liveAttestations(deps, request, attestations),
    deadlineS: timeline.deadlineS,
    expireAtS: timeline.expireAtS,
    claimed: outcome === undefined ? undefined : { digest: outcome.digest, untilS },
    found,
    hasBond: await bondIsCovered(deps, request),
  };
  return { facts, outcome };
};
