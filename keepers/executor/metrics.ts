/** What operators see of the executor job. */
import type { Metrics } from "../runtime/metrics.ts";
import type { Decision } from "./plan.ts";

export type ExecutorMetrics = {
  readonly execution: (outcome: "success" | "failure" | "skipped") => void;
  readonly attestation: (root: Decision["root"]) => void;
  readonly end: (reason: "absent" | "agreed" | "deadline") => void;
};

/** Counters of the job; nothing without `metrics`. */
export const makeExecutorMetrics = (metrics: Metrics | undefined): ExecutorMetrics => {
  const executions = metrics?.counter({
    name: "executions_total",
    help: "Requests executed: with an output, with a failure that has a digest too, or left out",
    labels: { outcome: ["success", "failure", "skipped"] },
  });
  const attestations = metrics?.counter({
    name: "attestations_total",
    help: "Roots signed, by their number within a request",
    labels: { root: ["1", "2"] },
  });
  const seats = metrics?.counter({
    name: "seats_total",
    help: "Seats in committees that ended: a quorum agreed, this node was absent, or the deadline passed",
    labels: { reason: ["agreed", "absent", "deadline"] },
  });
  return {
    execution: (outcome) => executions?.(1, { outcome }),
    attestation: (root) => attestations?.(1, { root: String(root) }),
    end: (reason) => seats?.(1, { reason }),
  };
};
