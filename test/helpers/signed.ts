import { getAddress, type Hex, keccak256 } from "viem";
import type { LocalRequest } from "../../deploy/local/committee.ts";
import { localChainId, walletOf } from "../../deploy/local/world.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { signedRequestData } from "../../sdk/agreement/signed-request.ts";
import { roundAt } from "../../sdk/drand/schedule.ts";
import { flagSigned } from "../../sdk/words/flags.ts";
import { requestIdOf } from "../../sdk/words/request-id.ts";
import { decodeRequest, encodeRequest, type RequestFields, type RequestWords } from "../../sdk/words/request.ts";
import { decodeTaskWord } from "../../sdk/words/task-word.ts";
import { ask, type Market } from "./market.ts";

/** The fields of a signed request of five nodes, made now, with nonce 7. `sample` is any request on the same terms. */
export async function signedFields(market: Market, changes: Partial<RequestFields> = {}): Promise<RequestFields> {
  const { networkHelpers, world, escrow, taskId } = market;
  const snapshot = await networkHelpers.takeSnapshot();
  const { fields } = await ask(market, { slot: 999n }); // for its terms
  await snapshot.restore();
  const submittedAtS = changes.submittedAtS ?? BigInt(await networkHelpers.time.latest());
  const { id } = decodeTaskWord(await escrow.taskWord(taskId));
  const base = { ...fields, slot: 0n, sequence: 7n, snapshotId: id, submittedAtS, flags: flagSigned };
  return { ...base, round: roundAt(world.beacon, submittedAtS + base.beaconDelayS), ...changes };
}

/** A signed request as its settler knows it. */
export function localRequest({ instance }: Market, words: RequestWords): LocalRequest {
  const { escrow, beacon } = instance;
  const requestId = requestIdOf({ chainId: localChainId, escrow, beacon }, words);
  return { requestId, words, fields: decodeRequest(words) };
}

/** Encodes fields as a request. */
export function requestOfFields(market: Market, fields: RequestFields): LocalRequest {
  return localRequest(market, encodeRequest(fields));
}

/** The requester's signature, or another account's. */
export async function signatureOf(
  market: Market,
  { words }: LocalRequest,
  account = market.requester.address,
): Promise<Hex> {
  const wallet = walletOf(market.connection, getAddress(account));
  const data = signedRequestData(localChainId, market.instance.escrow, words);
  return compactSignature(await wallet.signTypedData(data));
}

/** Any digest that no other request uses. */
export const digestFor = (label: bigint): Hex => keccak256(`0x${label.toString(16).padStart(64, "0")}`);
