// Measures the gas of the protocol's transactions and compares it with the committed ceilings.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { measureAttestation } from "./bench/attestation.ts";
import { measureDisputes } from "./bench/disputes.ts";
import { measureEmissions } from "./bench/emissions.ts";
import { measureFallback } from "./bench/fallback.ts";
import { makeLab } from "./bench/lab.ts";
import {
  type Figures,
  measureBeacon,
  measureDraw,
  measureFinalize,
  measureMany,
  measureRequests,
  measureSigned,
  measureSnapshot,
} from "./bench/measure.ts";

const usage = `Measures gas on a local chain: whole transactions with 32-byte outputs, callbacks that do nothing, and storage in use.

  npm run bench:gas              a table beside the ceilings
  npm run --silent bench:gas -- --json   one JSON line {name: gas}

Exits 1 if a figure is above its ceiling (scripts/bench/ceilings.json).`;

const ceilings = JSON.parse(readFileSync(new URL("bench/ceilings.json", import.meta.url), "utf8")) as Record<
  string,
  number
>;

async function measure(progress: (step: string) => void): Promise<Figures> {
  progress("a pool of 30 nodes");
  const lab = await makeLab(30);
  progress("a pool of 130 nodes");
  const large = await makeLab(130);
  const steps: [string, () => Promise<Figures>][] = [
    ["requests and settlements", () => measureRequests(lab)],
    ["challenge window", () => measureFinalize(lab)],
    ["fallback on chain", () => measureFallback(lab)],
    ["bundle and batch", () => measureMany(lab)],
    ["signed requests", () => measureSigned(lab)],
    ["emissions", () => measureEmissions(lab)],
    ["beacon", () => measureBeacon(lab)],
    ["draw", () => measureDraw(lab)],
    ["snapshots", async () => measureSnapshot(lab, large)],
    ["disputes", () => measureDisputes(large)],
    ["TEE evidence", measureAttestation],
  ];
  const figures: Figures = {};
  for (const [name, step] of steps) {
    progress(name);
    Object.assign(figures, await step());
  }
  return figures;
}

function table(figures: Figures): string {
  const rows = Object.entries(figures).map(([name, gas]) => {
    const ceiling = ceilings[name];
    return `${name.padEnd(28)}${gas.toLocaleString("en").padStart(12)}${(ceiling?.toLocaleString("en") ?? "-").padStart(12)}`;
  });
  return [`${"".padEnd(28)}${"gas".padStart(12)}${"ceiling".padStart(12)}`, ...rows].join("\n");
}

const { values } = parseArgs({ options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
if (values.help === true) {
  console.log(usage);
} else {
  const figures = await measure((step) => {
    console.error(`measuring: ${step}`);
  });
  if (values.json !== true) console.log(table(figures));
  const over = Object.entries(ceilings).filter(([name, ceiling]) => (figures[name] ?? Infinity) > ceiling);
  for (const [name, ceiling] of over) console.error(`${name}: ${figures[name] ?? "not measured"} is above ${ceiling}`);
  if (over.length > 0) process.exitCode = 1;
  if (values.json === true) {
    console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, gas]) => [name, Number(gas)]))));
  }
}
