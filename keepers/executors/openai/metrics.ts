/** What operators see of a model. */
import type { Metrics } from "../../runtime/metrics.ts";
import { ExecutionStatus } from "../executor.ts";
import { type Fault, faults } from "./fault.ts";

export type ModelMetrics = {
  readonly started: () => void;
  readonly ended: () => void;
  readonly answered: (status: ExecutionStatus, tookMs: number) => void;
  readonly failure: (fault: Fault) => void;
  /** Servers that may be used. */
  readonly fit: (servers: number) => void;
};

const outcomeOf = (status: ExecutionStatus): string => {
  if (status === ExecutionStatus.Success || status === ExecutionStatus.SuccessLong) return "success";
  return status === ExecutionStatus.OutOfFuel ? "out_of_fuel" : "too_long";
};

/** Metrics of one model; nothing without `metrics`. */
export const makeModelMetrics = (metrics: Metrics | undefined, model: string): ModelMetrics => {
  const labels = { model };
  const answers = metrics?.counter({
    name: "model_answers_total",
    help: "Outcomes that model servers led to",
    labels: { model: [model], outcome: ["success", "out_of_fuel", "too_long"] },
  });
  const failures = metrics?.counter({
    name: "model_failures_total",
    help: "Answers of model servers that could not be used, by what was wrong",
    labels: { model: [model], fault: [...faults] },
  });
  const inFlight = metrics?.gauge({ name: "model_in_flight", help: "Requests at model servers", labels: ["model"] });
  const fit = metrics?.gauge({
    name: "model_servers_fit",
    help: "Model servers without a known fault",
    labels: ["model"],
  });
  const seconds = metrics?.histogram({
    name: "model_seconds",
    help: "From a request to its outcome, waiting and other servers included",
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
    labels: ["model"],
  });
  let current = 0;
  inFlight?.(0, labels);
  return {
    started: () => inFlight?.(++current, labels),
    ended: () => inFlight?.(--current, labels),
    answered: (status, tookMs) => {
      answers?.(1, { model, outcome: outcomeOf(status) });
      seconds?.(tookMs / 1_000, labels);
    },
    failure: (fault) => failures?.(1, { model, fault }),
    fit: (servers) => fit?.(servers, labels),
  };
};
