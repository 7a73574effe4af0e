import { type LocalServer, startLocalServer } from "./local-server.ts";

/** A file server that holds what it serves. */
export type FileServer = LocalServer & {
  /** Serves bytes under a name. Returns their URL. */
  readonly put: (name: string, bytes: Uint8Array) => string;
};

/** Serves artifacts and inputs, as any web server would. */
export async function startFileServer(): Promise<FileServer> {
  const files = new Map<string, Uint8Array>();
  const server = await startLocalServer((request, response) => {
    const bytes = files.get(request.url ?? "");
    if (bytes === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": "application/octet-stream" }).end(bytes);
    return Promise.resolve();
  });
  const put = (name: string, bytes: Uint8Array): string => {
    files.set(`/${name}`, bytes);
    return `${server.url}/${name}`;
  };
  return { ...server, put };
}
