import { enumerateRequests } from "../exact/enumerate.ts";
import { makeHonest } from "../strategies/honest.ts";
import { makeLazy } from "../strategies/lazy.ts";
import { tiltedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld, type RequestResult } from "../world/request.ts";
import { pays, type Setting, settingOf } from "../world/setting.ts";
import { type Plot, type Point, pointOf } from "../plots/plot.ts";
import { percent } from "./format.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const shares = [0.1, 0.33, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 0.99, 1];
const grid = [0.01, 0.05, 0.2, 0.4, 0.55, 0.85, 0.95];
/** What is left out of the enumeration changes no figure that is shown. */
const leastProbability = 1e-11;

type LazyShare = { readonly share: number; readonly watched?: number; readonly isDiligentJuror?: boolean };

const settingFor = ({ share, watched = 0, isDiligentJuror = false }: LazyShare): Setting =>
  settingOf({ honest: makeHonest(), adversary: makeLazy({ isDiligentJuror }), share, watched });

/** Profit per seat of lazy nodes that all guess the same wrong digest, and of the honest beside them; nobody watches. */
export function exactLazyShare(input: Omit<LazyShare, "watched">): { readonly lazy: number; readonly honest: number } {
  const nets = { adversary: 0, honest: 0 };
  const add = (probability: number, { books }: RequestResult): void => {
    nets.adversary += probability * pays(books.balanceOf("adversary"));
    nets.honest += probability * pays(books.balanceOf("honest"));
  };
  enumerateRequests(settingFor(input), add, leastProbability);
  const seats = settingFor(input).k;
  return { lazy: nets.adversary / (seats * input.share), honest: nets.honest / (seats * (1 - input.share)) };
}

/** The same by simulation. */
export function simulateLazyShare(input: LazyShare, { seed, requests }: Effort) {
  const camps = tiltedCamps({ share: input.share });
  return runCampaign(makeWorld(settingFor(input), camps), seed, requests).profitPerSeat;
}

type Found = { readonly share: number; readonly exact: ReturnType<typeof exactLazyShare>; readonly simulated: Pair };
type Pair = ReturnType<typeof simulateLazyShare>;

export const lazyShareFigure: FigureMaker = {
  name: "lazyShare",
  make: (effort) => {
    const found = shares.map((share) => ({
      share,
      exact: exactLazyShare({ share }),
      simulated: simulateLazyShare({ share }, effort),
    }));
    const less = { ...effort, requests: Math.ceil(effort.requests / 3) };
    const diligent = (share: number, watched: number) =>
      simulateLazyShare({ share, watched, isDiligentJuror: true }, less).adversary;
    return {
      ...{ name: "lazyShare", title: "Lazy nodes that guess alike, by their share of the pool" },
      notes: [
        "Profit in pays per seat, k = 10, stake of 100 pays, a common guess that is always wrong. Lazy: they guess on panels,",
        "too. Honest jurors: they compute there. Watched 1%: an outsider recomputes and challenges every hundredth result.",
      ],
      head: ["share", "lazy", "lazy, simulated", "others", "others, simulated", "honest jurors", "and watched 1%"],
      rows: found.map(({ share, exact, simulated: { adversary, honest } }) => {
        const simulated = [diligent(share, 0), diligent(share, 0.01)];
        return [percent(share), exact.lazy, adversary, exact.honest, honest, ...simulated];
      }),
      plots: [sharePlot(found)],
    };
  },
};

function sharePlot(found: readonly Found[]): Plot {
  const more = grid.map((share) => ({ share, exact: exactLazyShare({ share }) }));
  const all = [...found, ...more].sort((a, b) => a.share - b.share);
  const curve = (camp: "lazy" | "honest") =>
    ({
      name: camp,
      style: "line",
      points: all.map(({ share, exact }) => ({ x: share, y: exact[camp] })).filter(isShown),
    }) as const;
  const dots = (["adversary", "honest"] as const).flatMap((camp) =>
    found.map(({ share, simulated }) => pointOf(share, simulated[camp])).filter(isShown),
  );
  return {
    ...{ name: "lazy-share", title: "Where laziness tips: profit per seat (k = 10, stake 100 pays)" },
    x: { label: "share of lazy nodes that guess alike", scale: "linear", unit: "percent", from: 0, to: 1 },
    y: { label: "profit per seat, in pays", scale: "linear" },
    series: [curve("lazy"), curve("honest"), { name: "simulated", style: "dots", points: dots }],
  };
}

/** A pool of lazy nodes alone has no honest ones that could earn. */
function isShown({ y }: Point): boolean {
  return Number.isFinite(y);
}
