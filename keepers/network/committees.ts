/** Who was drawn for a request, as its committee or for a panel: a pure function of public data, kept for a while. */
import type { Hex } from "viem";
import type { ChainRequest, ChainView } from "../chain/view.ts";
import { draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { roundVerdict } from "../../sdk/time/round-verdict.ts";
import { type Timeline, timelineOf } from "../../sdk/time/timeline.ts";
import type { RefusalName } from "./refusals.ts";

/** The last level of a dispute. */
export const topLevel = 2n;

/** A request as far as its committee depends on it. */
export type Drawable = Omit<ChainRequest, "data"> & Partial<Pick<ChainRequest, "data">>;

/** The committee of a request, in draw order, or a panel of the dispute over it: what is said of members goes for jurors. */
export type Committee = {
  readonly request: Drawable;
  /** 0 for the committee, 1 and 2 for panels. */
  readonly level: bigint;
  /** Nodes drawn at lower levels, who may have the input. */
  readonly earlier: readonly bigint[];
  readonly members: readonly Member[];
  /** Attestations that settle the request, or decide the level. */
  readonly quorum: number;
  readonly timeline: Timeline;
};

/** The committee, or the name of the reason why there is none (yet). */
export type CommitteeLookup =
  | { readonly committee: Committee }
  | {
      readonly missing: Extract<
        RefusalName,
        "RequestUnknown" | "UnknownLevel" | "RoundUnknown" | "RoundRefused" | "CommitteeIncomplete"
      >;
    };

export type Committees = {
  /** Rejects where the view cannot read a snapshot. */
  of(request: Drawable, level?: bigint): Promise<CommitteeLookup>;
  byId(requestId: Hex, level?: bigint): Promise<CommitteeLookup>;
};

/** Draws a panel: `before` is the committee, or the panel below. */
export type PanelSource = (before: Committee, level: bigint) => Promise<CommitteeLookup>;

export type CommitteesDeps = {
  readonly view: Pick<ChainView, "request" | "round" | "snapshot">;
  /** The time that a beacon round is due, Unix seconds. */
  readonly roundTimeS: (round: bigint) => bigint;
  /** Finds the panels of disputes; without it only level 0 is known. */
  readonly panels?: PanelSource | undefined;
  /** Draws kept in memory. */
  readonly maxKept?: number;
};

/** Draws committees, and panels upon them. A draw depends on the posted round only, so it is repeated if a reorganisation changes that. */
export const makeCommittees = ({ view, roundTimeS, panels, maxKept = 4_096 }: CommitteesDeps): Committees => {
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

  const committeeOf = async (request: Drawable): Promise<CommitteeLookup> => {
    const { fields } = request;
    const round = await view.round(fields.round);
    if (round === undefined) return { missing: "RoundUnknown" };
    const dueS = roundTimeS(fields.round);
    if (roundVerdict(fields, dueS, round.postedAtS) !== "good") return { missing: "RoundRefused" };
    const members = await membersOf(request, round.randomness);
    if (BigInt(members.length) < fields.k) return { missing: "CommitteeIncomplete" };
    const timeline = timelineOf(fields, dueS, round.postedAtS);
    const quorum = Number(fields.quorum);
    return { committee: { request, level: 0n, earlier: [], members, quorum, timeline } };
  };

  const of: Committees["of"] = async (request, level = 0n) => {
    if (level === 0n) return committeeOf(request);
    if (panels === undefined || level > topLevel) return { missing: "UnknownLevel" };
    const before = await of(request, level - 1n);
    return "missing" in before ? before : panels(before.committee, level);
  };

  const byId: Committees["byId"] = async (requestId, level = 0n) => {
    const request = await view.request(requestId);
    return request === undefined ? { missing: "RequestUnknown" } : of(request, level);
  };

  return { of, byId };
};

/** Position of a node in draw order, or -1. */
export const seatOf = ({ members }: Pick<Committee, "members">, nodeId: bigint): number =>
  members.findIndex((member) => member.nodeId === nodeId);
