import type { Estimate } from "../statistics/estimate.ts";
import type { Plot } from "../plots/plot.ts";

/** What a table holds: a word, a number that is computed, a figure with an error, or nothing. */
export type Cell = string | number | boolean | Estimate | undefined;

/** A table of results with what its reader must know, and the plots that show it. */
export type Figure = {
  readonly name: string;
  readonly title: string;
  /** Sentences under the title. */
  readonly notes: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly plots: readonly Plot[];
};

/** How much to simulate. `requests` is per point of a figure. */
export type Effort = { readonly seed: number; readonly requests: number };

/** Makes a figure. */
export type FigureMaker = { readonly name: string; readonly make: (effort: Effort) => Figure };
