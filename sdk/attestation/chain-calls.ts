import { encodeFunctionData, type Hex } from "viem";
import { dcapCollateralAbi } from "../abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../abi/dcap-verifier.ts";
import { toHex } from "./bytes.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { issuerIdOf, pairOf, pckIdOf } from "./chain-ids.ts";
import { parseCrl } from "./crl.ts";
import { type Collateral, parseCollateral, type SignedText } from "./collateral.ts";
import { EvidenceError } from "./evidence-error.ts";
import { normaliseQuote, type QuoteParts } from "./normalise.ts";
import { parsePem } from "./pem.ts";
import { parseSgxReport } from "./report-sgx.ts";

/** What the quoting enclave's report says, as the contract's `QeFacts`. */
export type QeFacts = {
  readonly miscSelect: Hex;
  readonly attributes: Hex;
  readonly mrSigner: Hex;
  readonly isvProdId: number;
  readonly isvSvn: number;
};

/** A quote as the contract's `Quote`. */
export type QuoteWords = {
  readonly signedBody: Hex;
  readonly r: Hex;
  readonly s: Hex;
  readonly keyX: Hex;
  readonly keyY: Hex;
  readonly pckId: Hex;
  readonly qe: QeFacts;
};

/** A call to DcapCollateral or DcapVerifier that has to come before a quote, as for viem. `what` says what it does. */
export type RegistrationCall = { readonly what: string } & (
  | { readonly to: "collateral"; readonly functionName: "registerIssuer"; readonly args: readonly [Hex] }
  | {
      readonly to: "collateral";
      readonly functionName: "postTcbInfo" | "postQeIdentity";
      readonly args: readonly [text: Hex, r: Hex, s: Hex, issuerId: Hex];
    }
  | { readonly to: "verifier"; readonly functionName: "registerPck"; readonly args: readonly [der: Hex, issuerId: Hex] }
  | {
      readonly to: "verifier";
      readonly functionName: "registerAttestationKey";
      readonly args: readonly [qeReport: Hex, r: Hex, s: Hex, authData: Hex, x: Hex, y: Hex, pckKey: PckKey];
    }
);

/** A call that proves a revocation, by an entry of a list. */
export type RevocationCall = { readonly what: string } & (
  | {
      readonly to: "collateral";
      readonly functionName: "revokeIssuer";
      readonly args: readonly [issuerId: Hex, crl: Hex, entryOffset: bigint];
    }
  | {
      readonly to: "verifier";
      readonly functionName: "revokePck";
      readonly args: readonly [issuerId: Hex, x: Hex, y: Hex, crl: Hex, entryOffset: bigint];
    }
);

/** What a PCK certificate's id commits to. */
export type PckKey = { readonly x: Hex; readonly y: Hex; readonly issuerId: Hex; readonly serial: bigint };

/** All that has to be said on chain of a quote and its collateral. */
export type ChainEvidence = {
  /** In this order; what is on chain already may be left out. */
  readonly collateral: readonly RegistrationCall[];
  readonly machine: readonly RegistrationCall[];
  readonly quote: QuoteWords;
};

/** Takes a raw quote and its collateral apart into contract calls. Verifies nothing but form. Throws an EvidenceError. */
export function chainEvidenceOf(quote: Uint8Array, collateral: Collateral): ChainEvidence {
  const parts = normaliseQuote(quote);
  const authority = parseCertificate(parts.intermediateDer, "The quote's intermediate certificate");
  const issuerId = issuerIdOf(authority);
  const pck = parseCertificate(parts.pckDer, "The quote's PCK certificate");
  const registerAuthority = { to: "collateral", functionName: "registerIssuer", args: [toHex(authority.der)] } as const;
  return {
    collateral: [{ what: `Register the ${authority.commonName}`, ...registerAuthority }, ...textCallsOf(collateral)],
    machine: machineCalls(parts, pck, issuerId),
    quote: quoteWordsOf(parts, pckIdOf(pck, issuerId)),
  };
}

/** Calls that post the collateral's two texts, each after its signer, in this order. Verifies nothing but form. Throws an EvidenceError. */
export function textCallsOf(collateral: Collateral): readonly RegistrationCall[] {
  const { tcbInfo, qeIdentity } = parseCollateral(collateral);
  return [
    ...postCalls(tcbInfo, "postTcbInfo", "Post the TCB info"),
    ...postCalls(qeIdentity, "postQeIdentity", "Post the QE identity"),
  ];
}

/** Calls for those of the quote's certificates, and of the collateral's signers, that the collateral's lists revoke. Throws an EvidenceError. */
export function revocationCallsOf(quote: Uint8Array, collateral: Collateral): readonly RevocationCall[] {
  const { intermediateDer, pckDer } = normaliseQuote(quote);
  const authority = parseCertificate(intermediateDer, "The quote's intermediate certificate");
  const pck = parseCertificate(pckDer, "The quote's PCK certificate");
  const { pckCrl, rootCaCrl, tcbInfo, qeIdentity } = parseCollateral(collateral);
  const signers = [tcbInfo, qeIdentity].map(({ issuerChain }) => signerOf(issuerChain));
  const ofRoot = parseCrl(rootCaCrl, "The root CA's CRL").revoked;
  const issuers = [authority, ...signers].flatMap((issuer): readonly RevocationCall[] => {
    const offset = ofRoot.get(toHex(issuer.serial));
    if (offset === undefined) return [];
    const args = [issuerIdOf(issuer), toHex(rootCaCrl), BigInt(offset)] as const;
    return [{ what: `Revoke the ${issuer.commonName}`, to: "collateral", functionName: "revokeIssuer", args }];
  });
  const offset = parseCrl(pckCrl, "The PCK CRL").revoked.get(toHex(pck.serial));
  if (offset === undefined) return issuers;
  const args = [issuerIdOf(authority), ...pairOf(pck.publicKey), toHex(pckCrl), BigInt(offset)] as const;
  return [...issuers, { what: "Revoke the PCK certificate", to: "verifier", functionName: "revokePck", args }];
}

/** Calldata of a registration or a revocation. */
export function calldataOf({ to, functionName, args }: RegistrationCall | RevocationCall): Hex {
  const abi = to === "collateral" ? dcapCollateralAbi : dcapVerifierAbi;
  // the ABI holds these functions with these arguments
  return encodeFunctionData({ abi, functionName, args } as Parameters<typeof encodeFunctionData>[0]);
}

function postCalls(
  { text, signature, issuerChain }: SignedText,
  functionName: "postTcbInfo" | "postQeIdentity",
  what: string,
): readonly RegistrationCall[] {
  const signer = signerOf(issuerChain);
  const args = [toHex(new TextEncoder().encode(text)), ...pairOf(signature), issuerIdOf(signer)] as const;
  const register = { to: "collateral", functionName: "registerIssuer", args: [toHex(signer.der)] } as const;
  return [
    { what: `Register the signer ${signer.commonName}`, ...register },
    { what, to: "collateral", functionName, args },
  ];
}

function signerOf(issuerChain: string): Certificate {
  const [der] = parsePem(issuerChain, "the chain of the collateral's signer");
  if (der === undefined) throw new EvidenceError("chain-length", "The collateral names no signer.");
  return parseCertificate(der, "The collateral's signer");
}

function machineCalls(parts: QuoteParts, pck: Certificate, issuerId: Hex): readonly RegistrationCall[] {
  const [x, y] = pairOf(pck.publicKey);
  const pckKey = { x, y, issuerId, serial: BigInt(toHex(pck.serial)) };
  const [r, s] = pairOf(parts.qeReportSignature);
  const [keyX, keyY] = pairOf(parts.attestationKey);
  const key = [toHex(parts.qeReport), r, s, toHex(parts.authData), keyX, keyY, pckKey] as const;
  return [
    {
      what: "Register the PCK certificate",
      ...{ to: "verifier", functionName: "registerPck", args: [toHex(pck.der), issuerId] },
    },
    { what: "Register the attestation key", to: "verifier", functionName: "registerAttestationKey", args: key },
  ];
}

function quoteWordsOf(parts: QuoteParts, pckId: Hex): QuoteWords {
  const [r, s] = pairOf(parts.quoteSignature);
  const [keyX, keyY] = pairOf(parts.attestationKey);
  const { miscSelect, attributes, mrSigner, isvProdId, isvSvn } = parseSgxReport(parts.qeReport);
  const bytes = { miscSelect: toHex(miscSelect), attributes: toHex(attributes), mrSigner: toHex(mrSigner) };
  return { signedBody: toHex(parts.signedBody), r, s, keyX, keyY, pckId, qe: { ...bytes, isvProdId, isvSvn } };
}
