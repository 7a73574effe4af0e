/** Makes the configured jobs out of the shared parts. */
import { join } from "node:path";
import { timeOf } from "../sdk/drand/schedule.ts";
import { makeTeeChain } from "./attestation/tee-chain.ts";
import { drandSource, firstValid, localSource, type RoundSource } from "./beacon/source.ts";
import { makeBeaconJob, makeRoundCheck } from "./beacon/run.ts";
import { makeBackground } from "./executor/background.ts";
import { type ComputingOptions, makeComputing } from "./executor/computing.ts";
import { type ExecutorNode, startExecutorNode } from "./executor/node.ts";
import { makeOwnStore } from "./executor/own-store.ts";
import type { Executor } from "./executors/executor.ts";
import { makeWasmExecutor } from "./executors/wasm/executor.ts";
import { makeFallback } from "./fallback/run.ts";
import type { RequestCore } from "./chain/requests.ts";
import { makeJanitorJob } from "./janitor/run.ts";
import type { Job } from "./job.ts";
import { openBeaconSecret } from "./key.ts";
import { makeAcceptance } from "./network/acceptance.ts";
import { makePeerClient, type PeerClient } from "./network/client.ts";
import { type Committees, makeCommittees } from "./network/committees.ts";
import { type HeldStore, makeHeldStore } from "./network/held.ts";
import { makeHttp } from "./network/http.ts";
import { type Cases, makeCases } from "./panel/cases.ts";
import { makePanelPass } from "./panel/run.ts";
import type { Parts } from "./parts.ts";
import { redactUrl } from "./runtime/redact.ts";
import type { Pass } from "./runtime/loop.ts";
import type { JobName } from "./settings.ts";
import { makeSettlerJob } from "./settler/run.ts";
import { type AttestationSource, makeAttestationSource } from "./settler/source.ts";
import { makePurses } from "./signed/purse.ts";
import type { SignedOptions } from "./signed/service.ts";
import { makeSignedStore } from "./signed/store.ts";
import { makeSignedView, type SignedViewDeps } from "./signed/view.ts";
import { makeAttest, makeCollateral } from "./tee-jobs.ts";
import { readDisputableUntil } from "./watchtower/opening-facts.ts";
import { makeReexecution, type Reexecution } from "./watchtower/reexecution.ts";
import { makeWatchtowerJob } from "./watchtower/run.ts";

/** The executor cannot confine its children as the settings require. */
export class IsolationError extends Error {
  override readonly name = "IsolationError";
}

const nothing = async (): Promise<void> => {};
const mebibyte = 1024 * 1024;
const hourMs = 3_600_000;
/** What members signed can be evidence for all of the unbonding time, at most sixty days. */
const evidenceMs = 60 * 24 * hourMs;

/** The same pass, and once an hour what is too old is forgotten. */
const forgetting = (pass: Pass, { clock }: Parts, prune: (beforeMs: number) => Promise<void>): Pass => {
  let prunedMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    if (clock.now() - prunedMs >= hourMs) {
      await prune(clock.now() - evidenceMs);
      prunedMs = clock.now();
    }
    return pass(signal);
  };
};

/** One pass after the other. */
const inTurn =
  (first: Pass, second: Pass): Pass =>
  async (signal) => {
    const [a, b] = [await first(signal), await second(signal)];
    return { done: a.done + b.done, failed: a.failed + b.failed };
  };

const roundTimeOf =
  ({ instance }: Parts) =>
  (round: bigint): bigint =>
    timeOf(instance.drand, round);

const casesOf = ({ rpc, instance, chain, clock }: Parts): Cases => makeCases({ rpc, instance, view: chain, clock });

const committeesOf = (parts: Parts): Committees =>
  makeCommittees({ view: parts.chain, roundTimeS: roundTimeOf(parts) });

/** The same parts, with signed requests in the view of the chain where they are taken in. */
const withSigned = (parts: Parts, isListed?: SignedViewDeps["isListed"]): Parts => {
  const { settings, chain, store, clock } = parts;
  if (!settings.lambdas.enabled) return parts;
  const given = isListed === undefined ? {} : { isListed };
  return { ...parts, chain: makeSignedView({ chain, signed: makeSignedStore(store), clock, ...given }) };
};

/** What takes signed requests in, if the settings say so. Their rounds are posted by who was given the input: not by a beacon job elsewhere. */
const signedOptionsOf = (parts: Parts): SignedOptions | undefined => {
  const { settings, instance, store, rpc, txChain, signer, log } = parts;
  const { enabled, maxInputKiB, maxOpen, maxOpenPerRequester, maxWaitMs } = settings.lambdas;
  if (!enabled) return undefined;
  for (const needed of ["settler", "beacon"] as const)
    if (!settings.jobs.includes(needed))
      log.warn(
        { job: needed },
        "signed requests are known to this keeper only: without this job beside it others have to do it",
      );
  return {
    signed: makeSignedStore(store),
    purses: makePurses({ rpc, txChain, instance, address: signer.address }),
    instance: { chainId: BigInt(instance.chainId), escrow: instance.escrow, beacon: instance.beacon },
    limits: { maxInputBytes: maxInputKiB * 1024, maxOpen, maxOpenPerRequester },
    maxWaitMs,
  };
};

/** Refuses to run guests that could reach the network where the settings demand that they cannot. Models run no guests. */
const checkIsolation = async ({ settings, log }: Parts, executor: Executor): Promise<void> => {
  const { kind, isolation, warnings } = await executor.capabilities();
  for (const why of warnings) log.warn({ kind, why }, "an executor is not as safe as it could be");
  const isSafe = isolation.includes("no-guest-code") || isolation.includes("no-network");
  if (settings.executor.requireIsolation && !isSafe)
    throw new IsolationError(`${warnings.join(" ")} Or set executor.requireIsolation to false.`);
};

const computingOptionsOf = (
  { settings: { executor }, limiterOf }: Parts,
  job: JobName,
  cacheDirectory: string,
): ComputingOptions => ({
  cacheDirectory,
  limiterOf: limiterOf(job),
  maxInputCacheBytes: executor.inputCacheMiB * mebibyte,
  maxArtifactCacheBytes: executor.artifactCacheMiB * mebibyte,
});

const openExecutors = async (
  parts: Parts,
  executors: readonly Executor[] | undefined,
): Promise<readonly Executor[]> => {
  const wasm = parts.settings.executor.wasm ? [makeWasmExecutor()] : [];
  const all = executors ?? [...wasm, ...parts.models];
  for (const one of all) await checkIsolation(parts, one);
  return all;
};

const makeExecutor = async (parts: Parts, executors: readonly Executor[] | undefined): Promise<Job> => {
  const { chain } = withSigned(parts);
  const { settings, store, instance, clock, log, signer, metrics } = parts;
  const { network, executor } = settings;
  const all = await openExecutors(parts, executors);
  const ids = { chainId: BigInt(instance.chainId), escrow: instance.escrow };
  const roundTimeS = roundTimeOf(parts);
  const cases = casesOf(parts);
  const options = signedOptionsOf(parts);
  const signed = options === undefined ? undefined : { ...options, head: chain.head };
  const node: ExecutorNode = await startExecutorNode(
    {
      ...{ store, view: chain, roundTimeS, cases, instance: ids, signed, signer, executors: all, clock, log, metrics },
      listen: parts.listen,
    },
    {
      ...computingOptionsOf(parts, "executor", executor.cacheDir),
      allowPrivateUrls: executor.allowPrivateInputUrls,
      allowPrivatePeers: network.allowPrivatePeers,
      host: network.host,
      port: network.port,
    },
  );
  const actions = parts.makeActions();
  const fallback = makeFallback({ ...parts, committees: committeesOf(parts), held: node.held, own: node.own, actions });
  const panel = makePanelPass({ ...parts, committees: node.committees, held: node.held, cases });
  const onChain = inTurn(fallback, panel);
  const spreading = (pass: Pass): Pass => (node.spread === undefined ? pass : inTurn(node.spread, pass));
  return {
    name: "executor",
    pass: forgetting(spreading(inTurn(node.job.pass, onChain)), parts, node.prune),
    once: spreading(inTurn(node.job.passUntilIdle, onChain)),
    intervalMs: executor.intervalMs,
    checks: [
      { name: "executor", check: node.job.check },
      ...parts.models.map(({ manifest, check }) => ({ name: `model ${manifest.name}`, check: () => check() })),
    ],
    url: node.network.url,
    close: node.close,
  };
};

type Listening = {
  readonly committees: Committees;
  readonly held: HeldStore;
  readonly source: AttestationSource;
  readonly client: PeerClient;
  readonly close: () => Promise<void>;
};

/** The store of what members say, and the way to ask them. `afterEnd`: about requests that are over, too. */
const listen = (parts: Parts, timeoutMs: number, afterEnd = false): Listening => {
  const { settings, chain, store, instance, clock } = parts;
  const committees = committeesOf(parts);
  const held = makeHeldStore(store);
  const ids = { chainId: BigInt(instance.chainId), escrow: instance.escrow };
  const acceptance = makeAcceptance({ committees, held, view: chain, instance: ids, clock, afterEnd });
  const http = makeHttp({ allowPrivate: settings.network.allowPrivatePeers });
  const client = makePeerClient({ http, timeoutMs });
  const source = makeAttestationSource({ view: chain, client, acceptance, held });
  return { committees, held, source, client, close: async () => http.close() };
};

const makeSettler = (parts: Parts): Job => {
  const { settings } = parts;
  const { committees, held, source, close } = listen(parts, settings.settler.peerTimeoutMs);
  const actions = parts.makeActions();
  const gasCap = BigInt(settings.fees.gasCap);
  const job = makeSettlerJob({ ...parts, committees, source, actions, settings: settings.settler, gasCap });
  const pass = forgetting(job, parts, held.prune);
  const { intervalMs } = settings.settler;
  return { name: "settler", pass, once: pass, intervalMs, checks: [], close };
};

type Reexecuting = { readonly reexecution: Reexecution; readonly close: () => Promise<void> };

/** The sample of results that the watchtower computes again, with caches of its own. */
const makeSample = async (
  parts: Parts,
  { committees, client }: Listening,
  given: readonly Executor[] | undefined,
): Promise<Reexecuting | undefined> => {
  const { chain, store, settings, log } = parts;
  const share = settings.watchtower.reexecute;
  if (share === 0) return undefined;
  const executors = await openExecutors(parts, given);
  const http = makeHttp({ allowPrivate: settings.executor.allowPrivateInputUrls });
  const options = computingOptionsOf(parts, "watchtower", join(settings.executor.cacheDir, "watchtower"));
  const own = makeOwnStore(store);
  const { execute } = makeComputing({ ...parts, view: chain, executors, own, http, client }, options);
  const background = makeBackground(log);
  const disputableUntil = (request: RequestCore) => readDisputableUntil(parts, request);
  const sampling = { committees, execute, background, share, disputableUntil, random: Math.random };
  const reexecution = makeReexecution({ ...parts, ...sampling });
  const close = async (): Promise<void> => {
    await background.stop();
    http.close();
  };
  return { reexecution, close };
};

/** Beside an executor or a settler, evidence comes into the store by itself. */
const makeWatchtower = async (parts: Parts, executors: readonly Executor[] | undefined): Promise<Job> => {
  const { jobs, watchtower: settings } = parts.settings;
  const listening = listen(parts, settings.peerTimeoutMs, true);
  const { committees, held } = listening;
  const sample = await makeSample(parts, listening, executors);
  const isAlone = !jobs.includes("executor") && !jobs.includes("settler");
  const source = isAlone ? listening.source : undefined;
  const reexecution = sample?.reexecution;
  const { chain } = withSigned(parts); // who contradicts itself over a signed request is reported too
  const job = makeWatchtowerJob({
    ...parts,
    chain,
    committees,
    held,
    source,
    reexecution,
    settings,
    random: Math.random,
  });
  const pass = forgetting(job, parts, async (beforeMs) => {
    await held.prune(beforeMs);
    if (isAlone) await makeOwnStore(parts.store).prune(parts.clock.now() - 24 * hourMs); // else they are the executor's
  });
  const close = async (): Promise<void> => {
    await sample?.close();
    await listening.close();
  };
  const computed: Pass = async () => {
    await reexecution?.idle();
    return { done: 0, failed: 0 };
  };
  const once = inTurn(inTurn(pass, computed), pass);
  return { name: "watchtower", pass, once, intervalMs: settings.intervalMs, checks: [], close };
};

const roundSourceOf = (parts: Parts): RoundSource => {
  const { beacon } = parts.settings;
  const nowMs = parts.clock.now;
  if (beacon.source === "local")
    return localSource(openBeaconSecret(parts.settings), { roundTimeS: roundTimeOf(parts), nowMs });
  const sources = beacon.urls.map((url) => ({
    name: redactUrl(url),
    source: drandSource({ url, chainHash: beacon.chainHash, timeoutMs: beacon.timeoutMs }),
  }));
  return firstValid(sources, makeRoundCheck(parts));
};

const makeBeacon = (parts: Parts): Job => {
  const pass = makeBeaconJob({ ...parts, source: roundSourceOf(parts), cases: casesOf(parts) });
  return { name: "beacon", pass, once: pass, intervalMs: parts.settings.beacon.intervalMs, checks: [], close: nothing };
};

const makeJanitor = (parts: Parts): Job => {
  const { settings } = parts;
  const actions = parts.makeActions();
  const evidence = makeTeeChain(parts.rpc, parts.instance);
  const pass = makeJanitorJob({
    ...parts,
    committees: committeesOf(parts),
    actions,
    evidence,
    settings: settings.janitor,
  });
  return { name: "janitor", pass, once: pass, intervalMs: settings.janitor.intervalMs, checks: [], close: nothing };
};

/** Makes one job. The executor starts to listen; rejects when it cannot, or cannot confine its children as required. */
export const makeJob = async (name: JobName, parts: Parts, executors?: readonly Executor[]): Promise<Job> => {
  if (name === "executor") return makeExecutor(parts, executors);
  if (name === "settler") return makeSettler(withSigned(parts));
  if (name === "watchtower") return makeWatchtower(parts, executors);
  if (name === "attest") return makeAttest(parts, executors);
  if (name === "collateral") return makeCollateral(parts);
  return name === "beacon" ? makeBeacon(withSigned(parts, ({ hasInput }) => hasInput)) : makeJanitor(parts);
};
