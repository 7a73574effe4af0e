/** A file that is read while it is sent. */
export type FileToSend = { readonly bytes: number; stream(): ReadableStream<Uint8Array> };
