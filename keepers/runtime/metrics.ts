/** Prometheus metrics of one process. Every counter exists with value 0 from the start, so that rates and alerts work. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** Known values of each label, for example `{ outcome: ["mined", "reverted"] }`. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;
export type Labels = Readonly<Record<string, string>>;
export type Metric = { name: string; help: string };

export type Metrics = {
  /** Adds to a counter; series of all combinations of `labels` start at 0. Asking twice for one name returns the same. */
  counter(metric: Metric & { labels?: LabelValues }): (by?: number, labels?: Labels) => void;
  /** Sets a gauge. */
  gauge(metric: Metric & { labels?: readonly string[] }): (value: number, labels?: Labels) => void;
  /** Observes a value; `buckets` are upper bounds in the metric's unit. */
  histogram(
    metric: Metric & { buckets: readonly number[]; labels?: readonly string[] },
  ): (value: number, labels?: Labels) => void;
  /** Text in the Prometheus exposition format, and its content type. */
  render(): Promise<{ text: string; contentType: string }>;
};

const combinations = (labels: LabelValues): Labels[] =>
  Object.entries(labels).reduce<Labels[]>(
    (acc, [name, values]) => acc.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{}],
  );

/** Metrics with their own registry. Names get `prefix`; `processMetrics` adds CPU, memory and event-loop lag. */
export const makeMetrics = ({ prefix = "atoma_", processMetrics = false } = {}): Metrics => {
  const registry = new Registry();
  const known = new Map<string, Counter | Gauge | Histogram>();
  if (processMetrics) collectDefaultMetrics({ register: registry, prefix });
  const base = ({ name, help }: Metric) => ({ name: `${prefix}${name}`, help, registers: [registry] });
  const once = <T extends Counter | Gauge | Histogram>(name: string, make: () => T): T => {
    const metric = known.get(name) ?? make();
    known.set(name, metric);
    return metric as T;
  };
  return {
    counter: (metric) => {
      const labels = metric.labels ?? {};
      const counter = once(metric.name, () => new Counter({ ...base(metric), labelNames: Object.keys(labels) }));
      for (const one of combinations(labels)) counter.inc(one, 0);
      return (by = 1, values = {}) => counter.inc(values, by);
    },
    gauge: (metric) => {
      const gauge = once(metric.name, () => new Gauge({ ...base(metric), labelNames: [...(metric.labels ?? [])] }));
      return (value, values = {}) => gauge.set(values, value);
    },
    histogram: (metric) => {
      const options = { ...base(metric), buckets: [...metric.buckets], labelNames: [...(metric.labels ?? [])] };
      const histogram = once(metric.name, () => new Histogram(options));
      return (value, values = {}) => histogram.observe(values, value);
    },
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
};

/** The same metrics, with these labels on all that is counted through it: for parts of which a process has several. */
export const labelled = (metrics: Metrics, fixed: Labels): Metrics => {
  const names = Object.keys(fixed);
  const values = Object.fromEntries(Object.entries(fixed).map(([name, value]) => [name, [value]]));
  return {
    counter: (metric) => {
      const count = metrics.counter({ ...metric, labels: { ...metric.labels, ...values } });
      return (by, labels = {}) => count(by, { ...labels, ...fixed });
    },
    gauge: (metric) => {
      const set = metrics.gauge({ ...metric, labels: [...(metric.labels ?? []), ...names] });
      return (value, labels = {}) => set(value, { ...labels, ...fixed });
    },
    histogram: (metric) => {
      const observe = metrics.histogram({ ...metric, labels: [...(metric.labels ?? []), ...names] });
      return (value, labels = {}) => observe(value, { ...labels, ...fixed });
    },
    render: metrics.render,
  };
};
