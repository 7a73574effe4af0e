import { claim, computed, plotted, silent, type Strategy } from "./strategy.ts";

/** Silent exactly when the camp's silence keeps the others from a quorum; honest otherwise. */
export const blockingSilence: Strategy = {
  name: "silent when it blocks",
  play: ({ level, allies, seats, needed }) => (level === 0 && allies > seats - needed ? silent : computed),
};

/** Never says anything. */
export const alwaysSilent: Strategy = { name: "always silent", play: () => silent };

/** Silent on panels, when that keeps them from a decision; honest in committees. */
export const silentJuror: Strategy = {
  name: "silent juror",
  play: ({ level, allies, seats, needed }) => (level > 0 && allies > seats - needed ? silent : computed),
};

/** Attests a wrong digest in every committee, for no other reason than to force a dispute; honest on panels. */
export const dissenting: Strategy = {
  name: "dissenting",
  play: ({ level }) => (level === 0 ? claim(plotted) : computed),
};
