/** What a watchtower proves and whom it asks: pure. */
import type { RequestCore } from "../chain/requests.ts";
import type { AttestationMessage, CommitMessage, Held } from "../network/messages.ts";

/** Two signed words of one node that contradict each other. */
export type Proof =
  | { readonly kind: "commits"; readonly first: CommitMessage; readonly second: CommitMessage }
  | { readonly kind: "attestations"; readonly first: AttestationMessage; readonly second: AttestationMessage };

/** A node that contradicted itself, with all that proves it: any one is enough. */
export type Fault = { readonly nodeId: bigint; readonly level: bigint; readonly proofs: readonly Proof[] };

type Said = { readonly nodeId: bigint; readonly level: bigint };

/** The first message of a node and level, and the first that differs from it. */
const pairsOf = <T extends Said>(messages: readonly T[], wordOf: (one: T) => string): readonly (readonly [T, T])[] => {
  const groups = Map.groupBy(messages, ({ nodeId, level }) => `${nodeId} ${level}`);
  return [...groups.values()].flatMap(([first, ...others]) => {
    const second = first === undefined ? undefined : others.find((one) => wordOf(one) !== wordOf(first));
    return first === undefined || second === undefined ? [] : [[first, second] as const];
  });
};

/**
 * The nodes that contradicted themselves in what is held of one request: two leaves, or two digests, of one level. One
 * digest under two roots is none, and neither are two signatures over one leaf.
 */
export const faultsOf = ({ commits, attestations }: Pick<Held, "commits" | "attestations">): readonly Fault[] => {
  const proofs: readonly Proof[] = [
    ...pairsOf(commits, ({ leaf }) => leaf).map(([first, second]) => ({ kind: "commits", first, second }) as const),
    ...pairsOf(attestations, ({ digest }) => digest).map(
      ([first, second]) => ({ kind: "attestations", first, second }) as const,
    ),
  ];
  const byNode = Map.groupBy(proofs, ({ first: { nodeId, level } }) => `${nodeId} ${level}`);
  return [...byNode.values()].flatMap((all) => {
    const [one] = all;
    return one === undefined ? [] : [{ nodeId: one.first.nodeId, level: one.first.level, proofs: all }];
  });
};

/** Last second in which a contradiction over a request can be proven. */
export const provableUntil = (submittedAtS: bigint, unbondingS: bigint): bigint => submittedAtS + unbondingS;

/** Whether members have said to each other all they will: a result is on chain, or their time to attest is over. */
export const isExchangeOver = ({ state }: Pick<RequestCore, "state">, attestEndS: bigint, nowS: bigint): boolean =>
  state !== "open" || nowS > attestEndS;

/** `count` of the items, by chance, each at most once. `random` is within 0..1, without 1. */
export const sampleOf = <T>(items: readonly T[], count: number, random: () => number): readonly T[] => {
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken;
};
