/** Puts what members have said together into a settlement: pure. */
import type { Hex } from "viem";
import { buildSettlement, type MemberProof, type Settlement } from "../../sdk/agreement/settlement.ts";
import { hasBit, indicesOf } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import type { RequestWords } from "../../sdk/words/request.ts";
import type { AttestationMessage, Held } from "../network/messages.ts";

/** A settlement with what it settles. `silent` members committed under the same root and have not attested yet. */
export type Assembled = {
  readonly settlement: Settlement;
  readonly digest: Hex;
  readonly attested: number;
  readonly silent: number;
};

export type AssembleInput = {
  readonly words: RequestWords;
  readonly members: readonly Member[];
  readonly quorum: number;
  /** Checked messages: leaves and roots hold, and the chain counts the keys that signed. */
  readonly held: Pick<Held, "attestations" | "results">;
};

/** What members attested over one digest under one root. */
export type Group = { readonly first: AttestationMessage; readonly bySeat: Map<number, AttestationMessage> };

/** Attestations over one digest under one root; of a member that signed twice the first counts. */
export const groupsOf = (
  members: readonly Member[],
  attestations: readonly AttestationMessage[],
  level: bigint,
): readonly Group[] => {
  const seats = new Map(members.map(({ nodeId }, seat) => [nodeId, seat]));
  const groups = new Map<string, Group>();
  for (const one of attestations) {
    const seat = seats.get(one.nodeId);
    if (seat === undefined || one.level !== level || !hasBit(one.committed, seat)) continue;
    const key = `${one.digest} ${one.committed} ${one.commitRoot}`;
    const group = groups.get(key) ?? { first: one, bySeat: new Map<number, AttestationMessage>() };
    if (!group.bySeat.has(seat)) group.bySeat.set(seat, one);
    groups.set(key, group);
  }
  return [...groups.values()];
};

/** What is shown of each member, in draw order. */
export const proofsOf = ({ first, bySeat }: Group, size: number): readonly MemberProof[] => {
  const leaves = new Map(indicesOf(first.committed).map((seat, i) => [seat, first.leaves[i]]));
  return Array.from({ length: size }, (_, seat): MemberProof => {
    const own = bySeat.get(seat);
    if (own !== undefined) return { signature: own.signature, salt: own.salt };
    const leaf = leaves.get(seat);
    return leaf === undefined ? undefined : { leaf };
  });
};

/** The settlement with the most signers among those that reach the quorum and whose result is known; undefined if none. */
export const assemble = (input: AssembleInput): Assembled | undefined => {
  const { words, members, quorum, held } = input;
  const ready = groupsOf(members, held.attestations, 0n)
    .filter(({ bySeat }) => bySeat.size >= quorum)
    .toSorted((a, b) => b.bySeat.size - a.bySeat.size);
  for (const group of ready) {
    const { digest } = group.first;
    const result = held.results.find((one) => one.digest === digest);
    if (result === undefined) continue;
    const { status, usage, output } = result;
    const proofs = proofsOf(group, members.length);
    const settlement = buildSettlement({ request: words, status, usage, output, proofs });
    const attested = group.bySeat.size;
    return { settlement, digest, attested, silent: group.first.leaves.length - attested };
  }
  return undefined;
};
