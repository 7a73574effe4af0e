/** What `/livez` and `/readyz` look at, and the gauges beside them. */
import type { Parts } from "./parts.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Check, CheckResult } from "./runtime/health.ts";
import { readBalance } from "./runtime/rpc-answers.ts";
import type { Store } from "./runtime/store.ts";
import { type Settings, weiOfGwei } from "./settings.ts";
import type { Shared } from "./shared.ts";

/** When the passes of each loop ended, and whether they were good. */
export type Passes = {
  readonly ended: (name: string, end: { atMs: number; ok: boolean }) => void;
  /** Undefined before the first. */
  readonly last: (
    name: string,
  ) => { readonly atMs: number; readonly ok: boolean; readonly okMs: number | undefined } | undefined;
};

/** No pass so far. */
export const makePasses = (): Passes => {
  const passes = new Map<string, { atMs: number; ok: boolean; okMs: number | undefined }>();
  return {
    ended: (name, { atMs, ok }) => void passes.set(name, { atMs, ok, okMs: ok ? atMs : passes.get(name)?.okMs }),
    last: (name) => passes.get(name),
  };
};

/** A loop that has not ended a pass for so long hangs. */
const hangMs = 10 * 60_000;
/** A view that was not brought up to date for so long is stale, at the least. */
const staleMs = 30_000;

const checkView = ({ settings, clock }: Parts, passes: Passes): CheckResult => {
  const okMs = passes.last("sync")?.okMs;
  if (okMs === undefined) return { ok: false, why: "the chain has not been read yet" };
  const ageMs = clock.now() - okMs;
  if (ageMs <= Math.max(staleMs, 5 * settings.chain.pollMs)) return { ok: true };
  return { ok: false, why: `the chain was last read ${Math.round(ageMs / 1_000)} s ago` };
};

const checkHead = async ({ settings, chain, clock }: Parts): Promise<CheckResult> => {
  const { maxHeadAgeS } = settings.chain;
  const { blockNumber, timestampS } = await chain.head();
  const ageS = Math.floor(clock.now() / 1_000) - Number(timestampS);
  if (maxHeadAgeS === 0 || ageS <= maxHeadAgeS) return { ok: true };
  return { ok: false, why: `the newest block ${blockNumber} is ${ageS} s old (at most ${maxHeadAgeS} s)` };
};

const checkBalance = async ({ rpc, signer, metrics }: Shared, settings: Settings): Promise<CheckResult> => {
  const balance = await readBalance(rpc, signer.address);
  metrics.gauge({ name: "balance_ether", help: "Ether of the keeper's key" })(Number(balance) / 1e18);
  const least = weiOfGwei(settings.ops.minBalanceGwei);
  if (balance >= least) return { ok: true };
  return { ok: false, why: `${signer.address} has ${balance} wei, less than ${least}: send it some` };
};

const checkStore = async (store: Store): Promise<CheckResult> => {
  await store.read((tx) => tx.all("SELECT 1 AS one"));
  return { ok: true };
};

const loopChecks = (passes: Passes, loops: readonly string[]): readonly Check[] =>
  loops.map((name) => ({
    name,
    check: async (): Promise<CheckResult> => {
      const last = passes.last(name);
      if (last === undefined) return { ok: false, why: "no pass has ended yet" };
      return last.ok ? { ok: true } : { ok: false, why: "the last pass failed: see the log" };
    },
  }));

/** Checks of readiness of what all instances share. */
export const sharedChecks = (shared: Shared, settings: Settings, passes: Passes): readonly Check[] => [
  { name: "balance", check: () => checkBalance(shared, settings) },
  { name: "key store", check: () => checkStore(shared.keyStore) },
  ...loopChecks(passes, ["outbox"]),
];

/** Checks of readiness of an instance that do not belong to one job. */
export const instanceChecks = (parts: Parts, passes: Passes, loops: readonly string[]): readonly Check[] => [
  { name: "view", check: async () => checkView(parts, passes) },
  { name: "head", check: () => checkHead(parts) },
  { name: "store", check: () => checkStore(parts.store) },
  ...loopChecks(passes, loops),
];

/** The process is worth keeping while its loops go round, whether or not they succeed. */
export const liveChecks = (
  clock: Clock,
  passes: Passes,
  loops: readonly string[],
  startedMs: number,
): readonly Check[] =>
  loops.map((name) => ({
    name,
    check: async () => {
      const ageMs = clock.now() - (passes.last(name)?.atMs ?? startedMs);
      return ageMs <= hangMs
        ? { ok: true }
        : { ok: false, why: `no pass has ended for ${Math.round(ageMs / 1_000)} s` };
    },
  }));
