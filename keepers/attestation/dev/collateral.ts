/** What a verifier needs besides a quote, in the JSON form of dcap-qvl (QuoteCollateralV3). */
import { hexOf } from "./bytes.ts";
import { pemChain } from "./pem.ts";
import type { SignedText } from "./signed-text.ts";

export type Collateral = {
  readonly pck_crl_issuer_chain: string;
  /** DER in hex. */
  readonly root_ca_crl: string;
  readonly pck_crl: string;
  readonly tcb_info_issuer_chain: string;
  /** The exact text that was signed. */
  readonly tcb_info: string;
  /** r || s in hex. */
  readonly tcb_info_signature: string;
  readonly qe_identity_issuer_chain: string;
  readonly qe_identity: string;
  readonly qe_identity_signature: string;
};

export type CollateralParts = {
  /** DER: issuer of the PCKs, then the root. */
  readonly pckIssuerChain: readonly Uint8Array[];
  readonly rootCrl: Uint8Array;
  readonly pckCrl: Uint8Array;
  /** DER: signer of the texts, then the root. */
  readonly signerChain: readonly Uint8Array[];
  readonly tcbInfo: SignedText;
  readonly qeIdentity: SignedText;
};

export const collateralOf = (parts: CollateralParts): Collateral => ({
  pck_crl_issuer_chain: pemChain(parts.pckIssuerChain),
  root_ca_crl: hexOf(parts.rootCrl),
  pck_crl: hexOf(parts.pckCrl),
  tcb_info_issuer_chain: pemChain(parts.signerChain),
  tcb_info: parts.tcbInfo.text,
  tcb_info_signature: parts.tcbInfo.signature,
  qe_identity_issuer_chain: pemChain(parts.signerChain),
  qe_identity: parts.qeIdentity.text,
  qe_identity_signature: parts.qeIdentity.signature,
});
