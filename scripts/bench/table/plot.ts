import type { Plot } from "../../../simulator/plots/plot.ts";
import { type GasFigures, wholeOf } from "./figures.ts";
import { peers } from "./peers.ts";

/** Gas that no design with a request, a settlement and one signature and one paid word a member can avoid. */
export const unavoidable = (k: number): number => 87_000 + 9_600 * k;

/** Gas of a whole request against the size of what answers it, ours and others'. */
export function plotOf({ osaka }: GasFigures): Plot {
  const sizes = osaka.committees.map(({ k }) => k);
  const ours = osaka.committees.map((row) => ({ x: row.k, y: wholeOf(row) }));
  return {
    name: "whole-request",
    title: "Gas of one whole request (what each promises differs: see the page)",
    x: { label: "members, nodes, operators or signatures (k)", scale: "linear", ticks: [0, 5, 10, 15, 20, 25] },
    y: {
      label: "gas, all transactions",
      scale: "log",
      unit: "thousands",
      ticks: [50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000],
    },
    series: [
      { name: "Atoma", points: ours, style: "marked" },
      { name: "unavoidable work", points: sizes.map((k) => ({ x: k, y: unavoidable(k) })), style: "line" },
      ...peers.map(({ name, gas }) => ({
        name,
        points: gas.map((point) => ({ x: point.k, y: point.gas })),
        style: "marked" as const,
      })),
    ],
  };
}
