/** Bytes behind a URI that a stranger chose: `data:` or `http(s):`, bounded. */
import type { Http } from "../network/http.ts";

/** Why there are no bytes. The message is for the operator. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}

export type FetchBounds = { readonly maxBytes: number; readonly timeoutMs: number; readonly signal: AbortSignal };

const dataUri = /^data:[^,]{0,200}?(;base64)?,/s;

const readDataUri = (uri: string, maxBytes: number): Uint8Array => {
  const head = dataUri.exec(uri);
  if (head === null) throw new FetchError("the data: URI is malformed");
  if (uri.length > 3 * maxBytes + 300) throw new FetchError(`the data: URI holds more than ${maxBytes} bytes`);
  const body = uri.slice(head[0].length);
  const bytes = head[1] === undefined ? Buffer.from(decodeText(body)) : Buffer.from(body, "base64");
  if (bytes.length > maxBytes) throw new FetchError(`the data: URI holds ${bytes.length} bytes, more than ${maxBytes}`);
  return new Uint8Array(bytes);
};

const decodeText = (body: string): string => {
  try {
    return decodeURIComponent(body);
  } catch (cause) {
    throw new FetchError("the data: URI is not percent-encoded UTF-8", { cause });
  }
};

/** The bytes behind a URI. Throws FetchError or HttpError; the caller checks the bytes against their digest. */
export const fetchUri = async (
  http: Pick<Http, "request">,
  uri: string,
  { maxBytes, timeoutMs, signal }: FetchBounds,
): Promise<Uint8Array> => {
  if (uri.startsWith("data:")) return readDataUri(uri, maxBytes);
  const { status, body } = await http.request({ url: uri, maxBytes, timeoutMs, signal });
  if (status !== 200) throw new FetchError(`the server answered with status ${status}`);
  return body;
};
