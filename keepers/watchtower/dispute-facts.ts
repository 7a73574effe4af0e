/** Reads what is to be known of a dispute: from the contract, the chain view and the store of messages. */
import type { Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { fingerprintOf } from "../../sdk/agreement/fingerprint.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { type DisputeCase, decodeDisputeCase } from "../../sdk/words/dispute-case.ts";
import type { RequestWords } from "../../sdk/words/request.ts";
import { makeDisputeParameters } from "../chain/dispute-parameters.ts";
import type { ChainRequest } from "../chain/view.ts";
import { nowSeconds } from "../job.ts";
import type { AttestationMessage } from "../network/messages.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { type DisputeFacts, endings } from "./dispute-plan.ts";
import { isVoidRound } from "./void-round.ts";

const levels = [0n, 1n, 2n] as const;

/** What this job reads of the contract, on the newest block. */
const contractOf = ({ rpc, instance }: WatchtowerDeps) => {
  const client = makePublicClient(rpc, instance.chainId);
  const of = { address: instance.disputes, abi: disputesAbi } as const;
  return {
    caseOf: (requestId: Hex) => client.readContract({ ...of, functionName: "caseOf", args: [requestId] }),
    verdictOf: (words: RequestWords) => client.readContract({ ...of, functionName: "verdictOf", args: [words] }),
    bondOf: (words: RequestWords, level: bigint) =>
      client.readContract({ ...of, functionName: "bondOf", args: [words, level] }),
    panelOf: (words: RequestWords, level: bigint) =>
      client.readContract({ ...of, functionName: "panelOf", args: [words, level] }),
  };
};
type Contract = ReturnType<typeof contractOf>;

/** A level's node ids where somebody's seat there can matter: a panel that nobody showed has none to punish. */
const drawnAt = async (
  { committees }: WatchtowerDeps,
  contract: Contract,
  request: ChainRequest,
  { first, second }: DisputeCase,
): Promise<readonly (readonly bigint[])[]> => {
  const found = await committees.of(request);
  const committee = "missing" in found ? [] : found.committee.members.map(({ nodeId }) => nodeId);
  const panels = [first, second].map(async (panel, index) =>
    panel?.tally === undefined
      ? []
      : (await contract.panelOf(request.words, BigInt(index + 1))).map((entry) => entry >> 32n),
  );
  return [committee, ...(await Promise.all(panels))];
};

const attestationsOf = async ({ held }: WatchtowerDeps, requestId: Hex): Promise<readonly AttestationMessage[]> =>
  (await Promise.all(levels.map((level) => held.read(requestId, level)))).flatMap(({ attestations }) => attestations);

const wouldAppealFor = async (
  { reexecution, settings: { maxBond, bondTasks } }: WatchtowerDeps,
  contract: Contract,
  { requestId, words, fields }: ChainRequest,
): Promise<bigint | undefined> => {
  const found = reexecution?.found(requestId);
  if (found === undefined || maxBond === 0n || !bondTasks.includes(fields.taskId)) return undefined;
  return (await contract.bondOf(words, 2n)) <= maxBond ? fingerprintOf(found) : undefined;
};

const stateOfRound = async (
  { chain, instance }: WatchtowerDeps,
  { fields }: ChainRequest,
  round: bigint,
  nowS: bigint,
): Promise<DisputeFacts["round"]> => {
  const postedAtS = (await chain.round(round))?.postedAtS;
  if (isVoidRound(fields, { roundTimeS: timeOf(instance.drand, round), postedAtS, nowS })) return "void";
  return postedAtS === undefined ? "awaited" : "good";
};

/** The facts, or undefined where the chain has no such dispute (any more). */
export const readDispute = async (deps: WatchtowerDeps, request: ChainRequest): Promise<DisputeFacts | undefined> => {
  const { requestId, words } = request;
  const contract = contractOf(deps);
  const dispute = decodeDisputeCase(await contract.caseOf(requestId));
  if (dispute === undefined) return undefined;
  const { ending, digest, level, finalAt } = await contract.verdictOf(words);
  const isJudged = endings[ending] === "decided" || endings[ending] === "noFault";
  const { appealWindow, punishWindow } = await makeDisputeParameters({ ...deps, view: deps.chain })(dispute.version);
  const nowS = await nowSeconds(deps);
  return {
    nowS,
    verdict: { ending: endings[ending] ?? "pending", digest, level, finalAtS: finalAt },
    dispute,
    round: await stateOfRound(deps, request, (dispute.second ?? dispute.first).round, nowS),
    appealWindowS: BigInt(appealWindow),
    punishWindowS: BigInt(punishWindow),
    drawn: isJudged ? await drawnAt(deps, contract, request, dispute) : [],
    attestations: isJudged ? await attestationsOf(deps, requestId) : [],
    punished: await deps.chain.punished(requestId),
    wouldAppealFor: isJudged ? undefined : await wouldAppealFor(deps, contract, request),
  };
};
