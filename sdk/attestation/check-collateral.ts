import type { Certificate } from "./certificate.ts";
import { type ChainContext, type ChainShape, validityOfCertificates, verifyChain } from "./chain.ts";
import type { CollateralParts, SignedText } from "./collateral.ts";
import { checkNotRevoked, type Crl, parseCrl, verifyCrl } from "./crl.ts";
import { demand, EvidenceError } from "./evidence-error.ts";
import { parsePem } from "./pem.ts";
import { type QeIdentity, parseQeIdentity } from "./qe-identity.ts";
import { isSigned } from "./signature.ts";
import { parseTcbInfo, type TcbInfo } from "./tcb-info.ts";
import { type Validity, within } from "./validity.ts";

/** A PCK certificate with those that it leads to. */
export type PckChain = { readonly pck: Certificate; readonly ca: Certificate; readonly root: Certificate };

/** Collateral that was verified, and when its parts are valid. */
export type Verified = {
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
  readonly validities: readonly Validity[];
};

/** Verifies the PCK chain of a quote. Throws an EvidenceError. */
export function verifyPckChain(ders: readonly Uint8Array[], context: ChainContext): PckChain {
  const [pck, ca, root] = verifyChain(ders, ["pck", "pckCa", "root"], "the PCK chain", context);
  if (pck !== undefined && ca !== undefined && root !== undefined) return { pck, ca, root };
  throw new EvidenceError("chain-length", "The PCK chain is too short."); // verifyChain has counted
}

/** Throws an EvidenceError unless both CRLs are genuine and current and spare the chain's certificates. */
export function checkRevocation(
  parts: CollateralParts,
  { pck, ca, root }: PckChain,
  context: ChainContext,
): readonly Crl[] {
  const rootCrl = parseCrl(parts.rootCaCrl, "The root CA's CRL");
  verifyCrl(rootCrl, root, context.at, "The root CA's CRL");
  checkNotRevoked(rootCrl, ca);
  const pckCrl = parseCrl(parts.pckCrl, "The PCK CRL");
  verifyCrl(pckCrl, ca, context.at, "The PCK CRL");
  checkNotRevoked(pckCrl, pck);
  if (parts.pckCrlIssuerChain !== undefined) {
    const chain = pemChain(parts.pckCrlIssuerChain, ["pckCa", "root"], "pck_crl_issuer_chain", context);
    const [issuer = ca] = chain;
    checkNotRevoked(rootCrl, issuer);
    verifyCrl(pckCrl, issuer, context.at, "The PCK CRL");
  }
  return [rootCrl, pckCrl];
}

/** Verifies and parses both signed texts. Throws an EvidenceError. */
export function verifyTexts(
  { tcbInfo, qeIdentity }: CollateralParts,
  rootCrl: Crl | undefined,
  context: ChainContext,
): Verified {
  const tcbSigners = verifyText(tcbInfo, "tcb_info", rootCrl, context);
  const qeSigners = verifyText(qeIdentity, "qe_identity", rootCrl, context);
  const [info, identity] = [parseTcbInfo(tcbInfo.text), parseQeIdentity(qeIdentity.text)];
  within(info.validity, context.at, "tcb_info", "collateral");
  within(identity.validity, context.at, "qe_identity", "collateral");
  const signers = validityOfCertificates([...tcbSigners, ...qeSigners]);
  return { tcbInfo: info, qeIdentity: identity, validities: [info.validity, identity.validity, ...signers] };
}

function verifyText(
  { text, signature, issuerChain }: SignedText,
  name: string,
  rootCrl: Crl | undefined,
  context: ChainContext,
) {
  const chain = pemChain(issuerChain, ["tcbSigner", "root"], `${name}_issuer_chain`, context);
  const [signer] = chain;
  if (signer === undefined || rootCrl === undefined) throw new EvidenceError("chain-length", `${name} has no signer.`);
  checkNotRevoked(rootCrl, signer);
  const message = new TextEncoder().encode(text);
  const isGenuine = isSigned({ publicKey: signer.publicKey, message, signature });
  demand(isGenuine, "collateral-signature", `${name} is not signed by ${signer.commonName}.`);
  return chain;
}

function pemChain(pem: string, shape: ChainShape, name: string, context: ChainContext): Certificate[] {
  return verifyChain(parsePem(pem, name), shape, name, context);
}
