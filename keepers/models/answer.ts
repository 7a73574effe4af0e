/** What a server's answer to a question for the rest of a file means, before its body is read. */
import type { IncomingHttpHeaders } from "node:http";

export type Asked = {
  /** How much is here already; 0 asks for everything. */
  readonly from: number;
  /** Length of the whole file. */
  readonly bytes: number;
  /** The strong ETag of what is here, on condition of which the rest was asked for. */
  readonly ifRange: string | undefined;
};

export type Reading =
  /** The body is the file from `from - skip` on; `isNew`: it is another version, so what is here is worth nothing. */
  | { readonly kind: "body"; readonly skip: number; readonly isNew: boolean }
  /** Asking for a range leads nowhere; without one it may. */
  | { readonly kind: "noRange" }
  /** May be otherwise in a while. */
  | { readonly kind: "again"; readonly why: string; readonly afterMs?: number }
  | { readonly kind: "refuse"; readonly why: string };

const maxRetryAfterMs = 60_000;
const contentRange = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/;
const unsatisfied = /^bytes \*\/(\d{1,15})$/;

const refuse = (why: string): Reading => ({ kind: "refuse", why });
const otherLength = (there: number, bytes: number): Reading =>
  refuse(`its file has ${there} bytes, the manifest's ${bytes}`);

const readPartial = (range: string | undefined, { from, bytes }: Asked): Reading => {
  const match = contentRange.exec(range ?? "");
  if (match === null) return refuse("it answers with a range and does not say which");
  const [start, end] = [Number(match[1]), Number(match[2])];
  if (match[3] !== "*" && Number(match[3]) !== bytes) return otherLength(Number(match[3]), bytes);
  if (start !== from || end < start || end >= bytes) return refuse("it answers with another range than was asked for");
  return { kind: "body", skip: 0, isNew: false };
};

const readWhole = ({ "content-length": length, etag }: IncomingHttpHeaders, asked: Asked): Reading => {
  const { from, bytes, ifRange } = asked;
  if (length !== undefined && Number(length) !== bytes) return otherLength(Number(length), bytes);
  const isNew = ifRange !== undefined && etag !== ifRange;
  return { kind: "body", skip: isNew ? 0 : from, isNew };
};

const readUnsatisfied = (range: string | undefined, { from, bytes }: Asked): Reading => {
  const there = unsatisfied.exec(range ?? "")?.[1];
  if (there !== undefined && Number(there) !== bytes) return otherLength(Number(there), bytes);
  return from === 0 ? refuse("it answered with status 416") : { kind: "noRange" };
};

const readBusy = (status: number, retryAfter: string | undefined): Reading => {
  const why = `it answered with status ${status}`;
  if (!/^\d{1,9}$/.test(retryAfter ?? "")) return { kind: "again", why };
  return { kind: "again", why, afterMs: Math.min(Number(retryAfter) * 1_000, maxRetryAfterMs) };
};

/** Reads status and headers; no body is needed for it. */
export const readAnswer = (status: number, headers: IncomingHttpHeaders, asked: Asked): Reading => {
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") return refuse("it compresses its answer, which was not asked for");
  if (status === 206) return readPartial(headers["content-range"], asked);
  if (status === 200) return readWhole(headers, asked);
  if (status === 416) return readUnsatisfied(headers["content-range"], asked);
  if (status === 408 || status === 429 || status >= 500) return readBusy(status, headers["retry-after"]);
  return refuse(`it answered with status ${status}`);
};
