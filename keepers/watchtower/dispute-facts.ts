/** Reads what is to be known of a dispute: from the contract, the chain view and the store of messages. */
import type { Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import type { RequestWords } from "../../sdk/words/request.ts";
import type { DisputeParameters } from "../chain/disputes.ts";
import type { ChainRequest } from "../chain/view.ts";
import { nowSeconds } from "../job.ts";
import type { AttestationMessage } from "../network/messages.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import { type DisputeCase, decodeCase } from "./case.ts";
import type { WatchtowerDeps } from "./deps.ts";
import { type DisputeFacts, endings } from "./dispute-plan.ts";

const levels = [0n, 1n, 2n] as const;

/** What this job reads of the contract, on the newest block. */
const contractOf = ({ rpc, instance }: WatchtowerDeps) => {
  const client = makePublicClient(rpc, instance.chainId);
  const of = { address: instance.disputes, abi: disputesAbi } as const;
  return {
    caseOf: (requestId: Hex) => client.readContract({ ...of, functionName: "caseOf", args: [requestId] }),
    verdictOf: (words: RequestWords) => client.readContract({ ...of, functionName: "verdictOf", args: [words] }),
    panelOf: (words: RequestWords, level: bigint) =>
      client.readContract({ ...of, functionName: "panelOf", args: [words, level] }),
    parameters: () => client.readContract({ ...of, functionName: "parameters" }),
  };
};
type Contract = ReturnType<typeof contractOf>;

const parametersOf = async (
  { chain }: WatchtowerDeps,
  contract: Contract,
  version: bigint,
): Promise<DisputeParameters> => {
  const known = await chain.disputeParameters(version);
  if (known !== undefined) return known;
  const [current, parameters] = await contract.parameters();
  if (current === version) return parameters;
  throw new Error(`version ${version} of the dispute parameters is not known: start with an earlier chain.startBlock`);
};

/** A level's node ids where somebody's seat there can matter: a panel that nobody showed has none to punish. */
const drawnAt = async (
  { committees }: WatchtowerDeps,
  contract: Contract,
  request: ChainRequest,
  { first, second }: DisputeCase,
): Promise<readonly (readonly bigint[])[]> => {
  const found = await committees.of(request);
  const committee = "missing" in found ? [] : found.committee.members.map(({ nodeId }) => nodeId);
  const panels = [first, second].map(async ({ attested }, index) =>
    attested === 0n ? [] : (await contract.panelOf(request.words, BigInt(index + 1))).map((entry) => entry >> 32n),
  );
  return [committee, ...(await Promise.all(panels))];
};

const attestationsOf = async ({ held }: WatchtowerDeps, requestId: Hex): Promise<readonly AttestationMessage[]> =>
  (await Promise.all(levels.map((level) => held.read(requestId, level)))).flatMap(({ attestations }) => attestations);

/** The facts, or undefined where the chain has no such dispute (any more). */
export const readDispute = async (deps: WatchtowerDeps, request: ChainRequest): Promise<DisputeFacts | undefined> => {
  const { requestId, words } = request;
  const contract = contractOf(deps);
  const dispute = decodeCase(await contract.caseOf(requestId));
  if (dispute === undefined) return undefined;
  const { ending, digest, level, finalAt } = await contract.verdictOf(words);
  const isJudged = endings[ending] === "decided" || endings[ending] === "noFault";
  const { appealWindow, punishWindow } = await parametersOf(deps, contract, dispute.version);
  return {
    nowS: await nowSeconds(deps),
    verdict: { ending: endings[ending] ?? "pending", digest, level, finalAtS: finalAt },
    dispute,
    isConvened: (await deps.chain.round(dispute.round)) !== undefined,
    appealWindowS: BigInt(appealWindow),
    punishWindowS: BigInt(punishWindow),
    drawn: isJudged ? await drawnAt(deps, contract, request, dispute) : [],
    attestations: isJudged ? await attestationsOf(deps, requestId) : [],
    punished: await deps.chain.punished(requestId),
  };
};
