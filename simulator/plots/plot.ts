import { errorBar, type Estimate } from "../statistics/estimate.ts";

/** A point with half of its 95% interval, if it was simulated. */
export type Point = { readonly x: number; readonly y: number; readonly error?: number };

/** Points under one name, joined by a line or standing alone. */
export type Series = { readonly name: string; readonly points: readonly Point[]; readonly style: "line" | "dots" };

export type Axis = {
  readonly label: string;
  readonly scale: "linear" | "log";
  /** How the numbers on the axis read. */
  readonly unit?: "percent" | "plain";
  /** Bounds; by default those of the points. */
  readonly from?: number;
  readonly to?: number;
};

/** A chart, and the name of its file. */
export type Plot = {
  readonly name: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
};

/** An estimate as a point of a plot. */
export function pointOf(x: number, estimate: Estimate): Point {
  return { x, y: estimate.mean, error: errorBar(estimate) };
}
