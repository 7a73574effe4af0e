// Measures the gas of real transactions by committee, bundle and pool, under the rules of two hard forks.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { svgOf } from "../simulator/plots/svg.ts";
import { type GasFigures, type RuleFigures, type Rules, rules } from "./bench/table/figures.ts";
import { tablesOf } from "./bench/table/markdown.ts";
import { measureRules } from "./bench/table/measure.ts";
import { withTables } from "./bench/table/page.ts";
import { plotOf } from "./bench/table/plot.ts";

const usage = `Measures gas on local chains, some minutes: committees of 1 to 21, bundles of 1 to 500 items, pools of 10 to 3,000 nodes,
signed requests, beacon rounds and TEE evidence, under the rules of osaka and of prague.

  npm run bench:table                        tables on standard output, progress on standard error
  npm run --silent bench:table -- --json     one JSON line instead of the tables
  npm run bench:table -- --write             also writes docs/benchmarks/ and the tables of docs/benchmarks.md
  npm run bench:table -- --from-file         measures nothing: takes the figures of docs/benchmarks/gas.json
  npm run bench:table -- --help              this text`;

const page = new URL("../docs/benchmarks.md", import.meta.url);
const folder = new URL("../docs/benchmarks/", import.meta.url);

async function measure(): Promise<GasFigures> {
  const measured: [Rules, RuleFigures][] = [];
  for (const name of rules) {
    measured.push([name, await measureRules(name, (step) => console.error(`measuring under ${name}: ${step}`))]); // prettier-ignore
  }
  return Object.fromEntries(measured) as GasFigures;
}

const committed = () => JSON.parse(readFileSync(new URL("gas.json", folder), "utf8")) as GasFigures;

function write(figures: GasFigures): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("gas.json", folder), `${JSON.stringify(figures, undefined, 2)}\n`);
  const plot = plotOf(figures);
  writeFileSync(new URL(`${plot.name}.svg`, folder), svgOf(plot));
  writeFileSync(page, withTables(readFileSync(page, "utf8"), tablesOf(figures)));
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    "from-file": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(usage);
} else {
  const figures = values["from-file"] ? committed() : await measure();
  if (values.write) write(figures);
  if (values.json) console.log(JSON.stringify(figures));
  else for (const [name, text] of Object.entries(tablesOf(figures))) console.log(`${name}\n\n${text}\n`);
}
