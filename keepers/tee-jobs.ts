/** Makes the jobs that tend TEE evidence, and what they share. */
import { concat, type Hex, keccak256 } from "viem";
import { makeAttestJob, type AttestDeps } from "./attest/run.ts";
import { openHpkeKey } from "./attest/hpke-key.ts";
import { cached, type CollateralSource, intelSource } from "./attestation/collateral/source.ts";
import { devCollateral, devProvider, devRoot } from "./attestation/dev/network.ts";
import type { QuoteProvider } from "./attestation/quotes/provider.ts";
import { tsmProvider } from "./attestation/quotes/tsm.ts";
import { makeTeeChain } from "./attestation/tee-chain.ts";
import { makeCollateralJob } from "./collateral/run.ts";
import { ConfigError } from "./config.ts";
import type { Executor } from "./executors/executor.ts";
import { makeWasmExecutor } from "./executors/wasm/executor.ts";
import type { Job } from "./job.ts";
import type { Parts } from "./parts.ts";

const nothing = async (): Promise<void> => {};

const seedOf = ({ settings: { attest } }: Parts): string => attest.devSeed ?? ""; // required with dev: see config.ts

const providerOf = (parts: Parts): QuoteProvider => {
  const { attest } = parts.settings;
  if (attest.provider === "tsm") return tsmProvider(attest.tsmPath);
  return devProvider({ seed: seedOf(parts), machine: attest.devMachine ?? "" }, parts.clock.now);
};

/** Where collateral comes from. Throws ConfigError where the chain does not take what the settings would make. */
const sourceOf = (parts: Parts, rootKey: Uint8Array): CollateralSource => {
  const { settings, clock } = parts;
  const { attest, collateral } = settings;
  if (attest.provider === "dev") {
    const isPinned = Buffer.from(devRoot(seedOf(parts)).point).equals(rootKey);
    if (!isPinned)
      throw new ConfigError(["attest.provider dev makes no evidence for this chain: it pins another root."]);
    return cached(devCollateral(seedOf(parts), clock.now), clock, collateral.freshMs);
  }
  const urls = {
    ...(collateral.baseUrl === undefined ? {} : { baseUrl: collateral.baseUrl }),
    ...(collateral.rootCrlUrl === undefined ? {} : { rootCrlUrl: collateral.rootCrlUrl }),
  };
  return cached(intelSource(urls, rootKey, clock), clock, collateral.freshMs);
};

const runtimeHashOf = async (executors: readonly Executor[]): Promise<Hex> => {
  const digests = await Promise.all(executors.map(async (one) => (await one.capabilities()).runtimeDigest));
  return keccak256(concat(digests.toSorted()));
};

/** What the attest job and the command `attest` work with. */
export const openAttest = async (parts: Parts, executors?: readonly Executor[]): Promise<AttestDeps> => {
  const { settings, rpc, instance } = parts;
  const { attest, collateral } = settings;
  const chain = makeTeeChain(rpc, instance);
  if (attest.hpkeKeyFile === undefined) throw new ConfigError(["attest.hpkeKeyFile is missing."]);
  return {
    ...parts,
    view: parts.chain,
    chain,
    provider: providerOf(parts),
    source: sourceOf(parts, await chain.rootKey()),
    evaluation: collateral.evaluation,
    renewAt: attest.renewAt,
    workloads: attest.workloads,
    intendedNodeId: attest.nodeId === undefined ? undefined : BigInt(attest.nodeId),
    hpkeKey: openHpkeKey(attest.hpkeKeyFile),
    runtimeHash: await runtimeHashOf(executors ?? [makeWasmExecutor()]),
  };
};

export const makeAttest = async (parts: Parts, executors?: readonly Executor[]): Promise<Job> => {
  const { attest, once } = parts.settings;
  const job = makeAttestJob(await openAttest(parts, executors), { waitMs: once.waitMs });
  const { intervalMs } = attest;
  return { name: "attest", pass: job.pass, once: job.passUntilBound, intervalMs, checks: [], close: nothing };
};

export const makeCollateral = async (parts: Parts): Promise<Job> => {
  const { collateral: settings } = parts.settings;
  const chain = makeTeeChain(parts.rpc, parts.instance);
  const source = sourceOf(parts, await chain.rootKey());
  const deps = { ...parts, view: parts.chain, chain, source, settings };
  const { pass, passUntilDone } = makeCollateralJob(deps, { waitMs: parts.settings.once.waitMs });
  return { name: "collateral", pass, once: passUntilDone, intervalMs: settings.intervalMs, checks: [], close: nothing };
};
