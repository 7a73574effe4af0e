/** Who was drawn for a request: a pure function of public data, computed where it is needed and kept for a while. */
import type { Hex } from "viem";
import type { ChainRequest, ChainView } from "../chain/view.ts";
import { draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { roundVerdict } from "../../sdk/time/round-verdict.ts";
import { type Timeline, timelineOf } from "../../sdk/time/timeline.ts";
import type { RefusalName } from "./refusals.ts";

/** A request as far as its committee depends on it. */
export type Drawable = Omit<ChainRequest, "data"> & Partial<Pick<ChainRequest, "data">>;

/** The committee of a request, in draw order. */
export type Committee = {
  readonly request: Drawable;
  readonly members: readonly Member[];
  readonly quorum: number;
  readonly timeline: Timeline;
};

/** The committee, or the name of the reason why there is none (yet). */
export type CommitteeLookup =
  | { readonly committee: Committee }
  | {
      readonly missing: Extract<
        RefusalName,
        "RequestUnknown" | "RoundUnknown" | "RoundRefused" | "CommitteeIncomplete"
      >;
    };

export type Committees = {
  /** Rejects where the view cannot read a snapshot. */
  of(request: Drawable): Promise<CommitteeLookup>;
  byId(requestId: Hex): Promise<CommitteeLookup>;
};

export type CommitteesDeps = {
  readonly view: Pick<ChainView, "request" | "round" | "snapshot">;
  /** The time that a beacon round is due, Unix seconds. */
  readonly roundTimeS: (round: bigint) => bigint;
  /** Draws kept in memory. */
  readonly maxKept?: number;
};

/** Draws committees of level 0. A draw depends on the posted round only, so it is repeated if a reorganisation changes that. */
export const makeCommittees = ({ view, roundTimeS, maxKept = 4_096 }: CommitteesDeps): Committees => {
  const drawn = new Map<string, readonly Member[]>();

  const membersOf = async ({ requestId, fields }: Drawable, randomness: bigint): Promise<readonly Member[]> => {
    const key = `${requestId} ${randomness}`;
    const known = drawn.get(key);
    if (known !== undefined) return known;
    const snapshot = await view.snapshot(fields.snapshotId);
    const seed = seedOf(randomness, requestId, 0n);
    const members = draw({ snapshot, seed, k: fields.k, maxAsk: fields.maxAsk });
    const oldest = drawn.size >= maxKept ? drawn.keys().next().value : undefined;
    if (oldest !== undefined) drawn.delete(oldest);
    drawn.set(key, members);
    return members;
  };

  const of = async (request: Drawable): Promise<CommitteeLookup> => {
    const { fields } = request;
    const round = await view.round(fields.round);
    if (round === undefined) return { missing: "RoundUnknown" };
    const dueS = roundTimeS(fields.round);
    if (roundVerdict(fields, dueS, round.postedAtS) !== "good") return { missing: "RoundRefused" };
    const members = await membersOf(request, round.randomness);
    if (BigInt(members.length) < fields.k) return { missing: "CommitteeIncomplete" };
    const timeline = timelineOf(fields, dueS, round.postedAtS);
    return { committee: { request, members, quorum: Number(fields.quorum), timeline } };
  };

  const byId = async (requestId: Hex): Promise<CommitteeLookup> => {
    const request = await view.request(requestId);
    return request === undefined ? { missing: "RequestUnknown" } : of(request);
  };

  return { of, byId };
};

/** Position of a node in draw order, or -1. */
export const seatOf = ({ members }: Pick<Committee, "members">, nodeId: bigint): number =>
  members.findIndex((member) => member.nodeId === nodeId);
