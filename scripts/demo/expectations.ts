import { moments } from "./moments.ts";
import { type Figures, figuresOf, type Outcome, rowsOf } from "./outcome.ts";

/** What a run must come to. */
export type Expected = Omit<Figures, "seconds" | "refusals" | "reorganisations"> & {
  /** How many there are; they can be of any depth. */
  readonly reorganised: number;
  readonly refusals: Readonly<Record<string, string>>;
};

/** What the whole demo comes to, without a model. */
export const expectedOfAll: Expected = {
  requests: 11,
  settled: 10,
  refunded: 1,
  callbacksDelivered: 9,
  callbacksRetried: 1,
  bundleItems: 50,
  wrongResults: 0,
  conserved: true,
  disputes: 2,
  slashed: 2,
  honestSlashed: 0,
  bondsLost: 1,
  settledInTee: 1,
  askedModel: 0,
  endedOnce: 11,
  paidOnce: true,
  storesAgree: true,
  reorganised: 0,
  refusals: { "late commit": "CommitTooLate", "random leaf": "LeafMismatch" },
};

/** The same, with a claim that a model decides. */
export const expectedWithModel: Expected = {
  ...expectedOfAll,
  requests: 12,
  settled: 11,
  callbacksDelivered: 10,
  askedModel: 1,
  endedOnce: 12,
};

/** What the shorter run on a chain that is reorganised comes to. */
export const expectedOnAnvil: Expected = {
  ...expectedOfAll,
  requests: 4,
  settled: 3,
  callbacksDelivered: 3,
  callbacksRetried: 0,
  bundleItems: 0,
  disputes: 1,
  slashed: 1,
  bondsLost: 0,
  settledInTee: 0,
  endedOnce: 4,
  reorganised: moments.length,
  refusals: {},
};

/** A sentence for each expectation that did not hold. */
export function brokenExpectations(outcome: Outcome, expected: Expected): string[] {
  const figures = figuresOf(outcome);
  const { refusals, reorganised, ...numbers } = expected;
  const depths = figures.reorganisations;
  const wrong = [...outcome.verifications.values()].flatMap((verification) => verification.wrong);
  return [
    ...Object.entries(numbers).flatMap(([name, value]) => {
      const found = figures[name as keyof typeof numbers];
      return found === value ? [] : [`${name} is ${found}, not ${value}`];
    }),
    ...(depths.length === reorganised ? [] : [`there were ${depths.length} reorganisations, not ${reorganised}`]),
    ...wrong,
    ...outcome.storeFaults,
    ...requestFaults(outcome),
    ...callbackFaults(outcome),
    ...refusalFaults(figures, refusals),
    ...nodeFaults(outcome),
    ...guiltFaults(outcome),
  ];
}

/** Each request ended as it should, and those with committees of more than one for a quorum at least. */
function requestFaults(outcome: Outcome): string[] {
  return rowsOf(outcome).flatMap(({ asked, ending, agreed }) => {
    if (ending?.kind !== asked.expected)
      return [`${asked.name} is ${ending?.kind ?? "still open"}, not ${asked.expected}`];
    const isAgreed = ending.kind === "refunded" || agreed >= asked.fields.quorum;
    return isAgreed ? [] : [`${asked.name}: only ${agreed} agreed`];
  });
}

function callbackFaults({ asked, verifications }: Outcome): string[] {
  return asked.flatMap(({ name, requestId, hasArrived, expected }) => {
    const isOwed = hasArrived !== undefined && expected === "settled";
    return !isOwed || verifications.get(requestId)?.hasArrived === true ? [] : [`${name}: the answer did not arrive`];
  });
}

/** Every honest member that answered must have named the error. */
function refusalFaults({ refusals }: Figures, expected: Expected["refusals"]): string[] {
  return Object.entries(expected).flatMap(([trick, error]) => {
    const named = refusals[trick as keyof typeof refusals] ?? [];
    return named.length === 1 && named[0] === error
      ? []
      : [`${trick}: ${named.join(", ") || "not tried"}, not ${error}`];
  });
}

/** Only who provably cheated has lost stake. */
function guiltFaults({ nodes, story }: Outcome): string[] {
  const slashed = new Set(story.justice.penalties.map(({ nodeId }) => nodeId));
  const innocent = nodes.filter(({ node: { role } }) => role !== "liar" && role !== "equivocator");
  return innocent
    .filter(({ node: { nodeId } }) => slashed.has(nodeId))
    .map(({ node: { nodeId, role } }) => `node ${nodeId} is ${role} and was slashed`);
}

/** Who computed nothing earned nothing; every honest node that served earned, and its reputation rose. */
function nodeFaults({ nodes, story, committees }: Outcome): string[] {
  const served = (nodeId: bigint): boolean =>
    [...committees].some(([requestId, members]) => {
      const attested = story.endings.get(requestId)?.head?.attested ?? 0n;
      return members.some((member, seat) => member.nodeId === nodeId && ((attested >> BigInt(seat)) & 1n) === 1n);
    });
  return nodes.flatMap(({ node: { nodeId, role }, earned, reputation }) => {
    const isPaid = earned > 0n && reputation > 0n;
    if (role === "honest" && served(nodeId) && !isPaid) return [`node ${nodeId} served and was not paid`];
    return role !== "honest" && (earned > 0n || reputation > 0n) ? [`node ${nodeId} is ${role} and was paid`] : [];
  });
}
