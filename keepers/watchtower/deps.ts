import type { JobDeps } from "../job.ts";
import type { Committees } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import type { Settings } from "../settings.ts";
import type { AttestationSource } from "../settler/source.ts";
import type { Reexecution } from "./reexecution.ts";

/** What the watchtower works with, beside what every job does. */
export type WatchtowerDeps = JobDeps & {
  readonly committees: Pick<Committees, "of">;
  readonly held: Pick<HeldStore, "read" | "contradictions" | "attested">;
  /** Whom to ask for evidence; undefined where another job brings it into the store. */
  readonly source: Pick<AttestationSource, "ask"> | undefined;
  /** Results computed again here; undefined where none are. */
  readonly reexecution: Reexecution | undefined;
  /** Requests that are asked about in one pass, what is done about disputes, and the most that is put up for one. */
  readonly settings: Pick<Settings["watchtower"], "sample" | "open" | "disputes" | "maxBond" | "bondTasks">;
  /** Within 0..1, without 1. */
  readonly random: () => number;
};
