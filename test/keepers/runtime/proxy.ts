/** A JSON-RPC proxy in front of the local chain that misbehaves on demand. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type RpcCall = { id: number; method: string; params: readonly unknown[] };
/** What to do instead of answering; undefined: forward the call. */
export type Fault =
  | { kind: "status"; status: number; body?: string }
  | { kind: "body"; body: string }
  /** Answers with this result, whatever the call was. */
  | { kind: "result"; result: unknown }
  | { kind: "error"; code: number; message: string; data?: unknown }
  | { kind: "hang" }
  | { kind: "cut" }
  /** The chain gets the call, the caller gets nothing. */
  | { kind: "forwardAndCut" };

export type Proxy = {
  url: string;
  calls: RpcCall[];
  /** Decides for each call; replaced by tests at will. */
  fault: (call: RpcCall) => Fault | undefined;
  close(): Promise<void>;
};

const answer = (response: ServerResponse, call: RpcCall, fault: Fault): void => {
  const json = (body: object): void => void response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, ...body }));
  if (fault.kind === "status") response.writeHead(fault.status).end(fault.body ?? "<html>sorry</html>");
  else if (fault.kind === "body") response.end(fault.body);
  else if (fault.kind === "result") json({ result: fault.result });
  else if (fault.kind === "error") json({ error: { code: fault.code, message: fault.message, data: fault.data } });
  else if (fault.kind !== "hang") response.destroy();
};

/** Starts the proxy on 127.0.0.1; forwards to `target` until `fault` says otherwise. */
export const startProxy = async (target: string): Promise<Proxy> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => void handle(Buffer.concat(chunks).toString(), response).catch(() => response.destroy()));
  });
  const handle = async (body: string, response: ServerResponse): Promise<void> => {
    const call = JSON.parse(body) as RpcCall;
    proxy.calls.push(call);
    const fault = proxy.fault(call);
    if (fault !== undefined && fault.kind !== "forwardAndCut") return answer(response, call, fault);
    const forwarded = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
    const text = await forwarded.text();
    if (fault !== undefined) response.destroy();
    else response.writeHead(forwarded.status, { "content-type": "application/json" }).end(text);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    calls: [],
    fault: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
};

/** A repeatable source of random numbers in [0, 1) (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** A random fault of every kind. */
export const randomFault = (random: () => number): Fault => {
  const faults: readonly Fault[] = [
    { kind: "status", status: 500 },
    { kind: "status", status: 429 },
    { kind: "status", status: 200, body: "" },
    { kind: "body", body: "{ not json" },
    { kind: "body", body: "[]" },
    { kind: "body", body: '{"jsonrpc":"2.0","id":"other","result":"0x1"}' },
    { kind: "body", body: '{"jsonrpc":"2.0"}' },
    { kind: "result", result: "0xzz" },
    { kind: "result", result: { number: -1, hash: 7 } },
    { kind: "result", result: [{ topics: "x" }] },
    { kind: "result", result: true },
    { kind: "error", code: -32603, message: "internal error" },
    { kind: "error", code: -32005, message: "rate limit exceeded" },
    { kind: "cut" },
    { kind: "forwardAndCut" },
    { kind: "hang" },
  ];
  return faults[Math.floor(random() * faults.length)] ?? { kind: "cut" };
};
