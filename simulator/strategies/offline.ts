import { computed, silent, type Strategy } from "./strategy.ts";

/** Honest, but away with a probability at each request and each panel. */
export function makeOffline(away: number): Strategy {
  return { name: "offline", play: ({ random }) => (random.chance(away) ? silent : computed) };
}
