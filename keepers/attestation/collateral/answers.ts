/** Takes Intel's answers apart without changing a byte of what was signed. */
import { IntelServiceError } from "./service-error.ts";

export type SignedAnswer = { readonly text: string; readonly signature: string };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const malformed = (url: string, fault: string, cause?: unknown): IntelServiceError =>
  new IntelServiceError("malformed", `${url}: ${fault}`, { cause });

function textOf(url: string, body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw malformed(url, "the answer is not UTF-8", cause);
  }
}

/** `{"field":TEXT,"signature":"HEX"}`: the exact text of the one field, and the signature. */
export function signedAnswerOf(url: string, body: Uint8Array, field: string): SignedAnswer {
  const answer = new RegExp(
    `^\\s*\\{\\s*"${field}"\\s*:\\s*(\\{.*\\})\\s*,\\s*"signature"\\s*:\\s*"([0-9a-fA-F]{128})"\\s*\\}\\s*$`,
    "s",
  );
  const [, text, signature] = answer.exec(textOf(url, body)) ?? [];
  if (text === undefined || signature === undefined)
    throw malformed(url, `the answer is not ${field} with a signature of 64 bytes`);
  return { text, signature: signature.toLowerCase() };
}

const maxChainChars = 16_384;

/** The PEM chain that a header carries, URL-encoded. Older services use another name for one of them. */
export function issuerChainOf(url: string, headers: Headers, names: readonly [string, ...string[]]): string {
  const encoded = names.map((name) => headers.get(name)).find((value) => value !== null);
  if (encoded === undefined || encoded === null) throw malformed(url, `the answer has no header ${names[0]}`);
  if (encoded.length > maxChainChars) throw malformed(url, `the header ${names[0]} is too long`);
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw malformed(url, `the header ${names[0]} is not URL-encoded`, cause);
  }
}

const derSequence = 0x30;

/** A revocation list in hex: Intel serves DER, caching services serve the hex of it. */
export function crlOf(url: string, body: Uint8Array): string {
  const text = /^[0-9a-fA-F]+$/.exec(Buffer.from(body).toString("latin1").trim())?.[0];
  const hex = text ?? Buffer.from(body).toString("hex");
  if (hex.length % 2 !== 0 || Number.parseInt(hex.slice(0, 2), 16) !== derSequence)
    throw malformed(url, "the answer is no revocation list in DER");
  return hex.toLowerCase();
}
