import type { TeeChain } from "../attestation/tee-chain.ts";
import type { JobDeps } from "../job.ts";
import type { Committees } from "../network/committees.ts";
import type { Settings } from "../settings.ts";
import type { Actions } from "../settler/actions.ts";

/** What the janitor works with, beside what every job does. */
export type JanitorDeps = JobDeps & {
  readonly committees: Pick<Committees, "of">;
  readonly actions: Actions;
  readonly evidence: Pick<TeeChain, "workloadIdOf">;
  readonly settings: Settings["janitor"];
};
