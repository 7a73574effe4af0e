/** A minted world behind a stand-in of Intel's service, and a client of it whose clock does not wait. */
import type { Collateral } from "../../../../sdk/attestation/collateral.ts";
import {
  fetchCollateral,
  type FetchCollateralOptions,
} from "../../../../keepers/attestation/collateral/fetch-collateral.ts";
import { IntelServiceError } from "../../../../keepers/attestation/collateral/service-error.ts";
import type { Clock } from "../../../../keepers/runtime/clock.ts";
import { startIntelService, type IntelService } from "../../../helpers/attestation/intel-service.ts";
import { upperHex } from "../../../../keepers/attestation/dev/signed-text.ts";
import type { World } from "../../../helpers/attestation/world.ts";

export type Client = {
  readonly service: IntelService;
  /** Milliseconds of each pause so far. */
  readonly pauses: number[];
  fetch(changes?: Partial<FetchCollateralOptions>): Promise<Collateral>;
  /** The code of the error that the same call rejects with. */
  failure(changes?: Partial<FetchCollateralOptions>): Promise<string>;
};

const clockOf = (atS: number, pauses: number[]): Clock => ({
  now: () => 1_000 * atS,
  sleep: async (ms) => void pauses.push(ms),
  random: () => 0,
});

const codeOf = async (outcome: Promise<unknown>): Promise<string> => {
  try {
    await outcome;
    return "no failure";
  } catch (error) {
    if (error instanceof IntelServiceError) return error.code;
    throw error;
  }
};

export const makeClient = async (world: World): Promise<Client> => {
  const service = await startIntelService(world);
  const pauses: number[] = [];
  const ask = (changes: Partial<FetchCollateralOptions> = {}): Promise<Collateral> =>
    fetchCollateral({
      fmspc: upperHex(world.platform.sgx.fmspc),
      tee: "TDX",
      ca: world.ca,
      baseUrl: service.baseUrl,
      rootCrlUrl: service.rootCrlUrl,
      rootKey: world.rootKey,
      clock: clockOf(world.at, pauses),
      limits: { timeoutMs: 2_000 },
      ...changes,
    });
  return { service, pauses, fetch: ask, failure: (changes) => codeOf(ask(changes)) };
};
