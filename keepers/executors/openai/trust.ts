/** Which servers are known to run the model, and for how long that holds. */
import type { ModelManifest } from "../../models/manifest.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CheckResult } from "../../runtime/health.ts";
import { examineServer } from "./check.ts";
import { BackendError } from "./fault.ts";
import type { Backend, Pool } from "./pool.ts";
import { orAborted, within } from "./time.ts";

const checkTimeoutMs = 60_000;

export type TrustDeps = {
  readonly manifest: ModelManifest;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly checkEveryMs: number;
};

export type Trust = {
  /** Resolves once the server is known to run the model; several who wait share one check. Rejects with BackendError, or the signal's reason. */
  ensure(backend: Backend, signal: AbortSignal): Promise<void>;
  /** The same, asking whatever is known. */
  prove(backend: Backend, signal: AbortSignal): Promise<void>;
  /** Whether at least one server can be used; asks those that are due. */
  check(signal?: AbortSignal): Promise<CheckResult>;
};

/** Makes what keeps count of trust. */
export const makeTrust = ({ manifest, pool, clock, checkEveryMs }: TrustDeps): Trust => {
  const running = new Map<Backend, Promise<void>>();
  const never = new AbortController().signal;

  const examine = async (backend: Backend): Promise<void> => {
    const { doubts } = backend;
    const slow = (): BackendError => new BackendError("slow", `it did not pass its check within ${checkTimeoutMs} ms`);
    const { fingerprint } = await within(clock, checkTimeoutMs, slow, never, (ending) =>
      examineServer(backend.server, manifest, ending),
    );
    if (doubts !== backend.doubts) throw new BackendError("changed", "it failed while it was checked");
    pool.trust(backend, clock.now() + checkEveryMs, fingerprint);
  };

  const prove: Trust["prove"] = async (backend, signal) => {
    const started = running.get(backend) ?? examine(backend).finally(() => running.delete(backend));
    running.set(backend, started);
    await orAborted(started, signal);
  };

  const ensure: Trust["ensure"] = async (backend, signal) => {
    if (clock.now() >= backend.trustedUntilMs) await prove(backend, signal);
  };

  const look = async (backend: Backend): Promise<string | undefined> => {
    if (clock.now() < backend.asideUntilMs) return backend.fault ?? "it asks for patience";
    try {
      await ensure(backend, never);
      return undefined;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      pool.fail(backend, error);
      return error.message;
    }
  };

  return {
    ensure,
    prove,
    check: async (signal) => {
      const looked = Promise.all(pool.backends.map(async (one) => ({ name: one.name, fault: await look(one) })));
      const found = await orAborted(looked, signal ?? never);
      if (found.some(({ fault }) => fault === undefined)) return { ok: true };
      return {
        ok: false,
        why: found
          .map(({ name, fault }) => `${name}: ${fault}`)
          .join("; ")
          .slice(0, 600),
      };
    },
  };
};
