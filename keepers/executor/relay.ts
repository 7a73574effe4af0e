/**
 * Before a member reveals early it tells its peers of all the commits it holds. So whoever showed different leaves to
 * different members is found out while nobody has revealed anything, and cannot copy from the first who does.
 */
import type { Acceptance } from "../network/acceptance.ts";
import type { Broadcast } from "../network/broadcast.ts";
import type { PeerClient, Subject } from "../network/client.ts";
import type { HeldStore } from "../network/held.ts";
import type { CommitMessage } from "../network/messages.ts";
import { takeOver } from "../network/pull.ts";
import type { Clock } from "../runtime/clock.ts";
import { peersOf, type Seat, subjectOf } from "./seat.ts";

export type RelayDeps = {
  readonly held: Pick<HeldStore, "read">;
  readonly acceptance: Acceptance;
  readonly client: Pick<PeerClient, "sendRelay" | "held">;
  readonly broadcast: Broadcast;
  readonly clock: Pick<Clock, "now">;
};

/** How long peers are waited for. */
const timeoutMs = 1_500;

/** Makes the function that tells the peers of a seat, each once. Rejects only where the store or the view fails. */
export const makeRelay = ({ held, acceptance, client, broadcast, clock }: RelayDeps) => {
  /** A peer that refuses one of the commits knows more: what it holds is taken over. */
  const tell = async (subject: Subject, commits: readonly CommitMessage[], endpoint: string, signal: AbortSignal) => {
    const answer = await client.sendRelay(endpoint, commits, signal);
    if (!("value" in answer) || answer.value.every((error) => error === null)) return answer;
    const theirs = await client.held(endpoint, subject, signal);
    if ("value" in theirs) await takeOver(acceptance, subject, theirs.value);
    return answer;
  };

  return async (seat: Seat): Promise<void> => {
    const subject = subjectOf(seat);
    const { commits } = await held.read(subject.requestId, subject.level);
    await broadcast({
      nodeIds: peersOf(seat),
      untilMs: clock.now(), // no second try
      signal: AbortSignal.any([seat.signal, AbortSignal.timeout(timeoutMs)]),
      send: (endpoint, signal) => tell(subject, commits, endpoint, signal),
    });
  };
};
