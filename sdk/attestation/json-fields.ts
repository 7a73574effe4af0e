import { fromHexDigits } from "./bytes.ts";
import { EvidenceError } from "./evidence-error.ts";
import { type Json, JsonError, parseStrictJson } from "./strict-json.ts";
import { type Status, statuses } from "./status.ts";

/** Reads one object of a signed text. Every method but `has` throws an EvidenceError that names the field. */
export type Fields = {
  has(name: string): boolean;
  text(name: string): string;
  texts(name: string): string[];
  object(name: string): Fields;
  objects(name: string): Fields[];
  /** One of the texts that are allowed here. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T;
  /** A whole number within the bounds, both included. */
  integer(name: string, min: number, max: number): number;
  /** Hex digits of any case, without prefix. */
  bytes(name: string, length: number): Uint8Array;
  /** Unix seconds of a time like 2026-01-31T12:00:00Z. */
  time(name: string): number;
  status(name: string): Status;
};

/** Parses a signed text that is one object. Throws an EvidenceError. */
export function parseFields(text: string, what: string): Fields {
  try {
    return makeFields(parseStrictJson(text), what);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new EvidenceError("collateral-malformed", `${what} is no strict JSON. ${cause.message}`, { cause });
  }
}

function makeFields(json: Json | undefined, path: string): Fields {
  if (!(json instanceof Map)) throw malformed(path, "an object");
  const members: ReadonlyMap<string, Json> = json;
  const at = (name: string): string => `${path}.${name}`;
  const text = (name: string): string => textOf(members.get(name), at(name));
  const items = (name: string): readonly Json[] => itemsOf(members.get(name), at(name));
  return {
    has: (name) => members.has(name),
    text,
    texts: (name) => items(name).map((item, i) => textOf(item, `${at(name)}[${i}]`)),
    object: (name) => makeFields(members.get(name), at(name)),
    objects: (name) => items(name).map((item, i) => makeFields(item, `${at(name)}[${i}]`)),
    oneOf: (name, allowed) => memberOf(text(name), allowed, at(name)),
    integer: (name, min, max) => integerOf(members.get(name), min, max, at(name)),
    bytes: (name, length) => bytesOf(text(name), length, at(name)),
    time: (name) => timeOf(text(name), at(name)),
    status: (name) => memberOf(text(name), statuses, at(name)),
  };
}

function textOf(value: Json | undefined, path: string): string {
  if (typeof value === "string") return value;
  throw malformed(path, "a text");
}

function itemsOf(value: Json | undefined, path: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw malformed(path, "a list");
}

function memberOf<T extends string>(value: string, allowed: readonly T[], path: string): T {
  const member = allowed.find((one) => one === value);
  if (member !== undefined) return member;
  throw malformed(path, allowed.join(" or "));
}

function integerOf(value: Json | undefined, min: number, max: number, path: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw malformed(path, min === max ? String(min) : `a whole number from ${min} to ${max}`);
}

function bytesOf(digits: string, length: number, path: string): Uint8Array {
  const value = fromHexDigits(digits);
  if (value?.length === length) return value;
  throw malformed(path, `${length} bytes in hex`);
}

function timeOf(value: string, path: string): number {
  const seconds = Date.parse(value) / 1000;
  const iso = Number.isInteger(seconds) ? new Date(1000 * seconds).toISOString() : "";
  if (iso.replace(".000Z", "Z") === value) return seconds;
  throw malformed(path, "a time like 2026-01-31T12:00:00Z");
}

function malformed(path: string, expected: string): EvidenceError {
  return new EvidenceError("collateral-malformed", `${path} must be ${expected}.`);
}
