import { verifyChain, type ChainContext } from "../../../sdk/attestation/chain.ts";
import { verifyTexts, type Verified } from "../../../sdk/attestation/check-collateral.ts";
import { parseCollateral, type Collateral } from "../../../sdk/attestation/collateral.ts";
import { checkNotRevoked, parseCrl, verifyCrl, type Crl } from "../../../sdk/attestation/crl.ts";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { parsePem } from "../../../sdk/attestation/pem.ts";
import { IntelServiceError, type ServiceFailure } from "./service-error.ts";
import type { CollateralQuery, PckCa } from "./urls.ts";

const caNames = { platform: "Intel SGX PCK Platform CA", processor: "Intel SGX PCK Processor CA" } as const;

/**
 * All that can be checked of collateral without a quote: both lists and both texts are signed from the pinned root down,
 * are valid now, and are those that were asked for. Throws an IntelServiceError.
 */
export function checkCollateral(collateral: Collateral, query: CollateralQuery, context: ChainContext): Verified {
  try {
    const parts = parseCollateral(collateral);
    const rootCrl = checkLists(collateral, query.ca, context);
    const verified = verifyTexts(parts, rootCrl, context);
    checkAsked(verified, query);
    return verified;
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    throw new IntelServiceError(failureOf(cause), cause.message, { cause });
  }
}

/** The root CA's list, once both are verified. */
function checkLists(collateral: Collateral, ca: PckCa, context: ChainContext): Crl {
  const ders = parsePem(collateral.pck_crl_issuer_chain ?? "", "pck_crl_issuer_chain");
  const [issuer, root] = verifyChain(ders, ["pckCa", "root"], "pck_crl_issuer_chain", context);
  if (issuer === undefined || root === undefined) throw new RangeError("A verified chain has two certificates.");
  const rootCrl = parseCrl(Buffer.from(collateral.root_ca_crl, "hex"), "The root CA's CRL");
  verifyCrl(rootCrl, root, context.at, "The root CA's CRL");
  checkNotRevoked(rootCrl, issuer);
  verifyCrl(parseCrl(Buffer.from(collateral.pck_crl, "hex"), "The PCK CRL"), issuer, context.at, "The PCK CRL");
  demandAsked(issuer.commonName === caNames[ca], `the PCK CRL is that of ${issuer.commonName}, not of the ${ca} CA`);
  return rootCrl;
}

function checkAsked({ tcbInfo, qeIdentity }: Verified, { fmspc, tee, evaluation }: CollateralQuery): void {
  const family = Buffer.from(tcbInfo.fmspc).toString("hex");
  demandAsked(tcbInfo.id === tee, `the TCB info is for ${tcbInfo.id}, not for ${tee}`);
  demandAsked(family === fmspc.toLowerCase(), `the TCB info is for FMSPC ${family}, not for ${fmspc}`);
  const identity = tee === "TDX" ? "TD_QE" : "QE";
  demandAsked(qeIdentity.id === identity, `the QE identity is ${qeIdentity.id}, not ${identity}`);
  const numbers = [tcbInfo.evaluationNumber, qeIdentity.evaluationNumber];
  const wanted = typeof evaluation === "number" ? evaluation : tcbInfo.evaluationNumber;
  demandAsked(
    numbers.every((number) => number === wanted),
    `the texts are of evaluations ${numbers.join(" and ")}, not both of ${wanted}`,
  );
}

function demandAsked(condition: boolean, fault: string): void {
  if (!condition) throw new IntelServiceError("mismatch", fault);
}

function failureOf({ code }: EvidenceError): ServiceFailure {
  if (code.endsWith("-expired") || code.endsWith("-not-yet-valid")) return "stale";
  return code.endsWith("-malformed") ? "malformed" : "untrusted";
}
