import { truth } from "../rules/digest.ts";
import { binomialTail } from "../exact/binomial.ts";
import { enumerateRequests } from "../exact/enumerate.ts";
import { makeColluding } from "../strategies/colluding.ts";
import { makeHonest } from "../strategies/honest.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { tiltedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld, type RequestResult } from "../world/request.ts";
import { pays, type Setting, settingOf } from "../world/setting.ts";
import { type Plot, pointOf, type Series } from "../plots/plot.ts";
import { defaultQuorum } from "../rules/agreement.ts";
import type { Cell, Effort, FigureMaker } from "./figure.ts";

const shares = [0.1, 0.2, 0.33];
const sizes = [1, 3, 5, 10, 21];

type Lane = Setting["lane"];

const settingFor = (share: number, k: number, lane: Lane): Setting =>
  settingOf({ honest: makeHonest(), adversary: makeColluding({ attacksWith: "quorum" }), share, k, lane });

const isWrong = ({ delivered }: RequestResult): boolean => delivered !== undefined && delivered !== truth;

/**
 * By enumeration over the same rules: the probability that a wrong result is delivered, and what the adversary's nodes
 * pay for each, in pays: stake lost in attacks less what these earned.
 */
export function exactWrong(share: number, k: number, lane: Lane): { readonly wrong: number; readonly price: number } {
  const setting = settingFor(share, k, lane);
  let [wrong, loss] = [0, 0];
  enumerateRequests(setting, (probability, result) => {
    if (isWrong(result)) wrong += probability;
    if (result.seats.adversary >= setting.quorum) loss -= probability * pays(result.books.balanceOf("adversary"));
  });
  return { wrong, price: loss / wrong };
}

/** The probability by importance sampling through the draw. */
export function simulateWrong(share: number, k: number, lane: Lane, { seed, requests }: Effort): Estimate {
  const setting = settingFor(share, k, lane);
  const atQuorum = Math.max(share, Math.min(0.95, setting.quorum / k));
  const byQuorum = (level: number): number => (level === 0 ? atQuorum : share);
  const byEverySeat = (level: number): number => (level === 0 ? 0.95 : share);
  const byPanels = (level: number): number => [Math.min(0.95, atQuorum + 0.1), 0.7, 0.4][level] ?? share;
  const drawnShares = lane === "instant" ? [byQuorum] : [byEverySeat, byPanels];
  return runCampaign(makeWorld(setting, tiltedCamps({ share, drawnShares })), seed + k, requests).wrong;
}

type Found = { readonly share: number; readonly k: number; readonly lane: Lane; readonly simulated: Estimate };

function rowOf(share: number, k: number, found: readonly Found[]): Cell[] {
  const of = (lane: Lane): Cell[] => {
    const { wrong, price } = exactWrong(share, k, lane);
    const one = found.find((each) => each.share === share && each.k === k && each.lane === lane);
    return [wrong, one?.simulated, price];
  };
  return [`${share * 100}%`, String(k), ...of("instant"), ...of("window")];
}

export const wrongResultsFigure: FigureMaker = {
  name: "wrongResults",
  make: (effort) => {
    const found = shares.flatMap((share) =>
      sizes.flatMap((k) =>
        (["instant", "window"] as const).map((lane) => ({
          share,
          k,
          lane,
          simulated: simulateWrong(share, k, lane, effort),
        })),
      ),
    );
    return {
      ...{ name: "wrongResults", title: "Wrong results accepted, by adversary share, k and lane" },
      notes: [
        "All of the adversary's nodes collude and attack when they hold a quorum (2k/3 + 1). Instant: they settle as soon as the",
        "round is known, before others finish, and a dispute comes after delivery. Window: a dissent or dispute comes before.",
        "Price: what their nodes lose per wrong result delivered, in pays, at a stake of 100 pays; a prize above it makes the",
        "attack pay. Negative: they earn, for where they hold every seat nobody in the committee disputes. Watchers: none.",
      ],
      head: [
        "share",
        "k",
        "instant",
        "instant, simulated",
        "instant: price",
        "window",
        "window, simulated",
        "window: price",
      ],
      rows: shares.flatMap((share) => sizes.map((k) => rowOf(share, k, found))),
      plots: [wrongPlot(found)],
    };
  },
};

function wrongPlot(found: readonly Found[]): Plot {
  const grid = Array.from({ length: 49 }, (_, i) => 0.01 + 0.01 * i);
  const curve = (k: number): Series => ({
    ...{ name: `k = ${k}`, style: "line" },
    points: grid.map((x) => ({ x, y: binomialTail(k, defaultQuorum(k), x) })),
  });
  const instant = found.filter(({ lane }) => lane === "instant");
  return {
    ...{ name: "wrong-results", title: "Wrong results accepted without a challenge window (default quorum)" },
    x: { label: "adversary's share of the pool", scale: "linear", unit: "percent", from: 0, to: 0.5 },
    y: { label: "probability per request", scale: "log", from: 1e-12, to: 1 },
    series: [
      ...sizes.map(curve),
      { name: "simulated", style: "dots", points: instant.map(({ share, simulated }) => pointOf(share, simulated)) },
    ],
  };
}
