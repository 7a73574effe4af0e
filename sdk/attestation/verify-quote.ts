import { type Hex, hexToBytes } from "viem";
import { sameBytes, toHex } from "./bytes.ts";
import { type ChainContext, validityOfCertificates } from "./chain.ts";
import { type PckChain, checkRevocation, type Verified, verifyPckChain, verifyTexts } from "./check-collateral.ts";
import { checkAttestationKey, checkQeReport } from "./check-signatures.ts";
import { type Collateral, parseCollateral } from "./collateral.ts";
import { demand, EvidenceError, type Reason, reasonOf } from "./evidence-error.ts";
import { type Facts, platformFactsOf, type Report, reportFactsOf } from "./facts.ts";
import { intelRootKey } from "./intel-root.ts";
import { parsePemBytes } from "./pem.ts";
import { parseQuote, type Quote } from "./quote.ts";
import { checkSgxReport, parseSgxReport } from "./report-sgx.ts";
import { checkTdReport, parseTdReport } from "./report-td.ts";
import { parseSgxExtension, type SgxExtension } from "./sgx-extension.ts";
import { pairBytes } from "./signature.ts";
import type { Status } from "./status.ts";
import { mergeRatings, type Rating, ratePlatform, rateQe, rateTdxModule } from "./tcb-level.ts";
import { intersectionOf, type Validity } from "./validity.ts";

/** What to verify, and by what. */
export type QuoteQuestion = {
  /** The raw quote. */
  readonly quote: Uint8Array;
  /** Checked here whatever it is, so that it may come straight from JSON. */
  readonly collateral: Collateral | unknown;
  /** The clock, in unix seconds. */
  readonly at: number;
  /** Root key as x || y; Intel's unless given. */
  readonly rootKey?: Uint8Array;
  /** TCB statuses to accept; UpToDate alone unless given. */
  readonly allowed?: readonly Status[];
  /** MRSERVICETD values to accept besides zero; none unless given. */
  readonly serviceTds?: readonly Hex[];
};

/**
 * The answer. `status` and `advisories` are what the collateral says of the machine; null and empty where the evidence was
 * rejected before. A rejection has a reason.
 */
export type QuoteVerdict = {
  readonly verdict: "accept" | "reject";
  readonly status: Status | null;
  readonly advisories: readonly string[];
  readonly reason?: Reason;
  readonly facts: Facts;
};

/**
 * Verifies a DCAP quote of SGX or TDX with Intel's collateral. Bad evidence is a verdict; only a root key, a clock or an
 * allowed service TD that makes no sense throws, as a RangeError.
 */
export function verifyQuote(question: QuoteQuestion): QuoteVerdict {
  const context = contextOf(question);
  const serviceTds = (question.serviceTds ?? []).map((measurement) => serviceTdOf(measurement));
  const facts: Facts = {};
  const learn = (found: Facts): void => void Object.assign(facts, found);
  try {
    const rating = rate(question, context, serviceTds, learn);
    return { ...judge(rating, question.allowed ?? ["UpToDate"]), facts };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return { verdict: "reject", status: null, advisories: [], reason: reasonOf(error), facts };
  }
}

type Learn = (found: Facts) => void;

/** All checks but that of the status: from the quote's signature up to the root, then what the collateral says. */
function rate(question: QuoteQuestion, context: ChainContext, serviceTds: readonly Uint8Array[], learn: Learn): Rating {
  const quote = parseQuote(question.quote);
  const report = reportOf(quote);
  learn(reportFactsOf(quote, report));
  checkAttestationKey(quote);
  const chain = verifyPckChain(parsePemBytes(quote.pckChain, "the quote"), context);
  const platform = parseSgxExtension(chain.pck.sgxExtension, "the PCK certificate");
  learn(platformFactsOf(platform, chain.pck));
  checkQeReport(quote, chain.pck);
  checkReports(quote, report, serviceTds);
  const verified = verifyCollateral(question.collateral, chain, context, learn);
  checkMatch(quote, platform, verified);
  return rateAll(verified, quote, report, platform);
}

function reportOf({ kind, body }: Quote): Report {
  return kind === "SGX" ? { sgx: parseSgxReport(body) } : { td: parseTdReport(body) };
}

function checkReports({ qeReport }: Quote, { sgx, td }: Report, serviceTds: readonly Uint8Array[]): void {
  checkSgxReport(parseSgxReport(qeReport), "the quoting enclave's report", "qe-report-reserved");
  if (td === undefined) checkSgxReport(sgx, "the quote", "report-reserved");
  else checkTdReport(td, serviceTds);
}

function verifyCollateral(collateral: unknown, chain: PckChain, context: ChainContext, learn: Learn): Verified {
  const parts = parseCollateral(collateral);
  const [rootCrl, pckCrl] = checkRevocation(parts, chain, context);
  const verified = verifyTexts(parts, rootCrl, context);
  const certificates = validityOfCertificates([chain.pck, chain.ca, chain.root]);
  const crls: Validity[] = [rootCrl, pckCrl].flatMap((crl) => crl?.validity ?? []);
  const { from, until } = intersectionOf([...verified.validities, ...certificates, ...crls]);
  learn({
    tcbEvaluationNumber: verified.tcbInfo.evaluationNumber,
    qeEvaluationNumber: verified.qeIdentity.evaluationNumber,
    validFrom: from,
    validUntil: until,
  });
  return verified;
}

function checkMatch({ tee }: Quote, { fmspc, pceId }: SgxExtension, { tcbInfo, qeIdentity }: Verified): void {
  demand(tcbInfo.id === tee, "collateral-mismatch", `The TCB info is for ${tcbInfo.id}, the quote of ${tee}.`);
  const identity = tee === "TDX" ? "TD_QE" : "QE";
  const found = `The QE identity is ${qeIdentity.id}, the quote of ${tee}.`;
  demand(qeIdentity.id === identity, "collateral-mismatch", found);
  const families = `The TCB info is for FMSPC ${toHex(tcbInfo.fmspc)}, the machine's is ${toHex(fmspc)}.`;
  demand(sameBytes(tcbInfo.fmspc, fmspc), "collateral-mismatch", families);
  const pces = `The TCB info is for PCE ${toHex(tcbInfo.pceId)}, the machine's is ${toHex(pceId)}.`;
  demand(sameBytes(tcbInfo.pceId, pceId), "collateral-mismatch", pces);
}

function rateAll({ tcbInfo, qeIdentity }: Verified, quote: Quote, { td }: Report, platform: SgxExtension): Rating {
  const qe = rateQe(qeIdentity, parseSgxReport(quote.qeReport));
  const module = td === undefined ? undefined : rateTdxModule(tcbInfo, td);
  const level = ratePlatform(tcbInfo, platform, td);
  return mergeRatings(level, module === undefined ? [qe] : [module, qe]);
}

function judge({ status, advisories }: Rating, allowed: readonly Status[]): Omit<QuoteVerdict, "facts"> {
  if (allowed.includes(status)) return { verdict: "accept", status, advisories };
  const because = advisories.length === 0 ? "" : ` because of ${advisories.join(", ")}`;
  const fault = `The machine's TCB is ${status}${because}; allowed is ${allowed.join(", ") || "nothing"}.`;
  return { verdict: "reject", status, advisories, reason: reasonOf(new EvidenceError("status-not-allowed", fault)) };
}

function contextOf({ at, rootKey = intelRootKey }: QuoteQuestion): ChainContext {
  if (rootKey.length !== pairBytes) throw new RangeError(`A root key has 64 bytes, not ${rootKey.length}.`);
  if (!Number.isFinite(at)) throw new RangeError(`The clock ${at} is no number of seconds.`);
  return { at, rootKey };
}

function serviceTdOf(measurement: Hex): Uint8Array {
  if (!/^0x[0-9a-fA-F]{96}$/.test(measurement)) throw new RangeError(`MRSERVICETD has 48 bytes in hex: ${measurement}`);
  return hexToBytes(measurement);
}
