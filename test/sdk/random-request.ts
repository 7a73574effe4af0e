import { toHex } from "viem";
import type { RequestFields } from "../../sdk/words/request.ts";
import type { Random } from "../helpers/random.ts";

/** A request with every field at random over its whole width, the ask exponent up to its cap of 18. */
export function randomRequest(random: Random): RequestFields {
  return {
    requester: toHex(random.bits(160), { size: 20 }),
    sequence: random.bits(40),
    slot: random.bits(24),
    version: random.bits(16),
    k: random.pick([1n, 21n, random.bits(8)]),
    quorum: random.bits(8),
    taskId: random.bits(32),
    snapshotId: random.bits(32),
    units: random.bits(64),
    maxAsk: random.bits(32),
    tip: random.bits(96),
    submittedAtS: random.bits(40),
    round: random.bits(32),
    challengeWindowS: random.bits(24),
    callbackGas: random.bits(24),
    items: random.bits(32),
    flags: random.bits(8),
    royaltyBps: random.bits(16),
    isTee: random.bits(1),
    askExponent: random.within(0n, 18n),
    windowS: random.bits(32),
    maxOutputBytes: random.bits(24),
    protocolFeeBps: random.bits(16),
    fallbackDelayS: random.bits(16),
    chainPhaseS: random.bits(16),
    beaconDelayS: random.bits(16),
    expireDelayS: random.bits(16),
    beaconTimeoutS: random.bits(24),
    disputeWindowS: random.bits(24),
    reputationFloor: random.bits(40),
    inputDigest: random.bytes(32),
  };
}
