import { claim, computed, type Seat, type Strategy, uniqueDigest } from "./strategy.ts";
import { truth } from "../rules/digest.ts";

export type LazyInput = {
  /** Probability that its guess is right, drawn for each node. Undefined: it guesses what all lazy nodes guess. */
  readonly rightGuess?: number;
  /** Whether it computes when it sits on a panel. */
  readonly isDiligentJuror?: boolean;
};

/** Attests without computing. */
export function makeLazy({ rightGuess, isDiligentJuror = false }: LazyInput = {}): Strategy {
  const guess = ({ random, cheapAnswer }: Seat): number => {
    if (rightGuess === undefined) return cheapAnswer;
    return random.chance(rightGuess) ? truth : uniqueDigest(random);
  };
  return {
    name: "lazy",
    play: (seat) => (isDiligentJuror && seat.level > 0 ? computed : claim(guess(seat))),
  };
}
