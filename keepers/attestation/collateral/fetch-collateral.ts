import type { ChainContext } from "../../../sdk/attestation/chain.ts";
import type { Collateral } from "../../../sdk/attestation/collateral.ts";
import { intelRootKey } from "../../../sdk/attestation/intel-root.ts";
import { systemClock, type Clock } from "../../runtime/clock.ts";
import { crlOf, issuerChainOf, signedAnswerOf } from "./answers.ts";
import { checkCollateral } from "./check.ts";
import { get, type GetLimits, type Got } from "./get.ts";
import { IntelServiceError } from "./service-error.ts";
import { collateralUrls, type CollateralQuery, type CollateralUrls, type ServiceUrls } from "./urls.ts";

export type FetchCollateralOptions = CollateralQuery &
  ServiceUrls & {
    /** Root key as x || y; Intel's unless given. */
    readonly rootKey?: Uint8Array;
    readonly fetch?: typeof fetch;
    readonly clock?: Clock;
    readonly signal?: AbortSignal;
    readonly limits?: Partial<FetchLimits>;
  };

export type FetchLimits = GetLimits & {
  /** For everything, pauses included. */
  readonly totalTimeoutMs: number;
};

/** Intel's own answers have 1 to 20 KB. */
const usualLimits: FetchLimits = {
  maxBytes: 1_048_576,
  timeoutMs: 20_000,
  attempts: 4,
  firstDelayMs: 1_000,
  maxDelayMs: 60_000,
  totalTimeoutMs: 240_000,
};

/**
 * Collateral of one kind of machine from Intel's service or a cache of it: complete, signed from the pinned root down,
 * valid now and about what was asked for. Throws an IntelServiceError, or the reason of the signal.
 */
export async function fetchCollateral(options: FetchCollateralOptions): Promise<Collateral> {
  const { rootKey = intelRootKey, clock = systemClock } = options;
  const collateral = await readInTime(options, clock);
  const context: ChainContext = { at: Math.floor(clock.now() / 1_000), rootKey };
  checkCollateral(collateral, options, context);
  return collateral;
}

async function readInTime(options: FetchCollateralOptions, clock: Clock): Promise<Collateral> {
  const { fetch: fetchIt = fetch, signal } = options;
  const urls = collateralUrls(options, options);
  const limits = { ...usualLimits, ...options.limits };
  const deadline = AbortSignal.timeout(limits.totalTimeoutMs);
  const ending = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    return await read(urls, (url) => get(url, limits, { fetch: fetchIt, clock, signal: ending }));
  } catch (cause) {
    if (cause !== deadline.reason) throw cause;
    const fault = `${urls.tcbInfo} and others: not complete within ${limits.totalTimeoutMs} ms`;
    throw new IntelServiceError("unavailable", fault, { cause });
  }
}

type Getter = (url: string) => Promise<Got>;

/** One after another, so that a service which throttles is asked no faster than it answers. */
async function read(urls: CollateralUrls, getIt: Getter): Promise<Collateral> {
  const tcbInfo = await getIt(urls.tcbInfo);
  const qeIdentity = await getIt(urls.qeIdentity);
  const pckCrl = await getIt(urls.pckCrl);
  const rootCrl = await getIt(urls.rootCrl);
  const info = signedAnswerOf(urls.tcbInfo, tcbInfo.body, "tcbInfo");
  const identity = signedAnswerOf(urls.qeIdentity, qeIdentity.body, "enclaveIdentity");
  return {
    pck_crl_issuer_chain: issuerChainOf(urls.pckCrl, pckCrl.headers, ["SGX-PCK-CRL-Issuer-Chain"]),
    root_ca_crl: crlOf(urls.rootCrl, rootCrl.body),
    pck_crl: crlOf(urls.pckCrl, pckCrl.body),
    tcb_info_issuer_chain: issuerChainOf(urls.tcbInfo, tcbInfo.headers, [
      "TCB-Info-Issuer-Chain",
      "SGX-TCB-Info-Issuer-Chain",
    ]),
    tcb_info: info.text,
    tcb_info_signature: info.signature,
    qe_identity_issuer_chain: issuerChainOf(urls.qeIdentity, qeIdentity.headers, ["SGX-Enclave-Identity-Issuer-Chain"]),
    qe_identity: identity.text,
    qe_identity_signature: identity.signature,
  };
}
