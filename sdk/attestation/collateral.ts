import { fromHexDigits } from "./bytes.ts";
import { EvidenceError } from "./evidence-error.ts";
import { pairBytes } from "./signature.ts";

/**
 * What Intel publishes to verify a quote, in the JSON form of dcap-qvl: signed texts unchanged, signatures r || s and CRLs
 * (DER) in hex without prefix, chains in PEM. The chain of the PCK CRL's issuer may be left out, as the quote holds it.
 */
export type Collateral = {
  readonly tcb_info: string;
  readonly tcb_info_signature: string;
  readonly tcb_info_issuer_chain: string;
  readonly qe_identity: string;
  readonly qe_identity_signature: string;
  readonly qe_identity_issuer_chain: string;
  readonly pck_crl: string;
  readonly root_ca_crl: string;
  readonly pck_crl_issuer_chain?: string;
};

/** Collateral whose hex is decoded. */
export type CollateralParts = {
  readonly tcbInfo: SignedText;
  readonly qeIdentity: SignedText;
  readonly pckCrl: Uint8Array;
  readonly rootCaCrl: Uint8Array;
  readonly pckCrlIssuerChain: string | undefined;
};

/** A text of Intel's, its signature and the PEM chain of its signer. */
export type SignedText = { readonly text: string; readonly signature: Uint8Array; readonly issuerChain: string };

/** Takes a collateral apart, whatever it is. Members that are not known are passed over. Throws an EvidenceError. */
export function parseCollateral(collateral: unknown): CollateralParts {
  const isObject = typeof collateral === "object" && collateral !== null && !Array.isArray(collateral);
  const members: Readonly<Record<string, unknown>> = isObject ? { ...collateral } : {};
  const text = (name: keyof Collateral): string => {
    const value = members[name];
    if (typeof value !== "string") throw malformed(name, "a text");
    return value;
  };
  const bytes = (name: keyof Collateral, length?: number): Uint8Array => {
    const value = fromHexDigits(text(name));
    if (value === undefined || value.length === 0 || value.length !== (length ?? value.length))
      throw malformed(name, `${length ?? "some"} bytes in hex`);
    return value;
  };
  const signed = (name: "tcb_info" | "qe_identity"): SignedText => ({
    text: text(name),
    signature: bytes(`${name}_signature`, pairBytes),
    issuerChain: text(`${name}_issuer_chain`),
  });
  return {
    tcbInfo: signed("tcb_info"),
    qeIdentity: signed("qe_identity"),
    pckCrl: bytes("pck_crl"),
    rootCaCrl: bytes("root_ca_crl"),
    pckCrlIssuerChain: members.pck_crl_issuer_chain === undefined ? undefined : text("pck_crl_issuer_chain"),
  };
}

function malformed(name: string, expected: string): EvidenceError {
  return new EvidenceError("collateral-malformed", `${name} of the collateral must be ${expected}.`);
}
