/** Finds out who was drawn for each request, and remembers it: a draw never changes while its round does not. */
import type { Member } from "../../sdk/committee/snapshot.ts";
import type { Timeline } from "../../sdk/time/timeline.ts";
import type { RequestSummary } from "../chain/requests.ts";
import type { ChainRound } from "../chain/view.ts";
import { type Committees, seatOf } from "../network/committees.ts";

/** Who was drawn, and when what is due; undefined while nobody is. */
export type Drawn = { readonly members: readonly Member[]; readonly timeline: Timeline; readonly seat: number };

export type DrawnDeps = {
  readonly committees: Pick<Committees, "of">;
  readonly round: (round: bigint) => Promise<ChainRound | undefined>;
};

/** Draws for all requests of one pass. */
export type DrawnLookup = (request: RequestSummary, nodeId: bigint | undefined) => Promise<Drawn | undefined>;

const maxKept = 20_000;

/** A function that makes a lookup for one pass, in which each round is read once. */
export const makeDrawn = ({ committees, round }: DrawnDeps): (() => DrawnLookup) => {
  const kept = new Map<string, Drawn>();
  return () => {
    const rounds = new Map<bigint, Promise<ChainRound | undefined>>();
    const roundOf = (number: bigint): Promise<ChainRound | undefined> => {
      const known = rounds.get(number) ?? round(number);
      rounds.set(number, known);
      return known;
    };
    return async (request, nodeId) => {
      const posted = await roundOf(request.fields.round);
      if (posted === undefined) return undefined;
      const key = `${request.requestId} ${posted.randomness} ${posted.postedAtS} ${nodeId ?? 0n}`;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const found = await committees.of(request);
      if ("missing" in found) return undefined;
      const { members, timeline } = found.committee;
      const drawn = { members, timeline, seat: nodeId === undefined ? -1 : seatOf(found.committee, nodeId) };
      const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(key, drawn);
      return drawn;
    };
  };
};
