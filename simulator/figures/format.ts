import { type Estimate, errorBar } from "../statistics/estimate.ts";
import type { Cell } from "./figure.ts";

/** A cell as its reader sees it. An estimate shows half its 95% interval; of what was never seen, a bound. */
export function formatCell(cell: Cell): string {
  if (cell === undefined) return "-";
  if (typeof cell === "string") return cell;
  if (typeof cell === "boolean") return cell ? "yes" : "NO";
  return typeof cell === "number" ? formatNumber(cell) : formatEstimate(cell);
}

/** Three significant digits; powers of ten for what is very small or large. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "-" : "never";
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1);
  return size >= 1_000 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}

function formatEstimate(estimate: Estimate): string {
  const { mean, standardError, observations } = estimate;
  if (Number.isNaN(mean)) return "-";
  if (mean === 0 && standardError === 0) return `0 (< ${formatNumber(3 / observations)})`; // rule of three
  const bar = errorBar(estimate);
  if (bar < Math.abs(mean) * 1e-5) return `${formatNumber(mean)} ± 0`;
  const size = Math.abs(mean);
  if (size < 1e-3 || size >= 1e6) return `${mean.toExponential(1)} ± ${bar.toExponential(0)}`;
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(bar)));
  return `${mean.toFixed(decimals)} ± ${bar.toFixed(decimals)}`;
}

/** A part of one as a percentage of at most four digits. */
export function percent(part: number): string {
  return `${Number((100 * part).toPrecision(4))}%`;
}
