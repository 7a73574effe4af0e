import type { Collateral } from "../../../sdk/attestation/collateral.ts";
import type { Clock } from "../../runtime/clock.ts";
import { fetchCollateral } from "./fetch-collateral.ts";
import type { CollateralQuery, ServiceUrls } from "./urls.ts";

/** Where collateral comes from. */
export type CollateralSource = {
  readonly name: string;
  /** Rejects with an IntelServiceError, or the reason of the signal. */
  fetch(query: CollateralQuery, signal?: AbortSignal): Promise<Collateral>;
};

/** Intel's service or a cache of it. What it says is verified up to the root key. */
export function intelSource(urls: ServiceUrls, rootKey: Uint8Array, clock: Clock): CollateralSource {
  return {
    name: urls.baseUrl ?? "Intel's service",
    fetch: (query, signal) => fetchCollateral({ ...query, ...urls, rootKey, clock, ...(signal && { signal }) }),
  };
}

/** Until when a failure is not tried again, as a part of how long an answer is good for. */
const failurePart = 1 / 12;

/** The same source, asked again for the same thing only after `freshMs`; after a failure, after a twelfth of that. */
export function cached(source: CollateralSource, clock: Pick<Clock, "now">, freshMs: number): CollateralSource {
  type Kept = { readonly untilMs: number } & ({ readonly collateral: Collateral } | { readonly error: unknown });
  const kept = new Map<string, Kept>();
  const ask = async (query: CollateralQuery, signal?: AbortSignal): Promise<Kept> => {
    try {
      const collateral = await source.fetch(query, signal);
      return { collateral, untilMs: clock.now() + freshMs };
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return { error, untilMs: clock.now() + freshMs * failurePart };
    }
  };
  return {
    name: source.name,
    fetch: async (query, signal) => {
      const key = JSON.stringify([query.tee, query.fmspc, query.ca, query.evaluation]);
      const known = kept.get(key);
      const found = known !== undefined && clock.now() < known.untilMs ? known : await ask(query, signal);
      kept.set(key, found);
      if ("error" in found) throw found.error;
      return found.collateral;
    },
  };
}
