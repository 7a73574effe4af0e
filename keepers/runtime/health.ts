/**
 * HTTP endpoints for operators: `/metrics` (Prometheus), `/livez` (is the process worth keeping), `/readyz` (can it do
 * its work now, and if not, why), `/readyz/NAME` (the same of one of its parts). Bound to 127.0.0.1 unless told otherwise. A failing or hanging check makes the answer
 * 503 and never ends the process.
 */
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { errorLine } from "./errors.ts";
import type { Metrics } from "./metrics.ts";
import { makeRedactor } from "./redact.ts";

export type CheckResult = { ok: boolean; why?: string };
export type Check = { name: string; check(): Promise<CheckResult> };
export type PartChecks = { ready: readonly Check[]; live: readonly Check[] };
export type HealthOptions = {
  port: number;
  host?: string;
  metrics: Metrics;
  ready: readonly Check[];
  live?: readonly Check[];
  /** Checks of parts that come and go, by their names; all are checks of the whole too. */
  parts?: () => ReadonlyMap<string, PartChecks>;
  /** A check that takes longer counts as failed. */
  timeoutMs?: number;
};
export type HealthServer = { url: string; port: number; close(): Promise<void> };

const redact = makeRedactor();

const within = async (check: Check, timeoutMs: number): Promise<CheckResult> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, why: `no answer within ${timeoutMs} ms` }), timeoutMs);
  });
  try {
    return await Promise.race([check.check(), late]);
  } catch (error) {
    return { ok: false, why: String(redact(errorLine(error))) };
  } finally {
    clearTimeout(timer);
  }
};

/** Runs all checks at the same time. */
export const runChecks = async (
  checks: readonly Check[],
  timeoutMs: number,
): Promise<{ ok: boolean; checks: readonly (CheckResult & { name: string })[] }> => {
  const results = await Promise.all(
    checks.map(async (check) => ({ name: check.name, ...(await within(check, timeoutMs)) })),
  );
  return { ok: results.every(({ ok }) => ok), checks: results };
};

/** Checks of all parts; a part without a name is all there is. */
const checksOf = (parts: ReadonlyMap<string, PartChecks>, kind: keyof PartChecks): Check[] =>
  [...parts].flatMap(([part, checks]) =>
    checks[kind].map(({ name, check }) => ({ name: part === "" ? name : `${part} ${name}`, check })),
  );

const makeApp = ({ metrics, ready, live = [], parts = () => new Map(), ...rest }: HealthOptions): Hono => {
  const { timeoutMs = 2_000 } = rest;
  const app = new Hono();
  app.get("/metrics", async (c) => {
    const { text, contentType } = await metrics.render();
    return c.body(text, 200, { "content-type": contentType });
  });
  const answer = async (c: Context, checks: readonly Check[]): Promise<Response> => {
    const result = await runChecks(checks, timeoutMs);
    return c.json(result, result.ok ? 200 : 503);
  };
  app.get("/livez", (c) => answer(c, [...live, ...checksOf(parts(), "live")]));
  app.get("/readyz", (c) => answer(c, [...ready, ...checksOf(parts(), "ready")]));
  app.get("/readyz/:part", (c) => {
    const part = parts().get(c.req.param("part"));
    return part === undefined ? c.notFound() : answer(c, part.ready);
  });
  return app;
};

/** Starts the server; port 0 takes a free one. Rejects when the port is taken. */
export const startHealth = (options: HealthOptions): Promise<HealthServer> =>
  new Promise((resolve, reject) => {
    const { host = "127.0.0.1", port } = options;
    const server = serve({ fetch: makeApp(options).fetch, hostname: host, port }, (info) => {
      const close = (): Promise<void> => new Promise((done) => server.close(() => done()));
      resolve({ url: `http://${host.includes(":") ? `[${host}]` : host}:${info.port}`, port: info.port, close });
    });
    server.on("error", reject);
  });
