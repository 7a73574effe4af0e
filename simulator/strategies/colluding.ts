import { claim, computed, plotted, type Seat, silent, type Strategy } from "./strategy.ts";

export type ColludingInput = {
  /** When the camp attests its wrong digest: with a quorum of its own, with every seat, or always. */
  readonly attacksWith: "quorum" | "everySeat" | "anySeat";
};

/**
 * Nodes that agree on a wrong digest when they hold enough of a committee and are honest otherwise. On a panel over their
 * own attack they decide if they can, keep it from deciding if they can, and else vote for the truth and the pay.
 */
export function makeColluding({ attacksWith }: ColludingInput): Strategy {
  const least = ({ seats, needed }: Seat): number => ({ quorum: needed, everySeat: seats, anySeat: 1 })[attacksWith];
  const onCommittee = (seat: Seat) => (seat.allies >= least(seat) ? claim(plotted) : computed);
  return { name: "colluding", play: (seat) => (seat.level === 0 ? onCommittee(seat) : defend(seat)) };
}

function defend({ isAttack, allies, seats, needed }: Seat) {
  if (!isAttack) return computed;
  if (allies >= needed) return claim(plotted);
  return allies > seats - needed ? silent : computed;
}
