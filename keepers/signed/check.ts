/** What can be told of a signed request without asking anybody: pure. */
import { encodeRequest, type RequestFields, type RequestWords } from "../../sdk/words/request.ts";
import { flagAcceptNoPanel, flagSigned } from "../../sdk/words/flags.ts";
import { refuse, type Refused } from "../network/refusals.ts";

/** A round may be so much further off than the request's own terms put it: for clocks, and for an old newest block. */
const slackS = 60n;
/** A round may be posted so late; nobody works for a request after that. */
export const roundLatenessS = 600n;

/** Nodes take one input, given with the request: no bundle, no URI, nothing that the escrow wants to be zero. */
export const checkWords = (words: RequestWords, fields: RequestFields): Refused | undefined => {
  const { flags, slot, callbackGas, challengeWindowS, items } = fields;
  const isKnown = (flags & ~flagAcceptNoPanel) === flagSigned;
  const isPlain = slot === 0n && callbackGas === 0n && challengeWindowS === 0n && items === 1n;
  const again = encodeRequest(fields);
  const isWhole = again.rules === words.rules && again.terms === words.terms; // no bit beyond the fields
  if (isKnown && isPlain && isWhole) return undefined;
  return refuse("InvalidSignedRequest", isKnown ? "a field is not zero" : `flags ${flags}`);
};

/**
 * The round has to lie ahead of the moment at which this node first hears of the request. The chain cannot check that: it
 * learns of the request when it settles. Who signed after the round could have chosen among committees.
 */
export const checkRound = (
  fields: RequestFields,
  dueS: bigint,
  isPosted: boolean,
  nowS: bigint,
): Refused | undefined => {
  if (isPosted || nowS >= dueS) return refuse("RoundPassed", `round ${fields.round}`);
  const latestS = nowS + fields.beaconDelayS + slackS;
  return dueS > latestS ? refuse("RoundFarOff", `round ${fields.round} is due in ${dueS - nowS} s`) : undefined;
};

/** Last second in which the request can settle if its round is not later than `roundLatenessS`. */
export const endOf = ({ windowS, fallbackDelayS, chainPhaseS }: RequestFields, dueS: bigint): bigint =>
  dueS + roundLatenessS + windowS + fallbackDelayS + 2n * chainPhaseS;
