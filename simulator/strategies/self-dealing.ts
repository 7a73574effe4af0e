import { truth } from "../rules/digest.ts";
import { claim, computed, plotted, type Strategy } from "./strategy.ts";

/** The first of the camp's members attests a wrong digest, for the camp itself to dispute; all others are honest. */
export const selfDisputing: Strategy = {
  name: "self-disputing",
  play: ({ level, allyIndex }) => (level === 0 && allyIndex === 0 ? claim(plotted) : computed),
};

/** Agrees to anything without computing, in requests that its own operator made. */
export const rubberStamping: Strategy = { name: "rubber stamp", play: () => claim(truth) };
