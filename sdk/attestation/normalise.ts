import { EvidenceError } from "./evidence-error.ts";
import { parsePemBytes } from "./pem.ts";
import { parseQuote } from "./quote.ts";

/** The parts of a quote that a contract verifies, in raw bytes: no PEM, no lengths, no padding. */
export type QuoteParts = {
  /** Header and body, with what version 5 has between them: what the attestation key signed. */
  readonly signedBody: Uint8Array;
  /** r || s. */
  readonly quoteSignature: Uint8Array;
  /** x || y. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: Uint8Array;
  /** r || s. */
  readonly qeReportSignature: Uint8Array;
  readonly authData: Uint8Array;
  readonly pckDer: Uint8Array;
  readonly intermediateDer: Uint8Array;
  readonly rootDer: Uint8Array;
};

/** Takes a raw quote apart. Verifies nothing but form. Throws an EvidenceError. */
export function normaliseQuote(bytes: Uint8Array): QuoteParts {
  const { signature, pckChain, signedBody, attestationKey, qeReport, qeReportSignature, authData } = parseQuote(bytes);
  const [pckDer, intermediateDer, rootDer, ...others] = parsePemBytes(pckChain, "the quote");
  if (pckDer === undefined || intermediateDer === undefined || rootDer === undefined || others.length > 0)
    throw new EvidenceError("chain-length", "The quote's chain does not hold three certificates.");
  return {
    signedBody,
    quoteSignature: signature,
    attestationKey,
    qeReport,
    qeReportSignature,
    authData,
    pckDer,
    intermediateDer,
    rootDer,
  };
}
