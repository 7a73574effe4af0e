/** Two verifiers of others, asked in the words of ours. Their root of trust is replaced by the one of the question. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants, QuoteVerifier } from "@phala/dcap-qvl";
import type * as Web from "@phala/dcap-qvl-web";
import { toHex } from "../../../sdk/attestation/bytes.ts";
import { intelRootKey } from "../../../sdk/attestation/intel-root.ts";
import type { QuoteQuestion } from "../../../sdk/attestation/verify-quote.ts";

/** What another verifier says: a status and the advisories, or the error with which it refuses. */
export type OracleAnswer =
  | { readonly status: string; readonly advisories: readonly string[]; readonly error?: undefined }
  | { readonly error: string; readonly status?: undefined };

/** `@phala/dcap-qvl` 0.3.9 in JavaScript, and the core in Rust as `@phala/dcap-qvl-web` 0.3.3. */
export const oracleNames = ["dcap-qvl", "dcap-qvl-web"] as const;
export type OracleName = (typeof oracleNames)[number];

type Collateral = Parameters<QuoteVerifier["verify"]>[1];
type WebModule = typeof Web;

/** Intel's root certificate is in both; of it they use the key and the name. */
const withRootKey = (bytes: Uint8Array, rootKey: Uint8Array): Buffer => {
  const changed = Buffer.from(bytes);
  const at = changed.indexOf(intelRootKey);
  if (at < 0 || changed.indexOf(intelRootKey, at + 1) >= 0) throw new Error("Intel's root key is not there once.");
  changed.set(rootKey, at);
  return changed;
};

const askJavaScript = ({ quote, collateral, at, rootKey = intelRootKey }: QuoteQuestion): OracleAnswer => {
  const root = withRootKey(constants.TRUSTED_ROOT_CA_DER, rootKey);
  const found = QuoteVerifier.newWithRootCa(root).verify(quote, collateral as Collateral, at);
  return { status: found.status, advisories: found.advisory_ids };
};

const webAt = import.meta.resolve("@phala/dcap-qvl-web");
const webCode = readFileSync(fileURLToPath(new URL("dcap-qvl-web_bg.wasm", webAt)));
const webs = new Map<string, Promise<WebModule>>();

/** A module keeps its code for good, so there is one for each root. */
const webOf = (rootKey: Uint8Array): Promise<WebModule> => {
  const name = toHex(rootKey);
  const known = webs.get(name) ?? loadWeb(name, rootKey);
  webs.set(name, known);
  return known;
};

const loadWeb = async (name: string, rootKey: Uint8Array): Promise<WebModule> => {
  const web = (await import(`${webAt}?root=${name}`)) as WebModule;
  web.initSync({ module: withRootKey(webCode, rootKey) });
  return web;
};

const askWeb = async ({ quote, collateral, at, rootKey = intelRootKey }: QuoteQuestion): Promise<OracleAnswer> => {
  const web = await webOf(rootKey);
  const found = web.js_verify(quote, collateral, BigInt(at)) as { status: string; advisory_ids: string[] };
  return { status: found.status, advisories: found.advisory_ids };
};

const ask = { "dcap-qvl": askJavaScript, "dcap-qvl-web": askWeb };

/** The answer of a verifier of others; whatever it throws is its refusal. */
export const askOracle = async (name: OracleName, question: QuoteQuestion): Promise<OracleAnswer> => {
  try {
    return await ask[name](question);
  } catch (error) {
    return { error: sentenceOf(error) };
  }
};

/** The error and what caused it. */
const sentenceOf = (error: unknown): string =>
  error instanceof Error
    ? [error.message, ...(error.cause === undefined ? [] : [sentenceOf(error.cause)])].join(": ")
    : String(error);
