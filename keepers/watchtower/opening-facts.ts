/** Reads what is to be known before a dispute is opened: from the contracts, the chain view and the store of messages. */
import type { Address, Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { outcomeOf } from "../../sdk/agreement/outcome.ts";
import { decodeSlotWord, holdsOpen, holdsOutcome } from "../../sdk/words/slot-word.ts";
import type { ChainRequest } from "../chain/view.ts";
import { nowSeconds } from "../job.ts";
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

const clientOf = ({ rpc, instance }: WatchtowerDeps) => makePublicClient(rpc, instance.chainId);

const readSlot = async (deps: WatchtowerDeps, { requestId, fields }: ChainRequest): Promise<Slot> => {
  const client = clientOf(deps);
  const { escrow, disputes } = deps.instance;
  const slot = { address: escrow, abi: requestEscrowAbi, functionName: "slotOf" } as const;
  const dispute = { address: disputes, abi: disputesAbi, functionName: "caseOf" } as const;
  const [docket] = await client.readContract({ ...dispute, args: [requestId] });
  const word = await client.readContract({ ...slot, args: [fields.requester, fields.slot] });
  return { word, isDisputed: docket !== 0n };
};

/** Who settled is not told by the event: the sender, or the contract that was called. The slot knows. */
const readOutcome = async (deps: WatchtowerDeps, request: ChainRequest, word: bigint) => {
  const { requestId, outcome } = request;
  if (outcome === undefined) return undefined;
  const { digest, head, settler, transactionHash: hash } = outcome;
  const known = (one: Address): boolean => holdsOutcome(word, outcomeOf({ requestId, digest, head, settler: one }));
  if (settler !== undefined) return known(settler) ? { digest, head, settler } : undefined;
  const { from, to } = await clientOf(deps).getTransaction({ hash });
  const found = [from, ...(to === null ? [] : [to])].find(known);
  return found === undefined ? undefined : { digest, head, settler: found };
};

const disputableUntil = (word: bigint, { fields }: ChainRequest): bigint => {
  const { state, untilS } = decodeSlotWord(word);
  return state === "callbackFailed" ? untilS - retryWindowS + fields.disputeWindowS : untilS;
};

const bondIsCovered = async (deps: WatchtowerDeps, { words }: ChainRequest): Promise<boolean> => {
  const { maxBond } = deps.settings;
  if (maxBond === 0n) return false;
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
  const outcome = await readOutcome(deps, request, word);
  if (isDisputed || (state === "open" ? !holdsOpen(word, requestId) : outcome === undefined)) return "over";
  const untilS = disputableUntil(word, request);
  if (outcome !== undefined && nowS > untilS) return "over";
  const facts: OpeningFacts = {
    nowS,
    members: members.map(({ nodeId }) => nodeId),
    quorum,
    attestations: await countedAttestations(deps, request, attestations),
    deadlineS: timeline.deadlineS,
    expireAtS: timeline.expireAtS,
    claimed: outcome === undefined ? undefined : { digest: outcome.digest, untilS },
    found,
    hasBond: await bondIsCovered(deps, request),
  };
  return { facts, outcome };
};
