/** What operators see of the transaction manager. */
import type { Metrics } from "./metrics.ts";
import type { TxPassReport } from "./tx-context.ts";

const events = [
  "started",
  "broadcast",
  "replaced",
  "mined",
  "reverted",
  "cancelled",
  "refused",
  "finalized",
  "dropped",
  "foreignNonces",
] as const;

/** A function that adds a pass's report to the metrics; does nothing without metrics. */
export const makeTxMetrics = (metrics: Metrics | undefined): ((report: TxPassReport) => void) => {
  if (metrics === undefined) return () => {};
  const count = metrics.counter({
    name: "tx_events_total",
    help: "Transaction life-cycle events",
    labels: { event: events },
  });
  const failures = metrics.counter({
    name: "tx_failures_total",
    help: "Transaction steps that failed and are tried again",
  });
  const rows = metrics.gauge({ name: "tx_rows", help: "Rows of the outbox by state", labels: ["state"] });
  return (report) => {
    for (const event of events) count(report[event], { event });
    failures(report.failures.length);
    rows(report.queued, { state: "queued" });
    rows(report.inFlight, { state: "in_flight" });
  };
};
