/** Everything that governance can set: where, in which unit, within which bounds. */

/** How a value is counted. `payment` is the payment token, `millionths` are millionths of it. */
export type Unit = "seconds" | "basisPoints" | "percent" | "count" | "atoma" | "paymentPerAtoma" | "millionths";

/** Contracts that have setters, by the names of a deployment record. */
export type SetterContract =
  "escrow" | "disputes" | "taskRegistry" | "nodeRegistry" | "emissions" | "governor" | "timelock";

/** Values in force by the name of the parameter. */
export type Values = ReadonlyMap<string, bigint>;

/** What bounds depend on. `supply` and `mostBudget` are in units of ATOMA, `leastTimesS` the escrow's first values. */
export type Limits = {
  readonly values: Values;
  readonly leastTimesS: { readonly beaconDelay: bigint; readonly chainPhase: bigint };
  readonly leastVotingTimeS: bigint;
  readonly leastDelayS: bigint;
  readonly supply: bigint;
  readonly mostBudget: bigint;
};

/** A bound: fixed, or following from what is in force. */
export type Bound = bigint | ((limits: Limits) => bigint);

/** `argument` is the setter's own name of the value, in a struct of its parameters or alone. */
export type Parameter = {
  readonly name: string;
  readonly contract: SetterContract;
  readonly setter: string;
  readonly argument: string;
  readonly unit: Unit;
  readonly least: Bound;
  readonly most: Bound;
};

/** A value in force. Throws where it was not read. */
export const valueIn = (values: Values, name: string): bigint => {
  const value = values.get(name);
  if (value === undefined) throw new Error(`The value of ${name} was not read.`);
  return value;
};

const hour = 3_600n;
const day = 86_400n;
const tokens = 10n ** 18n;
const uint128 = 2n ** 128n - 1n;

type Row = readonly [name: string, unit: Unit, least: Bound, most: Bound, argument?: string];

const rows = (contract: SetterContract, setter: string, all: readonly Row[]): readonly Parameter[] =>
  all.map(([name, unit, least, most, argument = name]) => ({ name, contract, setter, argument, unit, least, most }));

const price = ({ values }: Limits): bigint => valueIn(values, "stakePrice");
const votingTime = ({ leastVotingTimeS }: Limits): bigint => leastVotingTimeS;
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Least price of emissions, in stake prices. */
export const priceCover = 4n;

/** The stake price's multiple, and four fifths of the price in force. */
const leastEmissionPrice = (limits: Limits): bigint => {
  const current = valueIn(limits.values, "emissionPrice");
  return larger(priceCover * price(limits), current - current / 5n);
};

/** All parameters, in the order in which people see them. */
export const parameters: readonly Parameter[] = [
  ...rows("escrow", "setParameters", [
    ["protocolFee", "basisPoints", 0n, 1_000n],
    ["fallbackDelay", "seconds", 1n, hour],
    ["chainPhase", "seconds", ({ leastTimesS }) => leastTimesS.chainPhase, hour],
    ["beaconDelay", "seconds", ({ leastTimesS }) => leastTimesS.beaconDelay, 300n],
    ["expireDelay", "seconds", 1n, hour],
    ["beaconTimeout", "seconds", 60n, 7n * day],
    ["disputeWindow", "seconds", 1n, 7n * day],
    ["reputationFloor", "millionths", 0n, 1_000_000_000n],
    ["tipFloor", "millionths", 0n, 10_000_000n],
  ]),
  ...rows("disputes", "setParameters", [
    ["panelMin", "count", 7n, 43n],
    ["panelWindow", "seconds", 1n, day],
    ["appealWindow", "seconds", 1n, day],
    ["punishWindow", "seconds", 1n, day],
    ["jurorSlash", "basisPoints", 0n, 2_500n],
  ]),
  ...rows("taskRegistry", "setSettings", [
    ["activationDelay", "seconds", 0n, 7n * day],
    ["maxSnapshotAge", "seconds", hour, 3n * day],
    ["noShowSlash", "basisPoints", 0n, 1_000n],
    ["publisherBond", "atoma", 0n, 100_000n * tokens],
  ]),
  ...rows("taskRegistry", "setStakePrice", [
    [
      "stakePrice",
      "paymentPerAtoma",
      (limits) => price(limits) - price(limits) / 5n,
      (limits) => smaller(price(limits) + price(limits) / 5n, uint128),
      "price",
    ],
  ]),
  ...rows("nodeRegistry", "setUnbonding", [["unbonding", "seconds", 60n, 60n * day, "duration"]]),
  ...rows("emissions", "setBudget", [["emissionBudget", "atoma", 0n, ({ mostBudget }) => mostBudget, "budget"]]),
  ...rows("emissions", "setPrice", [["emissionPrice", "paymentPerAtoma", leastEmissionPrice, uint128, "newPrice"]]),
  ...rows("governor", "setVotingDelay", [["votingDelay", "seconds", votingTime, 30n * day, "newVotingDelay"]]),
  ...rows("governor", "setVotingPeriod", [["votingPeriod", "seconds", votingTime, 30n * day, "newVotingPeriod"]]),
  ...rows("governor", "setLateQuorumVoteExtension", [
    ["lateQuorumExtension", "seconds", 0n, ({ values }) => valueIn(values, "votingPeriod"), "newVoteExtension"],
  ]),
  ...rows("governor", "setProposalThreshold", [
    [
      "proposalThreshold",
      "atoma",
      ({ supply }) => supply / 100_000n,
      ({ supply }) => supply / 100n,
      "newProposalThreshold",
    ],
  ]),
  ...rows("governor", "updateQuorumNumerator", [["quorum", "percent", 1n, 20n, "newQuorumNumerator"]]),
  ...rows("timelock", "updateDelay", [
    ["timelockDelay", "seconds", ({ leastDelayS }) => leastDelayS, 30n * day, "newDelay"],
  ]),
];

/** The parameter of a name, or undefined. */
export const parameterOf = (name: string): Parameter | undefined => parameters.find((one) => one.name === name);

/** Least and most of a parameter now. */
export const boundsOf = (
  { least, most }: Parameter,
  limits: Limits,
): { readonly least: bigint; readonly most: bigint } => ({
  least: typeof least === "bigint" ? least : least(limits),
  most: typeof most === "bigint" ? most : most(limits),
});
