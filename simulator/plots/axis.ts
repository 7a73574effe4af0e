import type { Axis } from "./plot.ts";

/** Where values of an axis lie between 0 and 1, and which of them are marked. */
export type Scale = { readonly at: (value: number) => number; readonly ticks: readonly number[] };

/** A scale that holds all values; a logarithmic one leaves out what is not positive. */
export function scaleOf({ scale, from, to, ticks }: Axis, values: readonly number[]): Scale {
  if (ticks !== undefined) return markedScale(ticks, scale === "log" ? Math.log10 : (value) => value);
  return scale === "log" ? logScale(values, from, to) : linearScale(values, from, to);
}

function markedScale(ticks: readonly number[], measure: (value: number) => number): Scale {
  const [low, high] = [measure(Math.min(...ticks)), measure(Math.max(...ticks))];
  return { at: (value) => (measure(value) - low) / (high - low), ticks };
}

function linearScale(values: readonly number[], from = Math.min(...values), to = Math.max(...values)): Scale {
  const step = niceStep((to - from) / 6);
  const [low, high] = [Math.floor(from / step + 1e-9) * step, Math.ceil(to / step - 1e-9) * step];
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((low + index * step).toPrecision(12)));
  return { at: (value) => (value - low) / (high - low), ticks };
}

function logScale(values: readonly number[], from?: number, to?: number): Scale {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(from ?? Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(to ?? Math.max(...positive))));
  const step = Math.ceil((high - low) / 8);
  const ticks: number[] = [];
  for (let power = low; power <= high; power += step) ticks.push(10 ** power);
  return { at: (value) => (Math.log10(value) - low) / (high - low), ticks };
}

/** The least of 1, 2, 5 times a power of ten that is not below a raw step. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw > 0 ? raw : 1));
  return ([1, 2, 5].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10) * power;
}
