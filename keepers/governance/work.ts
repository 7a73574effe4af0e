/** Settled requests that emissions have not recorded, and that slots still hold. */
import { type Hex, zeroAddress } from "viem";
import { outcomeOf } from "../../sdk/agreement/outcome.ts";
import { committee } from "../../sdk/client/committee.ts";
import { hasBit } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { payPerAsk, shareDown } from "../../sdk/money/lock.ts";
import { decodeHead } from "../../sdk/words/head.ts";
import { decodeSlotWord, holdsOutcome } from "../../sdk/words/slot-word.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import type { Io } from "../cli/io.ts";
import { eventsIn, scanLogs } from "../cli/logs.ts";
import { escrowOf, nodesOf } from "../cli/reads.ts";
import { madeIn, startOf } from "../cli/requests.ts";
import type { Session } from "../cli/session.ts";
import { logFilterOf } from "../chain/events.ts";
import { emissionsOf, type Governance } from "./contracts.ts";

/** `value` is what the nodes are credited in all, in units of ATOMA; `nodeIds` are those. */
export type Work = {
  readonly requestId: Hex;
  readonly shown: { readonly request: MadeRequest["words"]; readonly digest: Hex; readonly head: bigint };
  readonly nodeIds: readonly bigint[];
  readonly value: bigint;
};

type Settled = { readonly made: MadeRequest; readonly digest: Hex; readonly head: bigint };

/** Requests of the last `blocks` blocks that were settled. */
const readSettled = async (io: Io, session: Session, blocks: bigint): Promise<readonly Settled[]> => {
  const made = new Map<Hex, MadeRequest>();
  const settled: Settled[] = [];
  const filter = { ...logFilterOf(session.instance), address: session.instance.escrow };
  const range = { from: await startOf(session, blocks), what: "Settled requests are looked for" };
  for await (const logs of scanLogs(io, session, filter, range))
    for (const placed of eventsIn(session, logs)) {
      for (const one of madeIn(placed)) made.set(one.requestId, one);
      if (placed.event.eventName !== "Settled") continue;
      const { requestId, digest, head } = placed.event.args;
      const request = made.get(requestId);
      if (request !== undefined) settled.push({ made: request, digest, head });
    }
  return settled;
};

/** Whether the slot holds it still; emissions ask the same. */
const isHeld = async (session: Session, { made, digest, head }: Settled): Promise<boolean> => {
  const { requestId, fields } = made;
  const args = [fields.requester, fields.slot] as const;
  const word = await session.context.publicClient.readContract({ ...escrowOf(session), functionName: "slotOf", args });
  const { state } = decodeSlotWord(word);
  const outcome = outcomeOf({ requestId, digest, head, settler: zeroAddress });
  return (state === "settled" || state === "callbackFailed") && holdsOutcome(word, outcome);
};

/** Whether a node was jailed at that time or later, released since or not. */
const wasJailed = async (session: Session, { nodeId }: Member, sinceS: bigint): Promise<boolean> => {
  const args = [Number(nodeId)] as const;
  const of = { ...nodesOf(session), functionName: "lastJailedAt", args } as const;
  return (await session.context.publicClient.readContract(of)) >= sinceS;
};

/**
 * Whom emissions credit: who attested, except who was jailed after the request was made where it had a challenge window.
 * Undefined where the round is not known.
 */
const creditedMembers = async (session: Session, { made, head }: Settled): Promise<readonly Member[] | undefined> => {
  const members = await committee(session.context, made.words);
  const { attested } = decodeHead(head);
  const paid = members?.filter((_, seat) => hasBit(attested, seat));
  if (paid === undefined || made.fields.challengeWindowS === 0n) return paid;
  const jailed = await Promise.all(paid.map((member) => wasJailed(session, member, made.fields.submittedAtS)));
  return paid.filter((_, i) => jailed[i] === false);
};

const workOf = async (session: Session, settled: Settled, price: bigint): Promise<Work | undefined> => {
  const { made, digest, head } = settled;
  const credited = await creditedMembers(session, settled);
  if (credited === undefined) return undefined;
  const feeOf = (ask: bigint): bigint => shareDown(ask * payPerAsk(made.fields), made.fields.protocolFeeBps);
  const value = credited.reduce((total, { ask }) => total + (feeOf(ask) * 10n ** 18n) / price, 0n);
  const shown = { request: made.words, digest, head };
  return { requestId: made.requestId, shown, nodeIds: credited.map(({ nodeId }) => nodeId), value };
};

/** What can be recorded now, the oldest first; of one node where `nodeId` says which. */
export const readWork = async (
  io: Io,
  governance: Governance,
  { blocks, nodeId }: { readonly blocks: bigint; readonly nodeId: bigint | undefined },
): Promise<readonly Work[]> => {
  const { session } = governance;
  const of = emissionsOf(governance);
  const { publicClient } = session.context;
  const price = await publicClient.readContract({ ...of, functionName: "price" });
  const found: Work[] = [];
  for (const settled of await readSettled(io, session, blocks)) {
    const args = [settled.made.requestId] as const;
    if (await publicClient.readContract({ ...of, functionName: "isRecorded", args })) continue;
    if (!(await isHeld(session, settled))) continue;
    const work = await workOf(session, settled, price);
    if (work === undefined || work.value === 0n) continue;
    if (nodeId === undefined || work.nodeIds.includes(nodeId)) found.push(work);
  }
  return found;
};
