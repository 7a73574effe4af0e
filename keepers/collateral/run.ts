/** The collateral job's pass: posts Intel's texts before they end, proves what Intel revokes, ends what was bound by it. */
import { encodeFunctionData, type Hex, hexToBytes } from "viem";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { textCallsOf } from "../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { parseCrl } from "../../sdk/attestation/crl.ts";
import { parseTcbInfo } from "../../sdk/attestation/tcb-info.ts";
import { repeated, type StepReport } from "../attestation/repeat.ts";
import { submitNeeded } from "../attestation/submit.ts";
import { intentOfNeed } from "../attestation/intents.ts";
import { needsOf } from "../attestation/needs.ts";
import type { CollateralSource } from "../attestation/collateral/source.ts";
import type { Evaluation, PckCa } from "../attestation/collateral/urls.ts";
import type { TeeChain } from "../attestation/tee-chain.ts";
import { makePlatforms, type Platforms } from "./platforms.ts";
import type { BoundKey } from "../chain/evidence.ts";
import { type JobDeps, makeTally, nowSeconds, type Tally } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";
import type { Intent } from "../runtime/tx-types.ts";
import { distinct, type Platform, planTexts, revokedIssuers, revokedPcks } from "./plan.ts";

export type CollateralSettings = {
  /** Platforms whose texts are kept fresh besides those of machines whose bound keys serve a task. */
  readonly platforms: readonly Platform[];
  readonly evaluation: Evaluation;
  /** Texts that end so soon are posted anew, seconds. */
  readonly renewBeforeS: number;
  /** Prove what Intel revokes, and end bindings that have lost what they were made by. */
  readonly revoke: boolean;
};

export type CollateralDeps = Pick<JobDeps, "transactions" | "clock" | "log" | "instance"> & {
  readonly view: JobDeps["chain"];
  readonly chain: TeeChain;
  readonly source: CollateralSource;
  readonly settings: CollateralSettings;
};

const job = "collateral";
/** Not mined within so long: looked at afresh, seconds. */
const patienceS = 3_600n;

/** `head` is the block that the view has read. */
type PassDeps = CollateralDeps & { readonly nowS: bigint; readonly head: bigint; readonly tally: Tally };

const send = async (deps: PassDeps, intent: Intent, what: string): Promise<void> => {
  const { nowS, head, tally } = deps;
  if (await submitNeeded(deps, { ...intent, deadlineS: Number(nowS + patienceS) }, { what, seen: head })) tally.done();
};

const postTexts = async (deps: PassDeps, { tee, fmspc }: Platform, collateral: Collateral): Promise<void> => {
  const { chain, instance, settings, nowS } = deps;
  const needs = needsOf(textCallsOf(collateral));
  const evaluation = parseTcbInfo(collateral.tcb_info).evaluationNumber;
  const kept = await chain.texts({ tee, fmspc, evaluation });
  const ids = needs.flatMap((need) => (need.kind === "issuer" ? [need.issuerId] : []));
  const live = await Promise.all(ids.map(async (id) => ((await chain.isLiveIssuer(id)) ? [id] : [])));
  const rules = { liveIssuers: new Set(live.flat()), renewBeforeS: settings.renewBeforeS, nowS: Number(nowS) };
  for (const need of planTexts(needs, kept, rules)) await send(deps, intentOfNeed(instance, need), need.what);
};

const revokeIssuers = async (deps: PassDeps, rootCrl: Hex): Promise<void> => {
  const { view, chain, instance, tally } = deps;
  for (const { issuerId, serial, offset } of revokedIssuers(await view.issuers(), listOf(rootCrl))) {
    const subject = `issuer:${issuerId}:${serial}`;
    await tally.attempt({ job, subject, action: "revoke" }, async () => {
      if (!(await chain.isLiveIssuer(issuerId))) return;
      const args = [issuerId, rootCrl, BigInt(offset)] as const;
      const data = encodeFunctionData({ abi: dcapCollateralAbi, functionName: "revokeIssuer", args });
      await send(deps, { contract: instance.collateral, subject, action: "revoke", data }, "Revoke an issuer");
    });
  }
};

const revokePcks = async (deps: PassDeps, pckCrls: ReadonlyMap<PckCa, Hex>): Promise<void> => {
  const { view, chain, instance, tally } = deps;
  const pcks = await view.pcks();
  for (const issuerId of new Set(pcks.map((pck) => pck.issuerId))) {
    const ca = await chain.caOf(issuerId);
    const crl = ca === undefined ? undefined : pckCrls.get(ca);
    if (crl === undefined || !(await chain.isLiveIssuer(issuerId))) continue;
    for (const { pckId, x, y, offset } of revokedPcks(pcks, issuerId, listOf(crl))) {
      const subject = `pck:${pckId}`;
      await tally.attempt({ job, subject, action: "revoke" }, async () => {
        const args = [issuerId, x, y, crl, BigInt(offset)] as const;
        const data = encodeFunctionData({ abi: dcapVerifierAbi, functionName: "revokePck", args });
        await send(deps, { contract: instance.quoteVerifier, subject, action: "revoke", data }, "Revoke a certificate");
      });
    }
  }
};

const listOf = (crl: Hex) => parseCrl(hexToBytes(crl), "The revocation list");

/** Ends at most a few bindings in a pass, so that they never keep urgent transactions of the same key waiting. */
const endBindings = async (deps: PassDeps, keys: readonly BoundKey[], signal: AbortSignal): Promise<void> => {
  const { chain, instance, tally } = deps;
  let left = mostEnded;
  for (const key of keys) {
    if (signal.aborted || left === 0) return;
    const { workloadId, signer, pckId, measurement, at } = key;
    const subject = `workload:${workloadId}:signer:${signer}:at:${at}`;
    await tally.attempt({ job, subject, action: "endBinding" }, async () => {
      if (!(await chain.canEnd(key))) return;
      left -= 1;
      const args = [workloadId, signer, pckId, measurement] as const;
      const data = encodeFunctionData({ abi: teeRegistryAbi, functionName: "endBinding", args });
      await send(deps, { contract: instance.teeRegistry, subject, action: "endBinding", data }, "End a binding");
    });
  }
};

type Lists = { rootCrl: Hex | undefined; readonly pckCrls: Map<PckCa, Hex> };

/** Fetches what Intel says of a platform; posts what is due, and keeps the revocation lists that came along. */
const tend = async (deps: PassDeps, platform: Platform, lists: Lists, isPosted: boolean, signal: AbortSignal) => {
  const { source, settings, tally } = deps;
  const { tee, fmspc, ca } = platform;
  await tally.attempt({ job, subject: `${tee} ${fmspc}`, action: "post" }, async () => {
    const query = { tee, ca, fmspc: fmspc.slice(2), evaluation: settings.evaluation };
    const collateral = await source.fetch(query, signal);
    lists.rootCrl = `0x${collateral.root_ca_crl}`;
    lists.pckCrls.set(ca, `0x${collateral.pck_crl}`);
    if (isPosted) await postTexts(deps, platform, collateral);
  });
};

const tendAll = async (deps: PassDeps, { served, ofAuthorities }: Platforms, signal: AbortSignal): Promise<Lists> => {
  const lists: Lists = { rootCrl: undefined, pckCrls: new Map() };
  for (const platform of distinct([...deps.settings.platforms, ...served]))
    if (!signal.aborted) await tend(deps, platform, lists, true, signal);
  if (!deps.settings.revoke) return lists;
  // lists come with the texts of some platform of the authority, whichever the service knows
  for (const platform of ofAuthorities)
    if (!signal.aborted && !lists.pckCrls.has(platform.ca)) await tend(deps, platform, lists, false, signal);
  return lists;
};

/** Bindings that are ended in one pass. */
const mostEnded = 4;
/** Bindings that are looked at in one pass; the next pass looks at the next ones. */
const mostLooked = 200;
/** A service that is silent costs a pass no more than this. */
const passMs = 180_000;

export type CollateralJob = { readonly pass: Pass; readonly passUntilDone: Pass };

/** Makes the job. A platform, or a service, that fails is the item's failure; the others go on. `waitMs` bounds `passUntilDone`. */
export const makeCollateralJob = (deps: CollateralDeps, { waitMs }: { readonly waitMs: number }): CollateralJob => {
  const { view, clock, log, settings } = deps;
  const readPlatforms = makePlatforms(deps);
  let looked = 0;

  const passOnce = async (stopping: AbortSignal): Promise<{ done: number; failed: number }> => {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(passMs)]);
    const tally = makeTally(log);
    const [nowS, { blockNumber: head }] = [await nowSeconds({ chain: view, clock }), await view.head()];
    const pass = { ...deps, nowS, head, tally };
    const read = async (): Promise<Platforms> => readPlatforms(await view.boundKeys(Number(nowS)));
    const platforms = await tally.attempt({ job, subject: "bindings", action: "read" }, read);
    if (platforms === undefined) return tally.report();
    if (looked >= platforms.keys.length) looked = 0;
    if (settings.revoke) await endBindings(pass, platforms.keys.slice(looked, looked + mostLooked), signal);
    looked += mostLooked;
    const { rootCrl, pckCrls } = await tendAll(pass, platforms, signal);
    const what = { job, subject: "lists", action: "revoke" };
    if (settings.revoke && rootCrl !== undefined)
      await tally.attempt(what, async () => {
        await revokeIssuers(pass, rootCrl);
        await revokePcks(pass, pckCrls);
      });
    return tally.report();
  };
  const step = async (signal: AbortSignal): Promise<StepReport> => {
    const report = await passOnce(signal);
    return { ...report, isWaiting: report.done > 0 };
  };
  return { pass: passOnce, passUntilDone: repeated(deps, step, waitMs) };
};
