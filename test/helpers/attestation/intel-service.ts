/** A stand-in of Intel's Provisioning Certification Service on this machine, with faults on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { rootCrlPath, routes, type Answer, type Part } from "./intel-answers.ts";
import type { World } from "./world.ts";

/** One way to go wrong. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  /** Says nothing for so long, then answers. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Sends its headers and the first bytes, and then nothing more. */
  | { readonly kind: "stall" }
  /** Ends the connection in the middle of the body. */
  | { readonly kind: "cut" }
  /** Ends the connection before it answers. */
  | { readonly kind: "reset" }
  | { readonly kind: "redirect"; readonly location: string }
  /** Changes what would have been answered. */
  | { readonly kind: "change"; readonly change: (answer: Answer) => Answer }
  /** Answers as another world would: stale, of another root, ... */
  | { readonly kind: "world"; readonly world: World };

export type IntelService = {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly rootCrlUrl: string;
  /** Path and query of each request, in order. */
  readonly requests: readonly string[];
  /** The next answers of this part go wrong in this way, the first `times` of them; faults queue up. */
  fail(part: Part, fault: Fault, times?: number): void;
  /** From now on the service answers out of this world, without faults. */
  serve(world: World): void;
  close(): Promise<void>;
};

type Pending = { readonly fault: Fault; left: number };

const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  response.writeHead(status, { ...headers, "Content-Length": body.length }).end(body);
};

/** The first half of an answer; the other half does not come. */
const sendHalf = (response: ServerResponse, { status, headers, body }: Answer, then: () => void): void => {
  response.writeHead(status, { ...headers, "Content-Length": body.length });
  response.write(body.subarray(0, Math.floor(body.length / 2)), then);
};

const sendFault = async (
  response: ServerResponse,
  fault: Fault,
  answerOf: (world?: World) => Answer,
  signal: AbortSignal,
): Promise<void> => {
  if (fault.kind === "reset") return void response.destroy();
  if (fault.kind === "cut") return sendHalf(response, answerOf(), () => response.destroy());
  if (fault.kind === "stall") return sendHalf(response, answerOf(), () => undefined);
  if (fault.kind === "slow") {
    await sleep(fault.delayMs, undefined, { signal }).catch(() => undefined);
    return send(response, answerOf());
  }
  send(response, changed(fault, answerOf));
};

const changed = (
  fault: Extract<Fault, { kind: "status" | "redirect" | "change" | "world" }>,
  answerOf: (world?: World) => Answer,
): Answer => {
  const empty = new Uint8Array(0);
  switch (fault.kind) {
    case "status": {
      const headers = fault.retryAfter === undefined ? {} : { "Retry-After": fault.retryAfter };
      return { status: fault.status, headers, body: empty };
    }
    case "redirect":
      return { status: 302, headers: { Location: fault.location }, body: empty };
    case "change":
      return fault.change(answerOf());
    case "world":
      return answerOf(fault.world);
  }
};

/** Listens on a free port of 127.0.0.1. Close it when done. */
export const startIntelService = async (world: World): Promise<IntelService> => {
  const requests: string[] = [];
  const closing = new AbortController();
  let served = world;
  let faults = new Map<Part, Pending[]>();

  const nextFault = (part: Part): Fault | undefined => {
    const pending = (faults.get(part) ?? []).filter(({ left }) => left > 0);
    faults.set(part, pending);
    const [first] = pending;
    if (first !== undefined) first.left--;
    return first?.fault;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    requests.push(`${url.pathname}${url.search}`);
    const route = request.method === "GET" ? routes.get(url.pathname) : undefined;
    if (route === undefined) return send(response, { status: 404, headers: {}, body: new Uint8Array(0) });
    const answerOf = (of: World = served): Answer => route.answer(of, url.searchParams);
    const fault = nextFault(route.part);
    if (fault === undefined) return send(response, answerOf());
    await sendFault(response, fault, answerOf, closing.signal);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl,
    rootCrlUrl: `${baseUrl}${rootCrlPath}`,
    requests,
    fail: (part, fault, times = Infinity) =>
      void faults.set(part, [...(faults.get(part) ?? []), { fault, left: times }]),
    serve: (next) => {
      served = next;
      faults = new Map();
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
