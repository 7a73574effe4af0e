/** Where other verifiers come to another verdict than ours. */
import type { OracleName } from "../oracles.ts";

/** Titles of cases; a pattern stands for every case that it matches. */
export type Titles = readonly (string | RegExp)[];

/** In the place of an answer: it depends on the keys and levels drawn, and may be ours too. */
export const drawn = "drawn";

/** A difference that is known. `what`, `they` and `here` are a row of the page on attestation. */
export type Difference = {
  readonly what: string;
  readonly they: string;
  readonly here: string;
  /** The cases in which each verifier differs, and what it answers there: a status, then its advisories, or `refused`. */
  readonly of: Partial<Readonly<Record<OracleName, Readonly<Record<string, Titles>>>>>;
};

/** The verifiers that differ, as the page names them. */
export const whoDiffers = ({ of }: Difference): string => Object.keys(of).join(", ");
