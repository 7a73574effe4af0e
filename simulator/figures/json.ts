import { errorBar } from "../statistics/estimate.ts";
import type { Cell, Figure } from "./figure.ts";

/** A figure for programs: rows as objects under the table's heads; estimates as value and half of the 95% interval. */
export function jsonOf({ title, head, rows }: Figure): unknown {
  const row = (cells: readonly Cell[]) => Object.fromEntries(head.map((name, column) => [name, plain(cells[column])]));
  return { title, rows: rows.map(row) };
}

function plain(cell: Cell): unknown {
  if (cell === undefined) return null;
  return typeof cell === "object" ? { value: cell.mean, error: errorBar(cell), of: cell.observations } : cell;
}
