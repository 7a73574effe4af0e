// Simulates the protocol's rules with honest and other nodes: tables, plots, or one line of JSON.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { figures } from "../simulator/figures/all.ts";
import type { Effort, Figure } from "../simulator/figures/figure.ts";
import { jsonOf } from "../simulator/figures/json.ts";
import { tableOf } from "../simulator/figures/table.ts";
import { svgOf } from "../simulator/plots/svg.ts";

const usage = `Simulates the rules of the protocol with honest, lazy, copying, colluding, griefing, offline and diverging nodes.

  npm run simulate [-- OPTIONS]

  --seed N       of the random numbers; the same seed gives the same figures (default 1)
  --runs N       requests for each simulated point (default 1000); error bars shrink with its square root
  --only A,B     these figures only: ${figures.map(({ name }) => name).join(", ")}
  --plots DIR    writes the plots there, as SVG
  --json         ends with one line of JSON on standard output and prints nothing else there
  --help         this text

What follows a ± is half of a 95% interval. docs/simulator.md explains the figures.`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1000" },
    only: { type: "string" },
    plots: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

/** A whole number of an option, or the end with a sentence. */
function wholeNumber(name: "seed" | "runs", least: number, most: number): number {
  const value = Number(values[name]);
  return Number.isInteger(value) && value >= least && value <= most
    ? value
    : fail(`--${name} must be a whole number of ${least} to ${most}.`);
}

function chosen(): typeof figures {
  const names = values.only?.split(",") ?? figures.map(({ name }) => name);
  const unknown = names.filter((name) => !figures.some((figure) => figure.name === name));
  return unknown.length === 0
    ? figures.filter(({ name }) => names.includes(name))
    : fail(`There is no figure ${unknown.join(", ")}; see --help.`);
}

function writePlots(folder: string, { plots }: Figure): void {
  mkdirSync(folder, { recursive: true });
  for (const plot of plots) writeFileSync(join(folder, `${plot.name}.svg`), svgOf(plot));
}

function simulate(effort: Effort): Figure[] {
  return chosen().map(({ name, make }) => {
    const startedMs = performance.now();
    const figure = make(effort);
    console.error(`simulated: ${name} (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`);
    if (!values.json) console.log(`\n${tableOf(figure)}\n`);
    if (values.plots !== undefined) writePlots(values.plots, figure);
    return figure;
  });
}

if (values.help) {
  console.log(usage);
} else {
  const effort = { seed: wholeNumber("seed", 0, 2 ** 32 - 1), requests: wholeNumber("runs", 10, 10_000_000) };
  const made = simulate(effort);
  const json = { ...effort, figures: Object.fromEntries(made.map((figure) => [figure.name, jsonOf(figure)])) };
  if (values.json) console.log(JSON.stringify(json));
}
