import { type Hex, keccak256 } from "viem";
import { drandBeaconAbi } from "../abi/drand-beacon.ts";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { compactSignature } from "../agreement/compact-signature.ts";
import { signedRequestData } from "../agreement/signed-request.ts";
import { flagAcceptNoPanel, flagSigned } from "../words/flags.ts";
import { decodeParameters, encodeParameters, parametersTerms } from "../words/parameters.ts";
import { requestIdOf } from "../words/request-id.ts";
import { decodeTerms, encodeRequest, type RequestWords } from "../words/request.ts";
import { taskTerms } from "../words/task-terms.ts";
import { decodeTaskWord } from "../words/task-word.ts";
import type { Context } from "./context.ts";
import { type RequestInput, tipFloor } from "./request-params.ts";

/** A signed request has no slot, callback or challenge window. `nonce` is any unused one below 2^40. */
export type SignRequestInput = Omit<RequestInput, "slot" | "callbackGas" | "challengeWindowS"> & {
  readonly nonce: bigint;
  readonly input: Hex;
};

/** A request that its settlement shows for the first time. `signature` has 64 bytes (EIP-2098). */
export type SignedRequest = { readonly requestId: Hex; readonly words: RequestWords; readonly signature: Hex };

/** Signs a request that is paid from the wallet's time-locked balance. Sends nothing: give it to nodes with its input. */
export async function signRequest(context: Context, asked: SignRequestInput): Promise<SignedRequest> {
  const { walletClient, deployment } = context;
  const words = encodeRequest(await fieldsOf(context, asked));
  const data = signedRequestData(deployment.chainId, deployment.escrow, words);
  const signature = compactSignature(await walletClient.signTypedData(data));
  return { requestId: requestIdOf(deployment, words), words, signature };
}

async function fieldsOf(context: Context, asked: SignRequestInput) {
  const { taskWord, terms, version } = await valuesInForce(context, asked.taskId);
  const { publicClient, walletClient, deployment } = context;
  const { timestamp: submittedAtS } = await publicClient.getBlock();
  const round = await publicClient.readContract({
    address: deployment.beacon,
    abi: drandBeaconAbi,
    functionName: "roundAt",
    args: [submittedAtS + terms.beaconDelayS],
  });
  const { taskId, units, maxAsk, k, quorum = (2n * k) / 3n + 1n, acceptNoPanel = false } = asked;
  return {
    ...terms,
    ...{ requester: walletClient.account.address, sequence: asked.nonce, slot: 0n, version, k, quorum },
    ...{ taskId, snapshotId: decodeTaskWord(taskWord).id, units, maxAsk, tip: asked.tip ?? (await tipFloor(context)) },
    ...{ submittedAtS, round, challengeWindowS: 0n, callbackGas: 0n, items: 1n },
    flags: flagSigned | (acceptNoPanel ? flagAcceptNoPanel : 0n),
    inputDigest: keccak256(asked.input),
  };
}

/** The task's latest word, and the terms that a request made now carries. */
async function valuesInForce({ publicClient, deployment: { escrow } }: Context, taskId: bigint) {
  const read = { address: escrow, abi: requestEscrowAbi } as const;
  const [taskWord, [version, , p]] = await Promise.all([
    publicClient.readContract({ ...read, functionName: "taskWord", args: [Number(taskId)] }),
    publicClient.readContract({ ...read, functionName: "parameters" }),
  ]);
  const parameters = encodeParameters({
    ...{
      protocolFeeBps: BigInt(p.protocolFee),
      fallbackDelayS: BigInt(p.fallbackDelay),
      chainPhaseS: BigInt(p.chainPhase),
    },
    ...{ beaconDelayS: BigInt(p.beaconDelay), expireDelayS: BigInt(p.expireDelay) },
    ...{ beaconTimeoutS: BigInt(p.beaconTimeout), disputeWindowS: BigInt(p.disputeWindow) },
    ...{ reputationFloor: BigInt(p.reputationFloor), version, tipFloor: BigInt(p.tipFloor), timeS: 0n },
  });
  return {
    taskWord,
    version: decodeParameters(parameters).version,
    terms: decodeTerms(taskTerms(taskWord) | parametersTerms(parameters)),
  };
}
