/**
 * The one door through which messages come in, whether sent to this node, pulled from peers or its own: each is checked
 * against the drawn committee, the clock and its signature before it is stored.
 */
import type { Address, Hex } from "viem";
import { attestationHash } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { commitHash } from "../../sdk/agreement/commit.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { recoverSigner } from "../../sdk/agreement/recover.ts";
import { hasBit, indicesOf } from "../../sdk/committee/bitmap.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Committee, type Committees, seatOf } from "./committees.ts";
import { exchangeTimesOf } from "./exchange-times.ts";
import type { Added, HeldStore } from "./held.ts";
import type { AttestationMessage, AttestationWithResult, CommitMessage } from "./messages.ts";
import { type RateLimit, unlimited } from "./rate-limit.ts";
import { type RefusalName, refuse, type Refused, type Verdict } from "./refusals.ts";
import { isResultOf } from "./results.ts";

/** How a commit came: sent by POST, or asked for from a peer that says it held it in time. */
export type Via = "post" | "pull";

export type Acceptance = {
  commit(message: CommitMessage, via: Via): Promise<Verdict>;
  attestation(message: AttestationWithResult): Promise<Verdict>;
};

export type AcceptanceDeps = {
  readonly committees: Committees;
  readonly held: HeldStore;
  readonly view: Pick<ChainFollower, "signersAt">;
  readonly instance: { readonly chainId: bigint; readonly escrow: Address };
  readonly clock: Pick<Clock, "now">;
  /** Takes messages of requests that are over too: as evidence, by a keeper that does nothing else with them. */
  readonly afterEnd?: boolean;
  /** Per signing node; its signature has been checked by then. */
  readonly perSigner?: RateLimit;
  /** Called when something new was stored for a request. */
  readonly onNew?: (requestId: Hex, level: bigint) => void;
};

type Subject = Pick<CommitMessage, "requestId" | "level" | "nodeId">;
type Located = { readonly committee: Committee; readonly seat: number };

/** Makes the door. Rejects only where the store or the view fails. */
export const makeAcceptance = (deps: AcceptanceDeps): Acceptance => {
  const { committees, held, instance, clock, afterEnd = false, onNew = () => {} } = deps;
  const { chainId, escrow } = instance;
  const checkTime = (committee: Committee, nowMs: number, via: Via): Refused | undefined =>
    afterEnd && isOver(committee, nowMs) ? undefined : checkCommitTime(committee, nowMs, via);
  const isTooLate = (committee: Committee, nowMs: number): boolean => !afterEnd && isOver(committee, nowMs);

  const commit: Acceptance["commit"] = async (message, via) => {
    const nowMs = clock.now();
    const located = await locate(committees, message);
    if ("error" in located) return { refused: located };
    const { committee } = located;
    const late = checkTime(committee, nowMs, via);
    if (late !== undefined) return { refused: late };
    if (await held.hasCommit(message)) return { isNew: false };
    const wrong = await checkSigner(deps, committee, message, commitHash(chainId, escrow, message));
    if (wrong !== undefined) return { refused: wrong };
    if (isTooLate(committee, nowMs)) return { refused: refuse("RequestOver") };
    const added = await held.addCommit(message, nowMs);
    if (added === "first" || added === "second") onNew(message.requestId, message.level);
    return verdictOf(added, { second: "TwoLeaves", full: "TwoLeaves" });
  };

  const attestation: Acceptance["attestation"] = async (message) => {
    const nowMs = clock.now();
    const located = await locate(committees, message);
    if ("error" in located) return { refused: located };
    const { committee, seat } = located;
    const malformed = checkShape(message, committee, seat);
    if (malformed !== undefined) return { refused: malformed };
    if (await held.hasAttestation(message)) return { isNew: false };
    const wrong = await checkSigner(deps, committee, message, attestationHash(chainId, escrow, message));
    if (wrong !== undefined) return { refused: wrong };
    if (!(await isOpened(held, message, seat))) return { refused: refuse("LeafMismatch") };
    if (isTooLate(committee, nowMs)) return { refused: refuse("RequestOver") };
    const added = await held.addAttestation(message, nowMs);
    if (added === "first" || added === "second") onNew(message.requestId, message.level);
    return verdictOf(added, { second: "TwoDigests", full: "TooManyAttestations" });
  };

  return { commit, attestation };
};

/** The committee that a message belongs to, and its sender's seat there. */
async function locate(committees: Committees, { requestId, level, nodeId }: Subject): Promise<Located | Refused> {
  const found = await committees.byId(requestId, level);
  if ("missing" in found) return refuse(found.missing);
  const seat = seatOf(found.committee, nodeId);
  return seat < 0 ? refuse("NotMember", `node ${nodeId}`) : { committee: found.committee, seat };
}

function checkCommitTime({ timeline }: Committee, nowMs: number, via: Via): Refused | undefined {
  const { commitEndMs, pullEndMs } = exchangeTimesOf(timeline);
  const lateByMs = nowMs - (via === "post" ? commitEndMs : pullEndMs);
  return lateByMs > 0 ? refuse("CommitTooLate", `${lateByMs} ms after the end`) : undefined;
}

/** A dispute goes on whatever becomes of the request. */
function isOver({ request, level, timeline }: Committee, nowMs: number): boolean {
  const isLive = level > 0n || request.state === "open" || request.state === "recorded";
  return !isLive || nowMs > exchangeTimesOf(timeline).deadlineMs;
}

/** The keys that count are those with which the chain would settle: the present one, and that of the request's block. */
async function checkSigner(
  { view, perSigner = unlimited }: Pick<AcceptanceDeps, "view" | "perSigner">,
  { request }: Committee,
  { nodeId, signature }: Pick<CommitMessage, "nodeId" | "signature">,
  hash: Hex,
): Promise<Refused | undefined> {
  const signer = recoverSigner(hash, signature);
  if (signer === undefined || !(await view.signersAt(nodeId, request.blockNumber)).includes(signer))
    return refuse("WrongSigner", `node ${nodeId}`);
  return perSigner.take(nodeId.toString()) ? undefined : refuse("TooManyRequests", `node ${nodeId}`);
}

/** Whether the salt opens the leaf that the root counts, and the node is not known to have committed to another only. */
async function isOpened(held: HeldStore, message: AttestationMessage, seat: number): Promise<boolean> {
  const leaf = message.leaves[indicesOf(message.committed).indexOf(seat)];
  if (leafOf(message) !== leaf) return false;
  const { commits } = await held.read(message.requestId, message.level);
  const own = commits.filter(({ nodeId }) => nodeId === message.nodeId);
  return own.length === 0 || own.some((one) => one.leaf === leaf);
}

/** What can be told of an attestation without its signature. */
function checkShape(message: AttestationWithResult, committee: Committee, seat: number): Refused | undefined {
  const { committed, leaves, commitRoot, digest, result } = message;
  const isSubset = committed >> BigInt(committee.members.length) === 0n;
  if (!isSubset || !hasBit(committed, seat) || indicesOf(committed).length !== leaves.length)
    return refuse("InvalidBitmap");
  if (commitRootOf(leaves) !== commitRoot) return refuse("CommitRootMismatch");
  return isResultOf(committee.request.fields, digest, result) ? undefined : refuse("ResultMismatch");
}

function verdictOf(added: Added, names: { readonly second: RefusalName; readonly full: RefusalName }): Verdict {
  if (added === "second" || added === "full") return { refused: refuse(names[added]) };
  return { isNew: added === "first" };
}
