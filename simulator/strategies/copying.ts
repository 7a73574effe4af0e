import { claim, computed, type Strategy } from "./strategy.ts";
import { truth } from "../rules/digest.ts";

/** Waits for the first digest that another member reveals, and says the same. */
export const copying: Strategy = { name: "copying", play: () => ({ kind: "copy" }) };

/** Several nodes of one operator: the first in a committee computes, the others repeat it. The chain cannot tell. */
export const siblings: Strategy = {
  name: "siblings",
  play: ({ allyIndex }) => (allyIndex === 0 ? computed : claim(truth)),
};
