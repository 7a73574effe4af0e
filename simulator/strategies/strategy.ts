import type { Random } from "../random.ts";
import type { Move } from "../rules/commitment.ts";
import { type Digest, truth } from "../rules/digest.ts";

/** What a node knows when it moves: its place, and what its allies sit on. */
export type Seat = {
  /** 0 = committee, 1 and 2 = panels. */
  readonly level: number;
  readonly seats: number;
  /** Matching attestations that settle or decide. */
  readonly needed: number;
  /** Nodes of the same camp in this committee or panel, and this node's place among them. */
  readonly allies: number;
  readonly allyIndex: number;
  /** Whether the camp attested its own wrong digest in the committee. */
  readonly isAttack: boolean;
  /** What everybody guesses who does not compute. It may be right. */
  readonly cheapAnswer: Digest;
  readonly random: Random;
};

/** How a node behaves. */
export type Strategy = { readonly name: string; readonly play: (seat: Seat) => Move };

/** The wrong digest that colluding nodes agree on. */
export const plotted: Digest = 1;
/** The wrong digest that those guess who guess alike. */
export const commonGuess: Digest = 2;

/** Computes, and says what came out. */
export const computed: Move = { kind: "attest", digest: truth, isComputed: true };
export const silent: Move = { kind: "silent" };

/** A digest that nobody else has. */
export function uniqueDigest(random: Random): Digest {
  return 3 + random.below(2 ** 32);
}

/** Says a digest without computing. */
export function claim(digest: Digest): Move {
  return { kind: "attest", digest, isComputed: false };
}
