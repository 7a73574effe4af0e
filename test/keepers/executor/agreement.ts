/** What the nodes of a test agree on, judged by the rules of the contract. */
import type { Hex } from "viem";
import { attestationHash } from "../../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../../sdk/agreement/commit-root.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import { recoverSigner } from "../../../sdk/agreement/recover.ts";
import { indicesOf } from "../../../sdk/committee/bitmap.ts";
import type { ChainRequest } from "../../../keepers/chain/view.ts";
import { type Committee, makeCommittees } from "../../../keepers/network/committees.ts";
import { type ExchangeTimes, exchangeTimesOf } from "../../../keepers/network/exchange-times.ts";
import type { Held } from "../../../keepers/network/messages.ts";
import { instance, randomness, type Running, type Seat, type World } from "./world.ts";

/** Waits until `test` holds, looking often; throws after `timeoutMs` of real time. */
export async function until<T>(
  what: string,
  test: () => Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await test();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export type Agreed = { digest: Hex; committed: bigint; attested: bigint[]; leaves: readonly Hex[] };

/**
 * What a settlement could be made of, by the rules of the contract: a quorum of signatures over one root, which the
 * salts of those who attested and the leaves of the others rebuild.
 */
export function agreementIn(world: World, members: readonly bigint[], held: Held): Agreed | undefined {
  const groups = Map.groupBy(held.attestations, (one) => `${one.digest} ${one.committed} ${one.commitRoot}`);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined || new Set(group.map(({ nodeId }) => nodeId)).size < world.quorum) continue;
    const { requestId, digest, committed, commitRoot } = first;
    const hash = attestationHash(instance.chainId, instance.escrow, first);
    for (const { nodeId, signature } of group)
      if (recoverSigner(hash, signature) !== world.nodes.get(nodeId)?.signer)
        throw new Error("a wrong signature is held");
    const leaves = indicesOf(committed).map((seat, index) => {
      const own = group.find(({ nodeId }) => nodeId === members[seat]);
      if (own === undefined) return first.leaves[index] ?? "0x";
      return leafOf({ requestId, level: 0n, digest, nodeId: own.nodeId, salt: own.salt });
    });
    if (commitRootOf(leaves) !== commitRoot) throw new Error("a root is held that its salts do not rebuild");
    return { digest, committed, attested: group.map(({ nodeId }) => nodeId), leaves };
  }
  return undefined;
}

/** Waits until each of these nodes could settle the request, and returns what they hold of it. */
export async function agreed(world: World, nodes: readonly Running[], { requestId }: ChainRequest): Promise<Agreed[]> {
  const members = await membersOf(world, requestId);
  return Promise.all(
    nodes.map((node) =>
      until(`node ${node.seat.nodeId} could settle`, async () =>
        agreementIn(world, members, await node.held.read(requestId, 0n)),
      ),
    ),
  );
}

/** The committee that the request has, or will have once its round is posted. */
async function committeeOf({ view, roundTimeS, rounds }: World, requestId: Hex): Promise<Committee> {
  const round = async (number: bigint) => rounds.get(number) ?? { randomness, postedAtS: number };
  const found = await makeCommittees({ view: { ...view, round }, roundTimeS }).byId(requestId);
  if ("missing" in found) throw new Error(found.missing);
  return found.committee;
}

/** Members in draw order. */
export async function membersOf(world: World, requestId: Hex): Promise<bigint[]> {
  return (await committeeOf(world, requestId)).members.map(({ nodeId }) => nodeId);
}

/** When members may say what, of a request whose round is posted. */
export async function timesOf(world: World, { requestId }: ChainRequest): Promise<ExchangeTimes> {
  return exchangeTimesOf((await committeeOf(world, requestId)).timeline);
}

/** The seats in draw order. */
export async function drawnSeats(world: World, { requestId }: ChainRequest): Promise<Seat[]> {
  const members = await membersOf(world, requestId);
  return members.flatMap((nodeId) => world.seats.find((seat) => seat.nodeId === nodeId) ?? []);
}
