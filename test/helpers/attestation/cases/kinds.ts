/** Kinds of quotes, and the statuses of a platform together with those of its parts. */
import type { Status } from "../../../../sdk/attestation/status.ts";
import { caseSeed } from "../seed.ts";
import { mintWorld, type World, type WorldOptions } from "../world.ts";

export const kinds = [
  { version: 3, tee: "SGX", td: "1.0", body: "SGX" },
  { version: 4, tee: "SGX", td: "1.0", body: "SGX" },
  { version: 4, tee: "TDX", td: "1.0", body: "TD 1.0" },
  { version: 5, tee: "SGX", td: "1.0", body: "SGX" },
  { version: 5, tee: "TDX", td: "1.0", body: "TD 1.0" },
  { version: 5, tee: "TDX", td: "1.5", body: "TD 1.5" },
] as const;

/** Platform, module, quoting enclave, and what Intel's library makes of them. */
export const merges: readonly (readonly [Status, Status, Status, Status])[] = [
  ["SWHardeningNeeded", "UpToDate", "UpToDate", "SWHardeningNeeded"],
  ["UpToDate", "OutOfDate", "UpToDate", "OutOfDate"],
  ["UpToDate", "UpToDate", "OutOfDate", "OutOfDate"],
  ["SWHardeningNeeded", "OutOfDate", "UpToDate", "OutOfDate"],
  ["ConfigurationNeeded", "OutOfDate", "UpToDate", "OutOfDateConfigurationNeeded"],
  ["ConfigurationNeeded", "UpToDate", "OutOfDate", "OutOfDateConfigurationNeeded"],
  ["ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDate", "OutOfDateConfigurationNeeded"],
  ["OutOfDate", "UpToDate", "OutOfDate", "OutOfDate"],
  ["OutOfDateConfigurationNeeded", "OutOfDate", "OutOfDate", "OutOfDateConfigurationNeeded"],
  ["Revoked", "UpToDate", "OutOfDate", "Revoked"],
  ["UpToDate", "Revoked", "OutOfDate", "Revoked"],
  ["SWHardeningNeeded", "OutOfDate", "Revoked", "Revoked"],
];
/** TEE_TCB_SVN of a module that has a version of its own. */
export const withModule = Uint8Array.of(5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** A world whose platform, module and quoting enclave have these statuses. */
export const mergeCase = (platform: Status, module: Status, qe: Status, more: Partial<WorldOptions> = {}): World =>
  mintWorld({
    seed: caseSeed(`${platform} ${module} ${qe}`),
    status: { platform, module, qe },
    platform: { teeTcbSvn: withModule },
    ...more,
  });
