import { publishSnapshot } from "../../../deploy/local/nodes.ts";
import { makeTeeLab, measureEvidence } from "../attestation.ts";
import { growPool, type Lab, makeLab } from "../lab.ts";
import {
  drawGas,
  measureAlone,
  measureBeacon,
  measureBundle,
  measureSigned,
  publishGas,
  type RoundTrip,
  roundTrip,
} from "../measure.ts";
import type { BundleRow, CommitteeRow, PoolRow, RuleFigures, Rules } from "./figures.ts";

const largestCommittee = 21;
const bundleSizes = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const poolSizes = [10, 30, 100, 300, 1_000, 3_000];
/** A draw takes more tries for some requests than for others: settlements are averages over so many. */
const draws = 8;

type Progress = (step: string) => void;

/** Measures everything of the table under one set of rules: some minutes, most of them for the nodes of the largest pool. */
export async function measureRules(rules: Rules, progress: Progress): Promise<RuleFigures> {
  const lab = await makeLab(30, rules);
  return {
    committees: await measureCommittees(lab, progress),
    bundles: await measureBundles(lab, progress),
    single: { ...(await measureSingle(lab, progress)), ...(await measureTee(rules, progress)) },
    pools: await measurePools(rules, progress),
  };
}

async function measureCommittees(lab: Lab, progress: Progress): Promise<CommitteeRow[]> {
  const rows: CommitteeRow[] = [];
  for (let k = 1; k <= largestCommittee; k++) {
    progress(`a committee of ${k}`);
    const { request, settle, finalize } = await meanTrip(lab, k);
    rows.push({ k, request, settle, finalize });
  }
  return rows;
}

/** The mean of some requests in a slot, a committee's words and a fee word that were used before. */
async function meanTrip(lab: Lab, k: number): Promise<{ request: number; settle: number; finalize: number }> {
  await publishSnapshot(lab.world, lab.taskId); // a snapshot is not used for ever
  await roundTrip(lab, { k, slot: 1 });
  const trips: RoundTrip[] = [];
  for (let i = 0; i < draws; i++) trips.push(await roundTrip(lab, { k, slot: 1 }));
  const mean = (part: keyof RoundTrip) => Math.round(trips.reduce((sum, trip) => sum + Number(trip[part]), 0) / draws);
  return { request: mean("request"), settle: mean("settle"), finalize: mean("finalize") };
}

async function measureBundles(lab: Lab, progress: Progress): Promise<BundleRow[]> {
  await publishSnapshot(lab.world, lab.taskId);
  const rows: BundleRow[] = [];
  for (const items of bundleSizes) {
    progress(`a bundle of ${items}`);
    let [request, settle] = [0n, 0n];
    for (let i = 0; i < draws; i++) {
      const bundle = await measureBundle(lab, items);
      [request, settle] = [request + bundle.request, settle + bundle.settle];
    }
    rows.push({ items, request: Math.round(Number(request) / draws), settle: Math.round(Number(settle) / draws) });
  }
  return rows;
}

async function measurePools(rules: Rules, progress: Progress): Promise<PoolRow[]> {
  const rows: PoolRow[] = [];
  let lab: Lab | undefined;
  for (const nodes of poolSizes) {
    progress(`a pool of ${nodes.toLocaleString("en")} nodes`);
    lab = await (lab === undefined ? makeLab(nodes, rules) : growPool(lab, nodes));
    const publish = Number(await publishGas(lab));
    const draw = Number(await drawGas(lab, nodes));
    rows.push({ nodes, draw, settle: await settleInPool(lab), publish });
  }
  return rows;
}

/** Settlement by a committee of 10, at a price that shows whether the pool's size matters. */
async function settleInPool(lab: Lab): Promise<number> {
  const options = { k: 10, slot: 1, acceptNoPanel: lab.nodes.length < 17 }; // with fewer there is no panel of 7 beside it
  await roundTrip(lab, options);
  let total = 0n;
  for (let i = 0; i < draws; i++) total += (await roundTrip(lab, options)).settle;
  return Math.round(Number(total) / draws);
}

async function measureSingle(lab: Lab, progress: Progress): Promise<Record<string, number>> {
  progress("signed requests and the beacon");
  return numbersOf({ ...(await measureSigned(lab)), ...(await measureBeacon(lab)) });
}

async function measureTee(rules: Rules, progress: Progress): Promise<Record<string, number>> {
  progress("TEE evidence");
  const lab = await makeTeeLab(rules);
  const evidence = await measureEvidence(lab);
  return numbersOf({ ...evidence, "settle.tee.k1": await measureAlone(lab) });
}

const numbersOf = (figures: Readonly<Record<string, bigint>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, gas]) => [name, Number(gas)]));
