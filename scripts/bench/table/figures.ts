/** Rules of the chain that are measured: osaka has P256VERIFY and a gas limit per transaction, prague has neither. */
export const rules = ["osaka", "prague"] as const;
export type Rules = (typeof rules)[number];

/** Gas of one request by a committee of k. `finalize` is zero where no challenge window comes before payment. */
export type CommitteeRow = {
  readonly k: number;
  readonly request: number;
  readonly settle: number;
  readonly finalize: number;
};

/** Gas of one bundle, k = 10. */
export type BundleRow = { readonly items: number; readonly request: number; readonly settle: number };

/** Gas by the size of the pool, k = 10: the draw by itself, a settlement, the publication of a snapshot. */
export type PoolRow = {
  readonly nodes: number;
  readonly draw: number;
  readonly settle: number;
  readonly publish: number;
};

/** Gas of everything under one set of rules. `single` is by name, for figures that no size changes. */
export type RuleFigures = {
  readonly committees: readonly CommitteeRow[];
  readonly bundles: readonly BundleRow[];
  readonly pools: readonly PoolRow[];
  readonly single: Readonly<Record<string, number>>;
};

/** What docs/benchmarks/gas.json holds. */
export type GasFigures = Readonly<Record<Rules, RuleFigures>>;

/** Request, settlement and, after a challenge window, finalisation. */
export const wholeOf = ({ request, settle, finalize = 0 }: { request: number; settle: number; finalize?: number }) =>
  request + settle + finalize;
