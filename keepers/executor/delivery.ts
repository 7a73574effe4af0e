/** Brings what this node has decided to all members, also what an earlier process decided. */
import type { Acceptance } from "../network/acceptance.ts";
import type { Broadcast, Delivery } from "../network/broadcast.ts";
import type { PeerClient } from "../network/client.ts";
import { exchangeTimesOf } from "../network/exchange-times.ts";
import type { AttestationWithResult, CommitMessage } from "../network/messages.ts";
import { signAttestation, type SigningInstance, type TypedDataSigner } from "../network/sign.ts";
import type { Log } from "../runtime/log.ts";
import type { Decision, OwnResult, Situation } from "./plan.ts";
import { peersOf, type Seat, subjectOf } from "./seat.ts";

export type DeliveryDeps = {
  readonly acceptance: Acceptance;
  readonly client: Pick<PeerClient, "sendCommit" | "sendAttestation">;
  readonly broadcast: Broadcast;
  readonly signer: TypedDataSigner;
  readonly instance: SigningInstance;
  readonly log: Log;
};

/** Makes the function that starts each delivery once per process. It signs only decisions that are kept. */
export const makeDeliver = ({ acceptance, client, broadcast, signer, instance, log }: DeliveryDeps) => {
  const start = (seat: Seat, message: string, untilMs: number, send: Delivery<true>["send"]): void => {
    if (seat.delivering.has(message)) return;
    seat.delivering.add(message);
    const { requestId } = seat.committee.request;
    void broadcast({ nodeIds: peersOf(seat), untilMs, signal: seat.signal, send }).then((report) =>
      log.debug({ requestId, message, ...report }, "a message was delivered"),
    );
  };

  const sign = async (seat: Seat, own: OwnResult, decision: Decision): Promise<AttestationWithResult> => {
    const { digest, salt, result } = own;
    const { committed, leaves } = decision;
    const subject = { ...subjectOf(seat), nodeId: seat.nodeId };
    const words = { ...subject, digest, committed, salt, leaves: [...leaves] };
    return { ...(await signAttestation(signer, instance, words)), result };
  };

  const attestation = async (seat: Seat, own: OwnResult, decision: Decision): Promise<void> => {
    const name = `attestation ${decision.root}`;
    if (seat.delivering.has(name)) return;
    const message = await sign(seat, own, decision);
    const { requestId } = message;
    const verdict = await acceptance.attestation(message);
    if ("refused" in verdict) log.warn({ requestId, ...verdict.refused }, "the own attestation is refused");
    const { deadlineMs } = exchangeTimesOf(seat.committee.timeline);
    start(seat, name, deadlineMs, (endpoint, signal) => client.sendAttestation(endpoint, message, signal));
  };

  return async (seat: Seat, { nowMs, times, own }: Situation, commits: readonly CommitMessage[]): Promise<void> => {
    const mine = commits.find(({ nodeId }) => nodeId === seat.nodeId);
    if (mine !== undefined && nowMs <= times.commitEndMs)
      start(seat, "commit", times.commitEndMs, (endpoint, signal) => client.sendCommit(endpoint, mine, signal));
    const { result, decisions } = own;
    if (result === undefined) return;
    for (const decision of decisions) await attestation(seat, result, decision);
  };
};
