import { errorBar, type Estimate } from "../statistics/estimate.ts";

/** A point with half of its 95% interval, if it was simulated. */
export type Point = { readonly x: number; readonly y: number; readonly error?: number };

/** Points under one name, joined by a line, standing alone, or both. */
export type Series = {
  readonly name: string;
  readonly points: readonly Point[];
  readonly style: "line" | "dots" | "marked";
};

export type Axis = {
  readonly label: string;
  readonly scale: "linear" | "log";
  /** How the numbers on the axis read: 0.25 as 25%, 2500000 as 2.5M. */
  readonly unit?: "percent" | "plain" | "thousands";
  /** Bounds; by default those of the points. */
  readonly from?: number;
  readonly to?: number;
  /** What is marked, from one end of the axis to the other; by default round numbers. */
  readonly ticks?: readonly number[];
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
