/** Names as Intel and NVIDIA write them, each attribute in a set of its own. */
import { oid, printableString, sequence, set, utf8String } from "./der.ts";

const part = (type: string, value: Uint8Array): Uint8Array => set(sequence(oid(type), value));

/** CN, O, L, ST, C; the country is a PrintableString. */
export const intelName = (commonName: string): Uint8Array =>
  sequence(
    part("2.5.4.3", utf8String(commonName)),
    part("2.5.4.10", utf8String("Intel Corporation")),
    part("2.5.4.7", utf8String("Santa Clara")),
    part("2.5.4.8", utf8String("CA")),
    part("2.5.4.6", printableString("US")),
  );

/** The serial number, where there is one, then C, O, CN; serial number and country are PrintableStrings. */
export const nvidiaName = (commonName: string, serial?: string): Uint8Array =>
  sequence(
    ...(serial === undefined ? [] : [part("2.5.4.5", printableString(serial))]),
    part("2.5.4.6", printableString("US")),
    part("2.5.4.10", utf8String("NVIDIA Corporation")),
    part("2.5.4.3", utf8String(commonName)),
  );

export const commonNames = {
  root: "Intel SGX Root CA",
  platform: "Intel SGX PCK Platform CA",
  processor: "Intel SGX PCK Processor CA",
  pck: "Intel SGX PCK Certificate",
  tcbSigning: "Intel SGX TCB Signing",
} as const;
