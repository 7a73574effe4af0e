/** Items of results, with their proofs, for consumers and settlers: shown only after this node has attested. */
import type { Hex } from "viem";
import { buildTree, type MerkleTree, proofOf } from "../../sdk/merkle/tree.ts";
import type { ChainNode, ChainView } from "../chain/view.ts";
import type { ItemMessage } from "../network/messages.ts";
import { isBundle } from "./execution.ts";
import type { OwnStore } from "./own-store.ts";

export type ItemsDeps = {
  readonly view: Pick<ChainView, "request">;
  readonly own: Pick<OwnStore, "decisions" | "item" | "digests">;
  readonly ownNode: () => Promise<ChainNode | undefined>;
};

/** The tree of a bundle that this node has attested; undefined for a request that is no bundle. */
type Revealed = { readonly tree: MerkleTree | undefined };

const maxKept = 8;

/** Makes the function that finds an item, or undefined where this node has not attested one. */
export const makeItems = ({ view, own, ownNode }: ItemsDeps) => {
  const kept = new Map<Hex, Revealed>();

  const reveal = async (requestId: Hex): Promise<Revealed | undefined> => {
    const known = kept.get(requestId);
    if (known !== undefined) return known;
    const [node, request] = [await ownNode(), await view.request(requestId)];
    if (node === undefined || request === undefined) return undefined;
    if ((await own.decisions(requestId, node.nodeId)).length === 0) return undefined;
    const revealed = { tree: isBundle(request) ? buildTree([...(await own.digests(requestId)).values()]) : undefined };
    const oldest = kept.size >= maxKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(requestId, revealed);
    return revealed;
  };

  return async (requestId: Hex, index: bigint): Promise<ItemMessage | undefined> => {
    const revealed = await reveal(requestId);
    const item = revealed === undefined ? undefined : await own.item(requestId, Number(index));
    if (revealed === undefined || item === undefined) return undefined;
    const proof = revealed.tree === undefined ? [] : proofOf(revealed.tree, Number(index));
    return { index, ...item, proof };
  };
};
