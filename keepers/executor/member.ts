/** What a member does in one seat: looks at what is stored, commits, attests. */
import { exchangeTimesOf } from "../network/exchange-times.ts";
import type { HeldStore } from "../network/held.ts";
import { signCommit } from "../network/sign.ts";
import type { Clock } from "../runtime/clock.ts";
import { type DeliveryDeps, makeDeliver } from "./delivery.ts";
import type { OwnStore } from "./own-store.ts";
import { type Decision, nextStep, type OwnResult, type Situation, type Step } from "./plan.ts";
import { makeRelay, type RelayDeps } from "./relay.ts";
import type { Seat } from "./seat.ts";

export type MemberDeps = DeliveryDeps &
  RelayDeps & {
    readonly held: HeldStore;
    readonly own: OwnStore;
    readonly clock: Clock;
    readonly countAttestation?: (root: Decision["root"]) => void;
  };

/** All that is known of a seat, and what follows from it. */
export type Look = { readonly situation: Situation; readonly step: Step };

export type Member = {
  /** Finds out what is due, and brings on its way what was decided and is not yet being delivered. */
  look(seat: Seat): Promise<Look>;
  /** Signs the leaf; false if this node itself would not take it (the log says why). */
  commit(seat: Seat, own: OwnResult): Promise<boolean>;
  /** Decides on a root, or first tells peers of the commits; true if there is more to do at once. */
  attest(seat: Seat, step: Extract<Step, { kind: "attest" }>): Promise<boolean>;
};

/** Makes what all seats share. Its functions reject only where the store, the view or the signer fails. */
export const makeMember = (deps: MemberDeps): Member => {
  const { held, own, acceptance, signer, instance, clock, log } = deps;
  const deliver = makeDeliver(deps);
  const relay = makeRelay(deps);

  const look: Member["look"] = async (seat) => {
    const { committee, nodeId } = seat;
    const { level, request } = committee;
    const { requestId } = request;
    const { commits, attestations } = await held.read(requestId, level);
    const situation: Situation = {
      nowMs: clock.now(),
      times: exchangeTimesOf(committee.timeline),
      members: committee.members.map((member) => member.nodeId),
      quorum: committee.quorum,
      ownNodeId: nodeId,
      commits,
      attestations,
      own: { result: await own.result(requestId, nodeId), decisions: await own.decisions(requestId, nodeId) },
    };
    await deliver(seat, situation, commits);
    return { situation, step: nextStep(situation) };
  };

  const commit: Member["commit"] = async ({ committee, nodeId }, { leaf }) => {
    const { level, request } = committee;
    const { requestId } = request;
    const message = await signCommit(signer, instance, { requestId, level, nodeId, leaf });
    const verdict = await acceptance.commit(message, "post");
    if ("refused" in verdict) log.warn({ requestId, ...verdict.refused }, "the own commit is refused");
    return !("refused" in verdict);
  };

  const tellPeers = (seat: Seat, key: string): void => {
    if (seat.delivering.has(key)) return;
    seat.delivering.add(key);
    seat.aside(async () => {
      await relay(seat);
      seat.relayed.add(key);
    });
  };

  const attest: Member["attest"] = async (seat, { decision, isEarly }) => {
    const key = decision.leaves.join();
    if (isEarly && !seat.relayed.has(key)) {
      tellPeers(seat, key);
      return false;
    }
    await own.keepDecision(seat.committee.request.requestId, seat.nodeId, decision);
    deps.countAttestation?.(decision.root);
    return true; // the next look signs what was kept
  };

  return { look, commit, attest };
};
