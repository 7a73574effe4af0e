import type { JobDeps } from "../job.ts";
import type { Committees } from "../network/committees.ts";
import type { HeldStore } from "../network/held.ts";
import type { Settings } from "../settings.ts";
import type { AttestationSource } from "../settler/source.ts";

/** What the watchtower works with, beside what every job does. */
export type WatchtowerDeps = JobDeps & {
  readonly committees: Pick<Committees, "of">;
  readonly held: Pick<HeldStore, "read" | "contradictions">;
  /** Whom to ask for evidence; undefined where another job brings it into the store. */
  readonly source: Pick<AttestationSource, "ask"> | undefined;
  /** Requests that are asked about in one pass, and whether open disputes are taken to their end. */
  readonly settings: Pick<Settings["watchtower"], "sample" | "disputes">;
  /** Within 0..1, without 1. */
  readonly random: () => number;
};
