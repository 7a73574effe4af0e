import { type Hex, toHex } from "viem";
import { anyAsk, draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import type { Random } from "../random.ts";
import type { Move } from "../rules/commitment.ts";
import { truth, type Vote } from "../rules/digest.ts";
import type { Rules } from "../rules/rules.ts";
import { plotted, type Strategy } from "../strategies/strategy.ts";
import type { Camp, Camps } from "./camps.ts";

/** A committee or panel after it moved: in draw order the members, their camps, moves and attestations that count. */
export type Bench = {
  readonly level: number;
  readonly members: readonly Member[];
  readonly camps: readonly Camp[];
  readonly moves: readonly Move[];
  readonly votes: readonly Vote[];
};

/** Yields the members of a committee or panel, fewer than `seats` if the pool has no more. */
export type Seating = (level: number, seats: number, excluded: readonly bigint[]) => readonly Member[];

/** One request under way: who is seated, on which side, and what the nodes draw on. */
export type Session = {
  readonly seating: Seating;
  readonly camps: Camps;
  readonly random: Random;
  readonly cheapAnswer: number;
  readonly rules: Rules;
  readonly strategies: Readonly<Record<Camp, Strategy>>;
};

const randomnessWords = 7; // 224 bits; the beacon's randomness has 216

/** Seats nodes by the protocol's draw, each level under fresh randomness. */
export function drawnSeating(entries: readonly Member[], requestId: Hex, random: Random): Seating {
  return (level, seats, excluded) => {
    const randomness = random.words(randomnessWords) >> 8n;
    const seed = seedOf(randomness, requestId, BigInt(level));
    return draw({ snapshot: { entries }, seed, k: BigInt(seats), maxAsk: anyAsk, excluded });
  };
}

/** Lets the members of a committee or panel move, each by its camp's strategy. `needed` matching attestations decide. */
export function benchOf(
  session: Session,
  level: number,
  members: readonly Member[],
  needed: number,
  isAttack: boolean,
): Bench {
  const { camps: sides, random, cheapAnswer, strategies, rules } = session;
  const camps = members.map(({ nodeId }, place) => sides.seat(nodeId, level, place));
  const met = { honest: 0, adversary: 0 };
  const allies = { honest: 0, adversary: 0 };
  for (const camp of camps) allies[camp]++;
  const seats = members.length;
  const moves = camps.map((camp) => {
    const place = { allies: allies[camp], allyIndex: met[camp]++ };
    return strategies[camp].play({ level, seats, needed, isAttack, cheapAnswer, random, ...place });
  });
  return { level, members, camps, moves, votes: rules.votesOf(moves) };
}

/** Whether a camp attested its plotted digest there. */
export function isAttacked({ votes }: Bench): boolean {
  return votes.includes(plotted);
}

/** A request's number as its id. */
export function requestIdOf(index: number): Hex {
  return toHex(index, { size: 32 });
}

/** Whether a bench holds somebody who computed the truth. */
export function knowsTruth({ moves }: Bench): boolean {
  return moves.some((move) => move.kind === "attest" && move.isComputed && move.digest === truth);
}
