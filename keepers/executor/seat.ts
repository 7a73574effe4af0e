/** A seat in a committee or panel, and what of it lives in memory only: lost in a restart, and then done again. */
import type { Subject } from "../network/client.ts";
import type { Committee } from "../network/committees.ts";

export type Seat = {
  readonly committee: Committee;
  readonly nodeId: bigint;
  /** Messages whose delivery was started by this process. */
  readonly delivering: Set<string>;
  /** Sets of leaves that peers have been told of. */
  readonly relayed: Set<string>;
  readonly signal: AbortSignal;
  /** Runs work beside the pass; afterwards the seat is looked at again. */
  readonly aside: (work: () => Promise<unknown>) => void;
};

/** The other members. */
export const peersOf = ({ committee, nodeId }: Pick<Seat, "committee" | "nodeId">): readonly bigint[] =>
  committee.members.map((member) => member.nodeId).filter((member) => member !== nodeId);

/** What the members of a seat's committee or panel speak about. */
export const subjectOf = ({ committee }: Pick<Seat, "committee">): Subject => ({
  requestId: committee.request.requestId,
  level: committee.level,
});

/** Who may have the input: the other members, and for a panel those who were asked before it. */
export const inputPeersOf = (seat: Pick<Seat, "committee" | "nodeId">): readonly bigint[] => [
  ...peersOf(seat),
  ...seat.committee.earlier,
];
