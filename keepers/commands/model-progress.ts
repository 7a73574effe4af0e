/** Says how far something long is, once it has taken a second, and then every few. */
import { sizeText } from "../models/size-text.ts";

const firstMs = 1_000;
const everyMs = 5_000;

const durationText = (seconds: number): string => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3_600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
};

/** `34 % of 4.1 GB, 120.0 MB/s, 23 s left`: the rate is that of the bytes since the beginning of this run. */
export const progressText = (
  { done, total }: { readonly done: number; readonly total: number },
  since: { readonly done: number; readonly elapsedMs: number },
): string => {
  const rate = ((done - since.done) * 1_000) / Math.max(since.elapsedMs, 1);
  const percent = total === 0 ? 100 : Math.floor((done * 100) / total);
  const begin = `${percent} % of ${sizeText(total)}`;
  return rate <= 0 ? begin : `${begin}, ${sizeText(Math.round(rate))}/s, ${durationText((total - done) / rate)} left`;
};

export type Report = (what: string, progress: { readonly done: number; readonly total: number }) => void;

/** Makes a report of bytes that says a line seldom enough to be read. */
export const makeReport = (say: (line: string) => void, nowMs: () => number = Date.now): Report => {
  const startMs = nowMs();
  let saidMs = startMs - everyMs + firstMs;
  let from: { readonly done: number; readonly atMs: number; readonly total: number } | undefined;
  return (what, { done, total }) => {
    const atMs = nowMs();
    if (from === undefined || done < from.done || total !== from.total) from = { done, atMs, total };
    if (atMs - saidMs < everyMs) return;
    saidMs = atMs;
    say(`${what}: ${progressText({ done, total }, { done: from.done, elapsedMs: atMs - from.atMs })}`);
  };
};
