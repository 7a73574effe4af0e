import { asciiOf } from "./der-values.ts";
import { demand } from "./evidence-error.ts";

const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The DER certificates of PEM blocks that follow each other, with nothing but line ends between. Throws an EvidenceError. */
export function parsePem(text: string, what: string): Uint8Array[] {
  const lines = text.replaceAll("\r\n", "\n").replace(/\n+$/, "").split("\n");
  const certificates: Uint8Array[] = [];
  for (let at = 0; at < lines.length;) {
    const last = lines.indexOf(end, at);
    demand(lines[at] === begin && last > at, "pem-malformed", `Not only certificates are in ${what}.`);
    certificates.push(decodeBase64(lines.slice(at + 1, last).join(""), what));
    at = last + 1;
  }
  return certificates;
}

/** The same for the bytes in a quote, which Intel may end in one NUL byte. Throws an EvidenceError. */
export function parsePemBytes(bytes: Uint8Array, what: string): Uint8Array[] {
  return parsePem(asciiOf(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes), what);
}

/** Base64 with full padding and no bits left over (RFC 4648). */
function decodeBase64(text: string, what: string): Uint8Array {
  const digits = text.replace(/={1,2}$/, "");
  const isWellFormed = text.length % 4 === 0 && text.length > 0 && /^[A-Za-z0-9+/]+$/.test(digits);
  demand(isWellFormed, "pem-malformed", `A certificate in ${what} is not base64.`);
  const bytes: number[] = [];
  let [pending, bits] = [0, 0];
  for (const digit of digits) {
    pending = 64 * pending + alphabet.indexOf(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(pending >> bits);
    pending %= 1 << bits;
  }
  demand(pending === 0, "pem-malformed", `A certificate in ${what} has bits beyond its last byte.`);
  return Uint8Array.from(bytes);
}
