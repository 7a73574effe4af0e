import { type GasFigures, type RuleFigures, type Rules, rules, wholeOf } from "./figures.ts";
import { peerParts, peers } from "./peers.ts";
import { unavoidable } from "./plot.ts";

/** A table by name, as Markdown. */
export type Tables = Readonly<Record<string, string>>;

/** All tables of docs/benchmarks.md that are made from figures. */
export function tablesOf(figures: GasFigures): Tables {
  const parts = partFigures(figures.osaka);
  return {
    committees: committees(figures),
    bundles: bundles(figures),
    pools: pools(figures),
    single: single(figures),
    peers: peerTable(figures.osaka),
    promises: table(
      ["system", "what is measured", "what the chain enforces", "what it leaves open"],
      peers.map(({ name, what, promises, leavesOpen }) => [name, what, promises, leavesOpen]),
    ),
    parts: table(
      ["part", "peer", "gas there", "here", "what differs"],
      peerParts.map(({ part, peer, gas, ours, differs }) => [part, peer, gas, gasText(parts[ours]), differs]),
    ),
  };
}

function committees(figures: GasFigures): string {
  const head = ["k", ...each((name) => ["request", "settle", "finalize", "whole"].map((part) => `${part}, ${name}`))];
  return tableBySize(head, figures, ({ committees: rows }) =>
    rows.map((row) => [row.k, row.request, row.settle, row.finalize, wholeOf(row)]),
  );
}

function bundles(figures: GasFigures): string {
  const head = [
    "items",
    ...each((name) => ["request", "settle", "whole", "per item"].map((part) => `${part}, ${name}`)),
  ];
  return tableBySize(head, figures, ({ bundles: rows }) =>
    rows.map((row) => [row.items, row.request, row.settle, wholeOf(row), Math.round(wholeOf(row) / row.items)]),
  );
}

function pools(figures: GasFigures): string {
  const parts = ["draw of 10", "settle, k = 10", "publish", "publish per node"];
  const head = ["nodes", ...each((name) => parts.map((part) => `${part}, ${name}`))];
  return tableBySize(head, figures, ({ pools: rows }) =>
    rows.map((row) => [row.nodes, row.draw, row.settle, row.publish, Math.round(row.publish / row.nodes)]),
  );
}

function single({ osaka, prague }: GasFigures): string {
  const rows = Object.entries(osaka.single).map(([name, gas]) => [
    `\`${name}\``,
    gasText(gas),
    gasText(prague.single[name]),
  ]);
  return table(["name", ...rules], rows);
}

function peerTable({ committees: rows }: RuleFigures): string {
  const sizes = [1, 3, 5, 7, 10, 11];
  const whole = (k: number) => rows.filter((row) => row.k === k).map(wholeOf)[0];
  const named: readonly (readonly [string, (k: number) => number | undefined])[] = [
    ...peers.map(({ name, gas }) => [name, (k: number) => gas.find((point) => point.k === k)?.gas] as const),
    ["unavoidable work, computed", unavoidable],
    ["**Atoma, measured**", whole],
  ];
  return table(
    ["system", ...sizes.map((k) => `k = ${k}`)],
    named.map(([name, gasOf]) => [name, ...sizes.map((k) => gasText(gasOf(k)))]),
  );
}

/** Figures that `peerParts` names. */
function partFigures({ committees: rows, bundles: bundled, pools: byPool, single: named }: RuleFigures) {
  const fifty = bundled.find(({ items }) => items === 50);
  return {
    ...named,
    request: rows.find(({ k }) => k === 10)?.request,
    bundle50: fifty === undefined ? undefined : Math.round(wholeOf(fifty) / fifty.items),
    draw: byPool.at(-1)?.draw,
    beacon: named["beacon.submit"],
    tee: (rows.find(({ k }) => k === 10)?.request ?? NaN) + (named["settle.tee.k1"] ?? NaN),
    tdx: named["tdx.repeat"],
    tcb: named["tcb.post"],
  } as Readonly<Record<string, number | undefined>>;
}

const each = (columns: (name: Rules) => string[]): string[] => rules.flatMap(columns);

/** Rows by size, the figures of each set of rules side by side. */
function tableBySize(head: string[], figures: GasFigures, rowsOf: (figures: RuleFigures) => number[][]): string {
  const [first = [], ...others] = rules.map((name) => rowsOf(figures[name]));
  const rows = first.map((row, i) => [...row, ...others.flatMap((other) => other[i]?.slice(1) ?? [])]);
  return table(head, rows.map((row) => row.map((gas) => (gas === 0 ? "-" : gasText(gas))))); // prettier-ignore
}

const gasText = (gas: number | undefined): string => gas?.toLocaleString("en") ?? "-";

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
