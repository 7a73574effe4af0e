import type { Address, Hex } from "viem";
import { type FieldsOf, packFields, unpackFields } from "./fields.ts";
import { checkBytes, toAddress } from "./hex.ts";

const originLayout = [
  ["requester", 160],
  ["sequence", 40],
  ["slot", 24],
  ["version", 16],
  ["k", 8],
  ["quorum", 8],
] as const;

const workLayout = [
  ["taskId", 32],
  ["snapshotId", 32],
  ["units", 64],
  ["maxAsk", 32],
  ["tip", 96],
] as const;

const rulesLayout = [
  ["submittedAtS", 40],
  ["round", 32],
  ["challengeWindowS", 24],
  ["callbackGas", 24],
  ["items", 32],
  ["flags", 8],
] as const;

const termsLayout = [
  ["royaltyBps", 16],
  ["isTee", 1],
  ["askExponent", 7],
  ["windowS", 32],
  ["maxOutputBytes", 24],
  ["protocolFeeBps", 16],
  ["fallbackDelayS", 16],
  ["chainPhaseS", 16],
  ["beaconDelayS", 16],
  ["expireDelayS", 16],
  ["beaconTimeoutS", 24],
  ["disputeWindowS", 24],
  ["reputationFloor", 40],
] as const;

/** Who asks, and where the request is kept. `version` is of the parameters in force. */
export type OriginFields = Omit<FieldsOf<typeof originLayout>, "requester"> & { readonly requester: Address };
/** What is computed and for how much. `maxAsk` is per unit in multiples of 10^askExponent token units, `tip` in token units. */
export type WorkFields = FieldsOf<typeof workLayout>;
/** When and how it is answered. Times in seconds; `flags` are those of `flags.ts`. */
export type RulesFields = FieldsOf<typeof rulesLayout>;
/** The task's and the protocol's values at the time of the request. `isTee` is 1 where the task names a TEE workload. `reputationFloor` in millionths of the payment token. */
export type TermsFields = FieldsOf<typeof termsLayout>;

/** A whole request, readable. */
export type RequestFields = OriginFields & WorkFields & RulesFields & TermsFields & { readonly inputDigest: Hex };

/** A whole request in its canonical encoding: as `Requested` emits it and as settlement shows it again. */
export type RequestWords = {
  readonly origin: bigint;
  readonly work: bigint;
  readonly rules: bigint;
  readonly terms: bigint;
  readonly inputDigest: Hex;
};

/** Packs a request. Throws InvalidValueError for a field that does not fit. */
export function encodeRequest(fields: RequestFields): RequestWords {
  return {
    origin: packFields(originLayout, { ...fields, requester: BigInt(checkBytes("requester", fields.requester, 20)) }),
    work: packFields(workLayout, fields),
    rules: packFields(rulesLayout, fields),
    terms: encodeTerms(fields),
    inputDigest: checkBytes("inputDigest", fields.inputDigest, 32),
  };
}

/** Takes a request apart. Equals the accessors of `contracts/types/Request.sol`. */
export function decodeRequest(words: RequestWords): RequestFields {
  const origin = unpackFields(originLayout, words.origin);
  return {
    ...origin,
    requester: toAddress(origin.requester),
    ...unpackFields(workLayout, words.work),
    ...unpackFields(rulesLayout, words.rules),
    ...decodeTerms(words.terms),
    inputDigest: words.inputDigest,
  };
}

/** Packs the terms of a request. Throws InvalidValueError for a field that does not fit. */
export function encodeTerms(fields: TermsFields): bigint {
  return packFields(termsLayout, fields);
}

/** Takes the terms of a request apart. */
export function decodeTerms(word: bigint): TermsFields {
  return unpackFields(termsLayout, word);
}
