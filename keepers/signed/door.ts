/**
 * The one door through which signed requests come in, from whoever asks or from other nodes. Nothing is stored before all is
 * checked that the chain will check at settlement, and that the purse pays for it besides what else is open.
 */
import type { Hex } from "viem";
import { hexToBytes, keccak256 } from "viem";
import { recoverSigner } from "../../sdk/agreement/recover.ts";
import { signedRequestHash } from "../../sdk/agreement/signed-request.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { byteLength } from "../../sdk/words/hex.ts";
import { type Instance, requestIdOf } from "../../sdk/words/request-id.ts";
import { decodeRequest, type RequestFields } from "../../sdk/words/request.ts";
import type { ChainView } from "../chain/view.ts";
import { executorFor } from "../executor/execution.ts";
import type { Executor } from "../executors/executor.ts";
import type { SignedRequestMessage } from "../network/messages.ts";
import { makeRateLimit } from "../network/rate-limit.ts";
import { refuse, type Refused, type Verdict } from "../network/refusals.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Bars } from "./bars.ts";
import { checkRound, checkWords, endOf } from "./check.ts";
import type { Purses, PurseState } from "./purse.ts";
import type { KnownSignedRequest, SignedAdded, SignedRequestEntry, SignedStore } from "./store.ts";

export type SignedLimits = {
  readonly maxInputBytes: number;
  readonly maxOpen: number;
  readonly maxOpenPerRequester: number;
};

export type SignedDoorDeps = {
  readonly view: Pick<ChainView, "round" | "task" | "head" | "snapshot">;
  readonly signed: SignedStore;
  readonly purses: Purses;
  readonly executors: readonly Executor[];
  readonly instance: Instance;
  readonly roundTimeS: (round: bigint) => bigint;
  readonly hasInput: (digest: Hex) => Promise<boolean>;
  /** Keeps a checked input. */
  readonly putInput: (digest: Hex, bytes: Uint8Array) => Promise<void>;
  readonly bars: Bars;
  readonly clock: Clock;
  readonly nowS: () => Promise<bigint>;
  readonly limits: SignedLimits;
  /** Called for what was heard for the first time, and when its input came from whoever asks. */
  readonly onNew: (requestId: Hex) => void;
};

/** A verdict; of what was taken, with the request's id in this instance. */
export type SignedVerdict = { readonly isNew: boolean; readonly requestId: Hex } | { readonly refused: Refused };

export type SignedDoor = {
  /** `address` is of the sender's network. Rejects where the store or the RPC fails; nothing is kept then. */
  accept(message: SignedRequestMessage, address: string): Promise<SignedVerdict>;
};

/** A message with what was read in it. `dueS` is the time of its round. */
type Asked = {
  readonly message: SignedRequestMessage;
  readonly requestId: Hex;
  readonly fields: RequestFields;
  readonly dueS: bigint;
  readonly nowS: bigint;
};

/** Fresh requests that one address may bring: each costs a signature check and two questions to the RPC. */
const perAddress = { perSecond: 20, burst: 100 };
/** Requests that one requester may sign. */
const perRequester = { perSecond: 2, burst: 20 };

/** Makes the door. */
export const makeSignedDoor = (deps: SignedDoorDeps): SignedDoor => {
  const { signed, purses, bars, clock, limits, onNew } = deps;
  const [addresses, requesters] = [makeRateLimit(clock, perAddress), makeRateLimit(clock, perRequester)];

  const isRequesters = ({ message, fields }: Asked): boolean => {
    const hash = signedRequestHash(deps.instance.chainId, deps.instance.escrow, message.request);
    return recoverSigner(hash, message.signature) === fields.requester;
  };

  /** Two signatures over one nonce: nobody has begun to work before the round, so then neither is computed. */
  const onTwin = async (twin: KnownSignedRequest, { fields, nowS }: Asked): Promise<Refused> => {
    bars.add(fields.requester);
    if (nowS < deps.roundTimeS(twin.fields.round)) await signed.end(twin.requestId, "its requester signed another");
    return refuse("NonceTaken", `nonce ${fields.sequence}`);
  };

  const checkTask = async ({ fields: { taskId } }: Asked): Promise<Refused | undefined> => {
    const task = await deps.view.task(taskId);
    if (task === undefined) return refuse("TaskUnknown", `task ${taskId}`);
    const executor = await executorFor(deps.executors, task);
    return executor === undefined ? refuse("TaskNotServed", `task ${taskId} is of kind ${task.kind}`) : undefined;
  };

  /** What is free to check, and who asks: from here on the requester answers for it. */
  const checkOffline = async (asked: Asked, address: string): Promise<Refused | undefined> => {
    const { message, fields, dueS, nowS } = asked;
    const malformed = checkWords(message.request, fields) ?? checkInput(message, limits.maxInputBytes);
    if (malformed !== undefined) return malformed;
    if (!addresses.take(address)) return refuse("TooManyRequests", "fresh signed requests");
    if (!isRequesters(asked)) return refuse("WrongRequester");
    const twin = await signed.byNonce(fields.requester, fields.sequence, nowS);
    if (twin !== undefined) return onTwin(twin, asked);
    if (bars.has(fields.requester)) return refuse("RequesterBarred");
    const isPosted = (await deps.view.round(fields.round)) !== undefined;
    const late = checkRound(fields, dueS, isPosted, nowS) ?? (await checkTask(asked));
    if (late !== undefined) return late;
    return requesters.take(fields.requester) ? undefined : refuse("TooManyRequests", `requester ${fields.requester}`);
  };

  /** Whether it would be paid for. */
  const checkPurse = (fields: RequestFields, purse: PurseState, dueS: bigint): Refused | undefined => {
    const { amount, unlockAtS, isNonceUsed } = purse;
    const [lock, endsAtS] = [lockUp(fields), endOf(fields, dueS)];
    if (isNonceUsed) return refuse("NonceUsed", `nonce ${fields.sequence}`);
    if (amount < lock) return refuse("PurseTooSmall", `it holds ${amount}, and this takes up to ${lock}`);
    return unlockAtS < endsAtS ? refuse("PurseUnlocksEarly", `at ${unlockAtS}, and it ends at ${endsAtS}`) : undefined;
  };

  /** Whether it would settle, and is worth it. */
  const checkChain = async ({ message, fields }: Asked): Promise<Refused | undefined> => {
    const why = await purses.refusal(message.request, message.signature);
    if (why !== undefined) return refuse("NotSettleable", why);
    const floor = await purses.tipFloor();
    if (fields.tip < floor) return refuse("TipTooLow", `${fields.tip}, and the floor is ${floor}`);
    const { entries } = await deps.view.snapshot(fields.snapshotId);
    const fitting = entries.filter(({ ask }) => ask <= fields.maxAsk).length;
    return BigInt(fitting) < fields.k
      ? refuse("PoolTooDear", `${fitting} nodes, and ${fields.k} are asked for`)
      : undefined;
  };

  const add = async (asked: Asked): Promise<Verdict> => {
    const { message, requestId, fields, dueS, nowS } = asked;
    const purse = await purses.of(fields);
    const refused = checkPurse(fields, purse, dueS) ?? (await checkChain(asked));
    if (refused !== undefined) return { refused };
    const [lock, endsAtS, { amount }] = [lockUp(fields), endOf(fields, dueS), purse];
    await keepInput(deps, message); // first: what is in the store has its input
    const { blockNumber: height } = await deps.view.head();
    const hasInput = message.input !== undefined;
    const words = message.request;
    const entry: SignedRequestEntry = {
      ...{ requestId, words, fields, signature: message.signature, lock, height, endsAtS, hasInput },
      heardMs: clock.now(),
    };
    const added = await signed.add(entry, { ...limits, amount }, nowS);
    if (added === "added") onNew(requestId);
    return typeof added === "object" ? { refused: await onTwin(added.twin, asked) } : verdictOf(added);
  };

  /** A request that is known: its input may still come, from whoever asks until the round, from peers until the end. */
  const takeInput = async (known: KnownSignedRequest, { message, dueS, nowS }: Asked): Promise<Verdict> => {
    if (known.ended !== undefined || nowS > known.endsAtS) return { refused: refuse("RequestOver", known.ended) };
    const wrong = checkInput(message, limits.maxInputBytes);
    if (wrong !== undefined) return { refused: wrong };
    if (message.input === undefined || known.settled !== undefined) return { isNew: false };
    const isToNote = nowS < dueS && !known.hasInput;
    if (!(await deps.hasInput(message.request.inputDigest))) await keepInput(deps, message); // before it is noted
    if (!isToNote) return { isNew: false };
    if (!(await signed.noteInput(known, clock.now()))) return verdictOf("tooManyUnpaid");
    onNew(known.requestId);
    return { isNew: false };
  };

  const takeFresh = async (asked: Asked, address: string): Promise<Verdict> => {
    const refused = await checkOffline(asked, address);
    return refused === undefined ? add(asked) : { refused };
  };

  return {
    accept: async (message, address) => {
      const requestId = requestIdOf(deps.instance, message.request);
      const fields = decodeRequest(message.request);
      const asked = { message, requestId, fields, dueS: deps.roundTimeS(fields.round), nowS: await deps.nowS() };
      const known = await signed.load(requestId);
      const verdict = known === undefined ? await takeFresh(asked, address) : await takeInput(known, asked);
      return "refused" in verdict ? verdict : { ...verdict, requestId };
    },
  };
};

function checkInput({ request, input }: SignedRequestMessage, maxBytes: number): Refused | undefined {
  if (input === undefined) return undefined;
  if (byteLength("input", input) > maxBytes) return refuse("InputTooLong", `at most ${maxBytes} bytes`);
  return keccak256(input) === request.inputDigest ? undefined : refuse("InputMismatch");
}

async function keepInput({ putInput }: Pick<SignedDoorDeps, "putInput">, { request, input }: SignedRequestMessage) {
  if (input !== undefined) await putInput(request.inputDigest, hexToBytes(input));
}

function verdictOf(added: Exclude<SignedAdded, object>): Verdict {
  if (added === "tooMany") return { refused: refuse("TooManyOpen") };
  if (added === "tooManyUnpaid")
    return { refused: refuse("TooManyOpen", "too many of this requester are not paid yet") };
  if (added === "purseTooSmall") return { refused: refuse("PurseTooSmall", "other requests on it are open") };
  return { isNew: added === "added" };
}
