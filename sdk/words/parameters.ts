import { InvalidValueError } from "../errors/invalid-value.ts";
import { type FieldsOf, packFields, unpackFields } from "./fields.ts";

const layout = [
  ["protocolFeeBps", 16],
  ["fallbackDelayS", 16],
  ["chainPhaseS", 16],
  ["beaconDelayS", 16],
  ["expireDelayS", 16],
  ["beaconTimeoutS", 24],
  ["disputeWindowS", 24],
  ["reputationFloor", 40],
  ["version", 16],
  ["tipFloor", 40],
  ["timeS", 32],
] as const;

/** Bits of a word above which a request's terms repeat it. */
const termsShift = 88n;

/**
 * The governed values under their version. Floors in millionths of the payment token. `timeS` is the end of a pause in
 * the current set, and the moment of replacement in a former one, Unix seconds.
 */
export type ParametersFields = FieldsOf<typeof layout>;

const bounds: readonly (readonly [name: keyof ParametersFields, least: bigint, most: bigint])[] = [
  ["protocolFeeBps", 0n, 1_000n],
  ["fallbackDelayS", 1n, 3_600n],
  ["chainPhaseS", 1n, 3_600n],
  ["beaconDelayS", 1n, 300n],
  ["expireDelayS", 1n, 3_600n],
  ["beaconTimeoutS", 60n, 604_800n],
  ["disputeWindowS", 1n, 604_800n],
  ["version", 1n, 65_535n],
];

/** Packs parameters. Throws InvalidValueError for a value outside the bounds of `contracts/types/Parameters.sol`. */
export function encodeParameters(fields: ParametersFields): bigint {
  for (const [name, least, most] of bounds) {
    if (fields[name] >= least && fields[name] <= most) continue;
    throw new InvalidValueError(name, `${fields[name]} is not within ${least}..${most}.`);
  }
  return packFields(layout, fields);
}

/** Takes a parameters word apart. Equals the accessors of `contracts/types/Parameters.sol`. */
export function decodeParameters(word: bigint): ParametersFields {
  return unpackFields(layout, word);
}

/** The protocol's part of a request's terms: their low 168 bits. Equals `ParametersWord.termsPart`. */
export function parametersTerms(word: bigint): bigint {
  return word >> termsShift;
}
