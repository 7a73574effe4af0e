/**
 * Evidence for private networks, where there is no TEE: a root, collateral and machines that all follow from one seed.
 * Whoever knows the seed can forge everything. Contracts for public networks pin Intel's root and refuse all of it.
 */
import type { Hex } from "viem";
import { measurementOf } from "../../../sdk/attestation/measurement.ts";
import type { CollateralSource } from "../collateral/source.ts";
import { checkReportData, type QuoteProvider } from "../quotes/provider.ts";
import { type KeyPair, mintKey } from "./key.ts";
import { seededRandom } from "./random.ts";
import { randomTd, type TdReport } from "./report.ts";
import { timeText } from "./signed-text.ts";
import { mintWorld, type World } from "./world.ts";

/** What makes a private network's evidence: its seed, and a name for each machine. */
export type DevMachine = { readonly seed: string; readonly machine: string };

const dayS = 86_400;

/** The root's key. */
export function devRoot(seed: string): KeyPair {
  return mintKey(seededRandom(seed).fork("root"));
}

/** What a TD of the network runs: the same on all its machines. */
export function devReport({ seed, platform }: World): Partial<TdReport> {
  const { teeTcbSvn, seamSigner } = platform;
  const { reportData: _, ...report } = randomTd(seededRandom(seed).fork("workload"), teeTcbSvn, seamSigner);
  return report;
}

/** A machine as of a day, Unix seconds. Texts are issued at its start and valid for thirty days. */
function machineOfDay({ seed, machine }: DevMachine, issuedAtS: number): World {
  const texts = { issueDate: timeText(issuedAtS), nextUpdate: timeText(issuedAtS + 30 * dayS) };
  return mintWorld({ seed, machine, at: issuedAtS, tcbInfo: texts, qeIdentity: texts });
}

/** The machine of now, Unix milliseconds. Minting takes a while, so it is done once a day. */
function machineOfToday(dev: DevMachine, nowMs: () => number): () => World {
  let made: { readonly dayS: number; readonly world: World } | undefined;
  return () => {
    const atS = Math.floor(nowMs() / 1_000);
    const today = atS - (atS % dayS);
    if (made?.dayS !== today) made = { dayS: today, world: machineOfDay(dev, today) };
    return made.world;
  };
}

/** Quotes of a machine of a private network. */
export function devProvider(dev: DevMachine, nowMs: () => number): QuoteProvider {
  const today = machineOfToday(dev, nowMs);
  return {
    name: "dev",
    quote: (reportData) => {
      checkReportData(reportData);
      const world = today();
      return Promise.resolve(world.quote({ body: devReport(world), reportData }).bytes);
    },
  };
}

/** Collateral of a private network, in place of Intel's service. */
export function devCollateral(seed: string, nowMs: () => number): CollateralSource {
  const today = machineOfToday({ seed, machine: "" }, nowMs);
  return {
    name: "dev",
    fetch: ({ tee }) => Promise.resolve(today().collateral({ tee })),
  };
}

/** What a workload of the network has to allow; `parts` as the TEE registry defines them. */
export function devMeasurement(seed: string, parts = 0): Hex {
  const world = machineOfDay({ seed, machine: "" }, dayS);
  const { bytes, spans } = world.quote({ body: devReport(world) });
  return measurementOf(bytes.subarray(0, spans.body.end), parts);
}
