/** A request as the chain view shows it, for plans. */
import type { RequestSummary } from "../../keepers/chain/requests.ts";
import { decodeRequest, encodeRequest } from "../../sdk/words/request.ts";

/** An open request of five nodes, quorum four; `changes` replace whole fields. */
export const aRequest = (changes: Partial<RequestSummary> = {}): RequestSummary => {
  const words = encodeRequest({
    requester: `0x${"aa".repeat(20)}`,
    sequence: 1n,
    slot: 0n,
    version: 1n,
    k: 5n,
    quorum: 4n,
    taskId: 1n,
    snapshotId: 1n,
    units: 100n,
    maxAsk: 10n,
    tip: 100_000n,
    submittedAtS: 990n,
    round: 10n,
    challengeWindowS: 0n,
    callbackGas: 0n,
    items: 1n,
    flags: 0n,
    royaltyBps: 0n,
    isTee: 0n,
    askExponent: 0n,
    windowS: 30n,
    maxOutputBytes: 1_024n,
    protocolFeeBps: 300n,
    fallbackDelayS: 60n,
    chainPhaseS: 60n,
    beaconDelayS: 20n,
    expireDelayS: 600n,
    beaconTimeoutS: 86_400n,
    disputeWindowS: 3_600n,
    reputationFloor: 0n,
    inputDigest: `0x${"01".repeat(32)}`,
  });
  return {
    requestId: `0x${"ab".repeat(32)}`,
    words,
    fields: decodeRequest(words),
    blockNumber: 1n,
    state: "open",
    callbackFailedMs: undefined,
    isDisputed: false,
    ...changes,
  };
};
