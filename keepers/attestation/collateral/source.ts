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

/** The same source, asked again for the same thing only after `freshMs`. */
export function cached(source: CollateralSource, clock: Pick<Clock, "now">, freshMs: number): CollateralSource {
  const kept = new Map<string, { readonly collateral: Collateral; readonly untilMs: number }>();
  return {
    name: source.name,
    fetch: async (query, signal) => {
      const key = JSON.stringify([query.tee, query.fmspc, query.ca, query.evaluation]);
      const found = kept.get(key);
      if (found !== undefined && clock.now() < found.untilMs) return found.collateral;
      const collateral = await source.fetch(query, signal);
      kept.set(key, { collateral, untilMs: clock.now() + freshMs });
      return collateral;
    },
  };
}
