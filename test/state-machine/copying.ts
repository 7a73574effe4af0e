/** The member that computes nothing: it waits for another's reveal, and then says the same wherever it can. */
import type { Hex } from "viem";
import type { AttestationMessage } from "../../keepers/network/messages.ts";
import { groupsOf, proofsOf } from "../../keepers/settler/assemble.ts";
import { buildSettlement } from "../../sdk/agreement/settlement.ts";
import { indicesOf } from "../../sdk/committee/bitmap.ts";
import { callEscrow, leavesSeen, type Misdeed, once, postWord, tellAttestation, tellCommit } from "./deeds.ts";
import { connect, type Keeper } from "./keeper.ts";
import { attestOver, commitTo, noLeaf, peersOf, type Scene, truth, type Word, wordOf } from "./scene.ts";

/** The attestations of others that it holds. */
const revealsSeen = async ({ request }: Scene, { held, nodeId }: Keeper): Promise<readonly AttestationMessage[]> =>
  (await held.read(request.requestId, 0n)).attestations.filter((one) => one.nodeId !== nodeId);

const leavesOf = ({ committed, leaves }: AttestationMessage): Map<number, Hex> =>
  new Map(indicesOf(committed).map((seat, i) => [seat, leaves[i] ?? "0x"]));

/** Commits late, and attests under a root of its own making as well as under that of the others. */
const copyMessages = async (scene: Scene, keeper: Keeper, seen: AttestationMessage, word: Word): Promise<void> => {
  const { nodeId } = keeper;
  const peers = peersOf(scene, nodeId);
  await tellCommit(keeper, peers, await commitTo(scene, nodeId, word.leaf));
  const own = await leavesSeen(scene, keeper, word.leaf);
  await tellAttestation(keeper, peers, await attestOver(scene, nodeId, word, own));
  await tellAttestation(keeper, peers, await attestOver(scene, nodeId, word, leavesOf(seen)));
};

/** Settles with its own signature and salt among those of the others. */
const trySettle = async (scene: Scene, keeper: Keeper, word: Word): Promise<void> => {
  const { request, members, quorum } = scene;
  const { nodeId } = keeper;
  const entries = members.map((member) => ({ nodeId: member, ask: 0n }));
  const groups = groupsOf(entries, await revealsSeen(scene, keeper), 0n);
  const group = groups.find(({ first, bySeat }) => first.digest === word.digest && bySeat.size >= quorum - 1);
  if (group === undefined) return;
  const proofs = [...proofsOf(group, members.length)];
  const mine = await attestOver(scene, nodeId, word, leavesOf(group.first));
  proofs[members.indexOf(nodeId)] = { signature: mine.signature, salt: word.salt };
  const settlement = buildSettlement({ request: request.words, ...truth, proofs });
  await callEscrow(scene, nodeId, { functionName: "settle", args: [[settlement], []] });
};

/** On chain: the word as soon as somebody has shown it anywhere, and until then a commit to nothing. */
const copyOnChain = async (scene: Scene, keeper: Keeper, word: Word): Promise<void> => {
  const { request, world } = scene;
  const { nodeId, held } = keeper;
  const { shown, revealed } = await world.view.fallback(request.requestId);
  const { attestations } = await held.read(request.requestId, 0n);
  const isKnown = shown.length > 0 || revealed.size > 0 || attestations.length > 0;
  if (isKnown) return postWord(scene, nodeId, word);
  const args = [request.words, Number(nodeId), noLeaf()] as const;
  await callEscrow(scene, nodeId, { functionName: "commitOnChain", args });
};

/** Style 0 commits in time, to a leaf that nothing opens; style 1 commits to nothing before it has seen a reveal. */
export const copying: Misdeed = async (scene, keeper, { style }) => {
  const { world, times } = scene;
  const { nodeId } = keeper;
  connect(world, keeper);
  const word = wordOf(scene, nodeId, truth); // said only after another has
  const now = world.chain.clock.now;
  let hasCopied = false;
  const bluff = once(
    () => style === 0 && now() < times.commitEndMs,
    async () => tellCommit(keeper, peersOf(scene, nodeId), await commitTo(scene, nodeId, noLeaf())),
  );
  const offChain = async (): Promise<void> => {
    await bluff();
    const [seen] = (await revealsSeen(scene, keeper)).filter((one) => one.digest === word.digest);
    if (seen !== undefined && !hasCopied) {
      hasCopied = true;
      await copyMessages(scene, keeper, seen, word);
    }
    if (hasCopied) await trySettle(scene, keeper, word);
  };
  return { offChain, onChain: () => copyOnChain(scene, keeper, word) };
};
