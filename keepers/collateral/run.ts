/** The collateral job's pass: posts Intel's texts before they end, proves what Intel revokes, ends what was bound by it. */
import { encodeFunctionData, type Hex, hexToBytes } from "viem";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { textCallsOf } from "../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { parseCrl } from "../../sdk/attestation/crl.ts";
import { parseTcbInfo } from "../../sdk/attestation/tcb-info.ts";
import { intentOfNeed } from "../attest/intents.ts";
import { needsOf } from "../attest/needs.ts";
import type { CollateralSource } from "../attestation/collateral/source.ts";
import type { Evaluation, PckCa } from "../attestation/collateral/urls.ts";
import type { TeeChain } from "../attestation/tee-chain.ts";
import { makePlatforms } from "./platforms.ts";
import type { BoundKey } from "../chain/evidence.ts";
import { type JobDeps, makeTally, nowSeconds, type Tally } from "../job.ts";
import type { Pass } from "../runtime/loop.ts";
import { submitOnce } from "../runtime/submit-once.ts";
import type { Intent } from "../runtime/tx-types.ts";
import { distinct, type Platform, planTexts, platformsForLists, revokedIssuers, revokedPcks } from "./plan.ts";

export type CollateralSettings = {
  /** Platforms whose texts are kept fresh besides those of machines whose bound keys serve a task. */
  readonly platforms: readonly Platform[];
  readonly evaluation: Evaluation;
  /** Texts that end so soon are posted anew, seconds. */
  readonly renewBeforeS: number;
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

type Lists = { readonly rootCrl: Hex; readonly pckCrls: Map<PckCa, Hex> };
type PassDeps = CollateralDeps & { readonly nowS: bigint; readonly tally: Tally };

const send = async ({ transactions, nowS, log, tally }: PassDeps, intent: Intent, what: string): Promise<void> => {
  if (!(await submitOnce(transactions, { ...intent, deadlineS: Number(nowS + patienceS) }))) return;
  log.info({ what, subject: intent.subject }, "evidence is tended on chain");
  tally.done();
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

const proveRevocations = async (deps: PassDeps, { rootCrl, pckCrls }: Lists): Promise<void> => {
  const { view, chain, instance } = deps;
  for (const { issuerId, serial, offset } of revokedIssuers(await view.issuers(), listOf(rootCrl))) {
    if (!(await chain.isLiveIssuer(issuerId))) continue;
    const args = [issuerId, rootCrl, BigInt(offset)] as const;
    const data = encodeFunctionData({ abi: dcapCollateralAbi, functionName: "revokeIssuer", args });
    const intent = { contract: instance.collateral, subject: `issuer:${issuerId}:${serial}`, action: "revoke", data };
    await send(deps, intent, "an issuer is revoked");
  }
  const pcks = await view.pcks();
  for (const issuerId of new Set(pcks.map((pck) => pck.issuerId))) {
    const ca = await chain.caOf(issuerId);
    const crl = ca === undefined ? undefined : pckCrls.get(ca);
    if (crl === undefined || !(await chain.isLiveIssuer(issuerId))) continue;
    for (const { pckId, x, y, offset } of revokedPcks(pcks, issuerId, listOf(crl))) {
      const args = [issuerId, x, y, crl, BigInt(offset)] as const;
      const data = encodeFunctionData({ abi: dcapVerifierAbi, functionName: "revokePck", args });
      const intent = { contract: instance.quoteVerifier, subject: `pck:${pckId}`, action: "revoke", data };
      await send(deps, intent, "a machine's certificate is revoked");
    }
  }
};

const listOf = (crl: Hex) => parseCrl(hexToBytes(crl), "The revocation list");

const endBindings = async (deps: PassDeps, bound: readonly BoundKey[]): Promise<void> => {
  const { chain, instance, tally } = deps;
  for (const key of bound) {
    const { workloadId, signer, pckId, measurement, untilS } = key;
    const subject = `workload:${workloadId}:signer:${signer}:until:${untilS}`;
    await tally.attempt({ job, subject, action: "endBinding" }, async () => {
      if (!(await chain.canEnd(key))) return;
      const args = [workloadId, signer, pckId, measurement] as const;
      const data = encodeFunctionData({ abi: teeRegistryAbi, functionName: "endBinding", args });
      const intent = { contract: instance.teeRegistry, subject, action: "endBinding", data };
      await send(deps, intent, "a binding has lost what it was made by");
    });
  }
};

/** Fetches what Intel says of each platform, and posts what is due. Returns the revocation lists that came along. */
const tendTexts = async (
  deps: PassDeps,
  posted: readonly Platform[],
  listed: readonly Platform[],
  signal: AbortSignal,
) => {
  const { source, settings, tally } = deps;
  const lists: { rootCrl: Hex | undefined; pckCrls: Map<PckCa, Hex> } = { rootCrl: undefined, pckCrls: new Map() };
  for (const platform of [...posted, ...listed]) {
    if (signal.aborted) break;
    const { tee, fmspc, ca } = platform;
    await tally.attempt({ job, subject: `${tee} ${fmspc}`, action: "post" }, async () => {
      const query = { tee, ca, fmspc: fmspc.slice(2), evaluation: settings.evaluation };
      const collateral = await source.fetch(query, signal);
      lists.rootCrl = `0x${collateral.root_ca_crl}`;
      lists.pckCrls.set(ca, `0x${collateral.pck_crl}`);
      if (posted.includes(platform)) await postTexts(deps, platform, collateral);
    });
  }
  return lists;
};

/** Bindings that are looked at in one pass; the next pass looks at the next ones. */
const mostBindings = 200;

/** Makes the pass. A platform, or a service, that fails is the item's failure; the others go on. */
export const makeCollateralJob = (deps: CollateralDeps): Pass => {
  const { view, clock, log, settings } = deps;
  const readPlatforms = makePlatforms(deps);
  let looked = 0;
  return async (signal) => {
    const tally = makeTally(log);
    const nowS = await nowSeconds({ chain: view, clock });
    const pass = { ...deps, nowS, tally };
    const bound = await view.boundKeys(Number(nowS));
    const { served, ofAuthorities } = await readPlatforms(bound);
    const posted = distinct([...settings.platforms, ...served]);
    const listed = settings.revoke ? platformsForLists(posted, ofAuthorities) : [];
    const { rootCrl, pckCrls } = await tendTexts(pass, posted, listed, signal);
    if (settings.revoke && rootCrl !== undefined)
      await tally.attempt({ job, subject: "lists", action: "revoke" }, () =>
        proveRevocations(pass, { rootCrl, pckCrls }),
      );
    if (looked >= bound.length) looked = 0;
    await endBindings(pass, bound.slice(looked, looked + mostBindings));
    looked += mostBindings;
    return tally.report();
  };
};
