import type { Figure } from "./figure.ts";
import { formatCell } from "./format.ts";

/** A figure as a table for a terminal. */
export function tableOf({ title, notes, head, rows }: Figure): string {
  const cells = [head, ...rows.map((row) => row.map(formatCell))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    widths.map((width, column) => pad(row[column] ?? "", width, column)).join("  ");
  const [first = "", ...others] = cells.map((row) => line(row).trimEnd());
  return [title, "", ...notes, "", first, "-".repeat(first.length), ...others].join("\n");
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}
