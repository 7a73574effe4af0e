/** What honest members hold against others, counted without the keepers' own rules. */
import type { Hex } from "viem";
import { answerDigest } from "../../deploy/local/committee.ts";
import { honestOf, type Play } from "./machine.ts";
import { truth } from "./scene.ts";

/** Nodes that signed two leaves or two digests, and nodes that attested something that is not so. */
export type Evidence = { readonly contradicting: ReadonlySet<bigint>; readonly lying: ReadonlySet<bigint> };

const add = (all: Map<bigint, Set<Hex>>, nodeId: bigint, word: Hex): void =>
  void all.set(nodeId, (all.get(nodeId) ?? new Set<Hex>()).add(word));

const withTwo = (all: ReadonlyMap<bigint, ReadonlySet<Hex>>): readonly bigint[] =>
  [...all].flatMap(([nodeId, words]) => (words.size > 1 ? [nodeId] : []));

/** Reads the stores of all honest members. */
export const evidenceIn = async (play: Play): Promise<Evidence> => {
  const { request } = play.scene;
  const right = answerDigest(request, truth);
  const [leaves, digests] = [new Map<bigint, Set<Hex>>(), new Map<bigint, Set<Hex>>()];
  for (const { keeper } of honestOf(play)) {
    const { commits, attestations } = await keeper.held.read(request.requestId, 0n);
    for (const { nodeId, leaf } of commits) add(leaves, nodeId, leaf);
    for (const { nodeId, digest } of attestations) add(digests, nodeId, digest);
  }
  const lying = [...digests].flatMap(([nodeId, said]) => ([...said].some((one) => one !== right) ? [nodeId] : []));
  return { contradicting: new Set([...withTwo(leaves), ...withTwo(digests)]), lying: new Set(lying) };
};
