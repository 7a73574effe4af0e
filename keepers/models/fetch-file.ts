/**
 * One file of a model, from its sources in turn, onto the disk: never in memory, continued where it broke off, and in its
 * place only with the sha256 that the manifest names. No source is believed anything: the hash is the judge.
 */
import { FetchError } from "../executor/fetch.ts";
import type { Downloads, Pace } from "../network/download.ts";
import { HttpError } from "../network/http.ts";
import type { Clock } from "../runtime/clock.ts";
import { errorLine } from "../runtime/errors.ts";
import { readAnswer, type Reading } from "./answer.ts";
import type { ModelFile } from "./manifest.ts";
import { openPart, type Part } from "./part.ts";
import { type Source, sourcesOf } from "./sources.ts";

export type FetchFileDeps = {
  /** Guarded: the URLs are the publisher's. */
  readonly downloads: Downloads;
  /** For gateways, which the operator named and which may be private; `downloads` by default. */
  readonly gatewayDownloads?: Downloads;
  readonly clock: Pick<Clock, "sleep">;
  /** IPFS gateways in the order of preference, such as `http://127.0.0.1:8080`. */
  readonly gateways?: readonly string[];
  /** 512 KiB in 30 s by default. */
  readonly pace?: Pace;
  /** First wait after a failure, doubled each time. */
  readonly retryMs?: number;
};

export type FetchFileInput = {
  readonly file: ModelFile;
  /** Where it is kept while it is not whole. Nobody else may write there meanwhile. */
  readonly partPath: string;
  readonly target: string;
  readonly signal: AbortSignal;
  /** How much of the file is here. Falls where what was here is thrown away. */
  readonly onProgress?: (bytes: number) => void;
};

const defaultPace: Pace = { everyMs: 30_000, leastBytes: 512 * 1024 };
/** Failures in a row, without any worthwhile part of the file, after which a source is set aside. */
const maxFailures = 3;

type Work = FetchFileInput & Required<FetchFileDeps> & { readonly part: Part };
/** How one question to a source ended. */
type End =
  /** The part is as long as the file; all of it is from one answer, or not. */
  { readonly kind: "full"; readonly isOneAnswer: boolean } | Exclude<Reading, { kind: "body" }>;

/** Reads the body into the part, to its last byte and no further. */
const receive = async (work: Work, body: AsyncIterable<Uint8Array>, skip: number): Promise<void> => {
  const { part, file, onProgress } = work;
  let left = skip;
  for await (const chunk of body) {
    const fresh = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - fresh.length;
    await part.append(fresh.subarray(0, file.bytes - part.length()));
    onProgress?.(part.length());
    if (part.length() === file.bytes) return;
  }
};

const strong = (etag: string | undefined): string | undefined =>
  etag !== undefined && /^"[\x21\x23-\x7e]{1,200}"$/.test(etag) ? etag : undefined;

const ask = async (work: Work, { url, isGateway }: Source, asksRange: boolean): Promise<End> => {
  const { part, file, signal, pace } = work;
  const downloads = isGateway ? work.gatewayDownloads : work.downloads;
  const from = part.length();
  const origin = part.origin();
  const known = asksRange && origin?.url === url ? origin.etag : undefined;
  const range = asksRange && from > 0 ? { range: `bytes=${from}-` } : {};
  const headers = { ...range, ...(known === undefined ? {} : { "if-range": known }) };
  const answer = await downloads({ url, headers, pace, signal });
  try {
    const reading = readAnswer(answer.status, answer.headers, { from, bytes: file.bytes, ifRange: known });
    if (reading.kind !== "body") return reading;
    if (reading.isNew) await part.restart();
    const isOneAnswer = part.length() === 0;
    const etag = strong(answer.headers.etag);
    const isOneVersion = isOneAnswer || known === etag;
    await part.note(isOneVersion && etag !== undefined ? { url, etag } : undefined);
    await receive(work, answer.body, reading.skip);
    if (part.length() === file.bytes) return { kind: "full", isOneAnswer };
    return { kind: "again", why: `it ended after ${part.length()} bytes` };
  } finally {
    answer.close();
  }
};

/** `ask`, with what a network does as values. */
const askOnce = async (work: Work, source: Source, asksRange: boolean): Promise<End> => {
  try {
    return await ask(work, source, asksRange);
  } catch (error) {
    work.signal.throwIfAborted();
    if (!(error instanceof HttpError)) throw error;
    const isFinal = error.code === "PrivateAddress" || error.code === "UnsupportedUrl";
    return { kind: isFinal ? "refuse" : "again", why: errorLine(error) };
  }
};

/** Fills the part from one source, with whatever content. */
const fill = async (work: Work, source: Source): Promise<Extract<End, { kind: "full" | "refuse" }>> => {
  const { part, clock, pace, retryMs, signal } = work;
  let asksRange = true;
  for (let failures = 0; ;) {
    const before = part.length();
    const end = await askOnce(work, source, asksRange);
    if (end.kind === "full" || end.kind === "refuse") return end;
    if (end.kind === "noRange") {
      if (!asksRange) return { kind: "refuse", why: "it answered with status 416 to a question without a range" };
      asksRange = false;
      continue;
    }
    failures = part.length() - before >= pace.leastBytes ? 0 : failures + 1;
    if (failures >= maxFailures) return { kind: "refuse", why: `${end.why} (tried ${failures} times)` };
    await clock.sleep(end.afterMs ?? retryMs * 2 ** failures, signal);
    signal.throwIfAborted();
  }
};

/**
 * Fills the part with the right content from one source. Content that is wrong, and was put together from several answers,
 * may be another source's fault, or that of a file that changed meanwhile: then there is one more try, from the start.
 * Returns why it failed, or undefined.
 */
const trySource = async (work: Work, source: Source): Promise<string | undefined> => {
  const { part, file } = work;
  for (let isLast = false; ; isLast = true) {
    const end = await fill(work, source);
    if (end.kind === "refuse") return end.why;
    const digest = part.digest();
    if (digest === file.sha256) return undefined;
    await part.restart();
    work.onProgress?.(0);
    if (isLast || end.isOneAnswer) return `its file has the sha256 ${digest}, the manifest's ${file.sha256}`;
  }
};

const isWhole = ({ part, file }: Work): boolean => part.length() === file.bytes && part.digest() === file.sha256;

const tryAll = async (work: Work): Promise<void> => {
  const { file, part, gateways } = work;
  if (isWhole(work)) return;
  if (part.length() === file.bytes) await part.restart();
  const { sources, unusable } = sourcesOf(file, gateways);
  const failures = unusable.map(({ uri, why }) => `${uri.slice(0, 200)}: ${why}`);
  for (const source of sources) {
    const why = await trySource(work, source);
    if (why === undefined) return;
    failures.push(`${source.url.slice(0, 200)}: ${why}`);
  }
  const list = failures.length === 0 ? "its manifest names none; put the file there yourself" : failures.join("; ");
  throw new FetchError(`${file.path} could not be had from any source: ${list}`);
};

/**
 * Downloads one file to `target`. Throws FetchError, with every source and its reason, where none has it, or where the disk
 * refuses; rejects with the reason of the signal. What is not wrong is kept for a later call.
 */
export const fetchFile = async (deps: FetchFileDeps, input: FetchFileInput): Promise<void> => {
  const { file, partPath, target, signal, onProgress } = input;
  signal.throwIfAborted();
  const part = await openPart(partPath, file.bytes, { signal });
  const work: Work = {
    gateways: [],
    gatewayDownloads: deps.downloads,
    pace: defaultPace,
    retryMs: 1_000,
    ...deps,
    ...input,
    part,
  };
  try {
    onProgress?.(part.length());
    await tryAll(work);
    await part.finish(target);
  } finally {
    await part.close();
  }
};
