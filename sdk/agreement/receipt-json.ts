import { type Hex, hexToBigInt } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { byteLength, checkBytes, toWord } from "../words/hex.ts";
import type { RequestWords } from "../words/request.ts";
import type { Receipt } from "./receipt.ts";

/** The words of a request as JSON: five times 32 bytes of lower-case hex. */
export type RequestJson = Readonly<Record<keyof RequestWords, Hex>>;
/** A receipt as JSON holds it: everything lower-case hex, words of 32 bytes. */
export type ReceiptJson = Readonly<Record<"head" | "proof" | "output" | "signature", Hex>> & {
  readonly request: RequestJson;
};

const lower = (value: Hex): Hex => value.toLowerCase() as Hex;

/** The words of a request as nodes take them. */
export function requestToJson({ origin, work, rules, terms, inputDigest }: RequestWords): RequestJson {
  const words = { origin: toWord(origin), work: toWord(work), rules: toWord(rules), terms: toWord(terms) };
  return { ...words, inputDigest: lower(checkBytes("inputDigest", inputDigest, 32)) };
}

/** The words of a request out of JSON. Throws InvalidValueError that names what is missing or wrong. */
export function parseRequestJson(value: unknown): RequestWords {
  const fields = fieldsOf("request", value);
  const word = (name: string): bigint => hexToBigInt(checkBytes(name, hexOf(name, fields), 32));
  const words = { origin: word("origin"), work: word("work"), rules: word("rules"), terms: word("terms") };
  return { ...words, inputDigest: lower(checkBytes("inputDigest", hexOf("inputDigest", fields), 32)) };
}

/** A receipt for JSON, to be kept. */
export function receiptToJson({ request, head, proof, output, signature }: Receipt): ReceiptJson {
  return { request: requestToJson(request), head: toWord(head), proof, output, signature };
}

/** A receipt out of JSON: of the right form, and not yet looked at. Throws InvalidValueError. */
export function parseReceipt(value: unknown): Receipt {
  const fields = fieldsOf("receipt", value);
  return {
    request: parseRequestJson(fields["request"]),
    head: hexToBigInt(checkBytes("head", hexOf("head", fields), 32)),
    proof: hexOf("proof", fields),
    output: hexOf("output", fields),
    signature: checkBytes("signature", hexOf("signature", fields), 64),
  };
}

function fieldsOf(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new InvalidValueError(name, "it is not an object.");
  return value as Readonly<Record<string, unknown>>;
}

function hexOf(name: string, fields: Readonly<Record<string, unknown>>): Hex {
  const value = fields[name];
  if (typeof value !== "string") throw new InvalidValueError(name, "it is not hex.");
  byteLength(name, value as Hex); // throws unless it is hex
  return lower(value as Hex);
}
