/** Reads server-sent events as they arrive, however they are cut into pieces, within bounds. */
import { garbage } from "./fault.ts";

export type SseBounds = {
  /** Longest event, its field names included. */
  readonly maxEventBytes: number;
  readonly maxEvents: number;
};

export type SseReader = {
  /** The data of all events that this piece completes. Throws BackendError. */
  push(piece: Uint8Array): readonly string[];
};

const lineFeed = 0x0a;

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw garbage("the stream is not UTF-8", { cause });
  }
};

/** The data of a line; undefined for comments and for fields that carry none. */
const dataOf = (line: string): string | undefined => {
  if (line === "data") return "";
  if (!line.startsWith("data:")) return undefined;
  return line.slice(line[5] === " " ? 6 : 5);
};

/** Makes a reader for one stream. */
export const makeSseReader = ({ maxEventBytes, maxEvents }: SseBounds): SseReader => {
  let parts: Uint8Array[] = [];
  let data: string[] = [];
  let eventBytes = 0;
  let events = 0;

  const grow = (part: Uint8Array): void => {
    eventBytes += part.length;
    if (eventBytes > maxEventBytes) throw garbage(`an event of the stream is longer than ${maxEventBytes} bytes`);
    parts.push(part);
  };

  /** The event that a line completes, where it is the empty one. */
  const endLine = (): string | undefined => {
    const line = decode(Buffer.concat(parts)).replace(/\r$/, "");
    parts = [];
    if (line !== "") {
      const found = dataOf(line);
      if (found === undefined)
        eventBytes = data.length === 0 ? 0 : eventBytes; // comments keep a connection alive
      else data.push(found);
      return undefined;
    }
    const event = data.length === 0 ? undefined : data.join("\n");
    data = [];
    eventBytes = 0;
    if (event !== undefined && ++events > maxEvents) throw garbage(`the stream has more than ${maxEvents} events`);
    return event;
  };

  return {
    push: (piece) => {
      const found: string[] = [];
      let start = 0;
      for (let end = piece.indexOf(lineFeed); end >= 0; end = piece.indexOf(lineFeed, start)) {
        grow(piece.subarray(start, end));
        const event = endLine();
        if (event !== undefined) found.push(event);
        start = end + 1;
      }
      if (start < piece.length) grow(piece.subarray(start));
      return found;
    },
  };
};
