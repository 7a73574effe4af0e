/**
 * The node's endpoint for other members. Nothing a peer sends is stored unchecked, kept without bound, or able to end
 * the process.
 */
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import type { Hex } from "viem";
import type { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import type { Acceptance } from "./acceptance.ts";
import {
  addressOf,
  type Answer,
  type Env,
  errorHeader,
  isHash,
  json,
  readMessage,
  refusal,
  tooMuchUnread,
} from "./answers.ts";
import type { FileToSend } from "./file-to-send.ts";
import type { HeldStore } from "./held.ts";
import { type LambdaRoutes, mountLambdas } from "./lambda-routes.ts";
import { defaultLoadBounds, type Load, type LoadBounds, makeLoad } from "./load.ts";
import {
  attestationWithResultSchema,
  commitSchema,
  heldSchema,
  type ItemMessage,
  itemSchema,
  paths,
  relaySchema,
  wireBounds,
} from "./messages.ts";
import { makeRateLimit, type RateLimitOptions } from "./rate-limit.ts";
import { refusalNames, refuse, type Verdict } from "./refusals.ts";

export type NetworkDeps = {
  readonly acceptance: Acceptance;
  readonly held: Pick<HeldStore, "read">;
  /** Items of results that this node has attested. */
  readonly item: (requestId: Hex, index: bigint) => Promise<ItemMessage | undefined>;
  /** Inputs that this node has fetched and checked. */
  readonly input: (digest: Hex) => Promise<FileToSend | undefined>;
  /** Signed requests, where they are taken. */
  readonly lambdas?: LambdaRoutes | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Per remote IPv4 address or IPv6 network of 64 bits. Behind a reverse proxy all peers share one address: raise it there, or limit in the proxy. */
  readonly perAddress?: RateLimitOptions;
  /** The same holds for the bounds per address here. */
  readonly load?: Partial<LoadBounds>;
};
export type NetworkServer = { readonly url: string; readonly port: number; close(): Promise<void> };

/** What a file in sending keeps in memory: a few of its chunks. */
const sendingBytes = 256 * 1024;

const post =
  <T extends z.ZodType>(schema: T, maxBytes: number, accept: (message: z.output<T>) => Promise<Verdict>): Answer =>
  async (c) => {
    const read = await readMessage(c, schema, maxBytes);
    if ("refused" in read) return refusal(c, read.refused);
    const verdict = await accept(read.message);
    return "refused" in verdict ? refusal(c, verdict.refused) : c.json({ accepted: true });
  };

const relay =
  ({ commit }: Acceptance): Answer =>
  async (c) => {
    const read = await readMessage(c, relaySchema, wireBounds.relayBody);
    if ("refused" in read) return refusal(c, read.refused);
    const errors: (string | null)[] = [];
    for (const message of read.message.commits) {
      const verdict = await commit(message, "post");
      errors.push("refused" in verdict ? verdict.refused.error : null);
      if ("refused" in verdict && verdict.refused.error === "WrongSigner") break; // a liar costs one check
    }
    return c.json({ errors });
  };

const getItem =
  (item: NetworkDeps["item"], load: Load): Answer =>
  async (c) => {
    const [requestId, index] = [c.req.param("id"), c.req.param("index")];
    if (!isHash(requestId) || index === undefined || !/^\d{1,10}$/.test(index))
      return refusal(c, refuse("MalformedMessage", "a request id and an item's number are needed"));
    const found = await item(requestId, BigInt(index));
    return found === undefined ? refusal(c, refuse("NothingHeld")) : json(c, load, itemSchema, found);
  };

const getHeld =
  (held: NetworkDeps["held"], load: Load): Answer =>
  async (c) => {
    const requestId = c.req.param("id");
    const level = c.req.param("level") ?? "0";
    if (!isHash(requestId) || !/^[0-2]$/.test(level))
      return refusal(c, refuse("MalformedMessage", "a request id is needed, and a level from 0 to 2"));
    return json(c, load, heldSchema, await held.read(requestId, BigInt(level)));
  };

const getInput =
  (input: NetworkDeps["input"], load: Load): Answer =>
  async (c) => {
    const digest = c.req.param("digest");
    if (!isHash(digest)) return refusal(c, refuse("NothingHeld"));
    if (!load.book(c.env.outgoing, sendingBytes)) return tooMuchUnread(c);
    const file = await input(digest);
    if (file === undefined) return refusal(c, refuse("NothingHeld"));
    const headers = { "content-type": "application/octet-stream", "content-length": `${file.bytes}` };
    return c.body(file.stream(), 200, headers);
  };

const makeApp = (deps: NetworkDeps, load: Load): Hono<Env> => {
  const { acceptance, clock, perAddress = { perSecond: 200, burst: 1_000 } } = deps;
  const limit = makeRateLimit(clock, perAddress);
  const count = deps.metrics?.counter({
    name: "network_refusals_total",
    help: "Messages of peers that were refused, by named error",
    labels: { error: [...refusalNames] },
  });
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    if (!limit.take(addressOf(c))) c.res = refusal(c, refuse("TooManyRequests"));
    else await next();
    if (c.res.status >= 400) count?.(1, { error: c.res.headers.get(errorHeader) ?? "MalformedMessage" });
  });
  const commit = (message: Parameters<Acceptance["commit"]>[0]): Promise<Verdict> => acceptance.commit(message, "post");
  app.post(paths.commits, post(commitSchema, wireBounds.commitBody, commit));
  app.post(paths.relay, relay(acceptance));
  const { attestationBody } = wireBounds;
  app.post(paths.attestations, post(attestationWithResultSchema, attestationBody, acceptance.attestation));
  app.get("/v1/requests/:id", getHeld(deps.held, load));
  app.get("/v1/requests/:id/levels/:level", getHeld(deps.held, load));
  app.get("/v1/requests/:id/items/:index", getItem(deps.item, load));
  app.get("/v1/inputs/:digest", getInput(deps.input, load));
  if (deps.lambdas !== undefined) mountLambdas(app, deps.lambdas, load);
  else
    for (const path of [paths.signedRequests, "/v1/lambdas/*"]) app.all(path, (c) => refusal(c, refuse("NotOffered")));
  app.notFound((c) => refusal(c, refuse("UnknownPath")));
  app.onError((error, c) => {
    deps.log.warn({ error, path: c.req.path }, "a peer's message could not be checked");
    return refusal(c, refuse("Unavailable"));
  });
  return app;
};

/** Starts the endpoint, on 127.0.0.1 unless told otherwise. Rejects when the port is taken. */
export const startNetwork = (deps: NetworkDeps): Promise<NetworkServer> =>
  new Promise((resolve, reject) => {
    const { host = "127.0.0.1", port } = deps;
    const bounds = { ...defaultLoadBounds, ...deps.load };
    const load = makeLoad(bounds);
    const serverOptions = { requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 };
    const server = serve({ fetch: makeApp(deps, load).fetch, hostname: host, port, serverOptions }, (info) => {
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          (server as Server).closeAllConnections();
        });
      resolve({ url: `http://${host.includes(":") ? `[${host}]` : host}:${info.port}`, port: info.port, close });
    });
    (server as Server).maxConnections = bounds.connections;
    (server as Server).timeout = bounds.stallMs;
    (server as Server).on("connection", load.admit);
    server.on("error", reject);
  });
