/** Addresses of Intel's Provisioning Certification Service, version 4. */
import type { Tee } from "../../../sdk/attestation/quote.ts";

/** Who issued the PCK certificate: Platform CA for servers, Processor CA for single sockets. */
export type PckCa = "platform" | "processor";

/**
 * Which of Intel's evaluations: `standard` gives operators longer to update than `early`; a number names one that Intel
 * still serves.
 */
export type Evaluation = "standard" | "early" | number;

export const intelBaseUrl = "https://api.trustedservices.intel.com";

/** Intel serves the root CA's list here and not among the other paths; caching services serve it as `rootcacrl`, in hex. */
export const intelRootCrlUrl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

export type CollateralQuery = {
  /** 12 hex digits. */
  readonly fmspc: string;
  readonly tee: Tee;
  readonly ca: PckCa;
  /** `standard` unless given. */
  readonly evaluation?: Evaluation;
};

export type ServiceUrls = {
  /** Intel's unless given. */
  readonly baseUrl?: string;
  readonly rootCrlUrl?: string;
};

export type CollateralUrls = Readonly<Record<"tcbInfo" | "qeIdentity" | "pckCrl" | "rootCrl", string>>;

/** Throws a RangeError where the query makes no sense. */
export function collateralUrls(query: CollateralQuery, urls: ServiceUrls = {}): CollateralUrls {
  const { fmspc, tee, ca, evaluation = "standard" } = query;
  if (!/^[0-9a-fA-F]{12}$/.test(fmspc)) throw new RangeError(`An FMSPC has 12 hex digits: ${fmspc}`);
  if (typeof evaluation === "number" && !(Number.isSafeInteger(evaluation) && evaluation >= 0))
    throw new RangeError(`An evaluation number is a whole number: ${evaluation}`);
  const base = (urls.baseUrl ?? intelBaseUrl).replace(/\/+$/, "");
  const version = typeof evaluation === "number" ? `tcbEvaluationDataNumber=${evaluation}` : `update=${evaluation}`;
  const ofTee = `${base}/${tee.toLowerCase()}/certification/v4`;
  return {
    tcbInfo: `${ofTee}/tcb?fmspc=${fmspc.toUpperCase()}&${version}`,
    qeIdentity: `${ofTee}/qe/identity?${version}`,
    pckCrl: `${base}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`,
    rootCrl: urls.rootCrlUrl ?? intelRootCrlUrl,
  };
}
