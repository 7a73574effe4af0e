import type { World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { type Progress, waitFor } from "./progress.ts";
import { send } from "./send.ts";
import type { CastNode } from "./stage.ts";

/** What a node ended with: `earned` in units of the payment token, reputation 0..65535. */
export type NodeAccount = { readonly node: CastNode; readonly earned: bigint; readonly reputation: bigint };

const escrowOf = ({ instance }: World) => ({ address: instance.escrow, abi: requestEscrowAbi }) as const;

/** What the nodes' words say now. */
export async function readNodes(world: World, nodes: readonly CastNode[]): Promise<NodeAccount[]> {
  const accounts: NodeAccount[] = [];
  for (const node of nodes) {
    const call = { ...escrowOf(world), functionName: "nodeWord", args: [Number(node.nodeId)] } as const;
    const { earnings, reputation } = decodeNodeWord(await world.chain.readContract(call));
    accounts.push({ node, earned: earnings, reputation });
  }
  return accounts;
}

/** First step of paying out: sets the earnings of every node that has any aside for one dispute window. */
export async function claimAll(world: World, accounts: readonly NodeAccount[]): Promise<void> {
  const rich = accounts.filter(({ earned }) => earned > 0n);
  await Promise.all(
    rich.map(({ node }) =>
      send(world, node.owner, { ...escrowOf(world), functionName: "claimEarnings", args: [Number(node.nodeId)] }),
    ),
  );
}

/**
 * Second step, once the window is over: to the owners' accounts, and from there out of the escrow. Returns how much.
 *
 * @throws WaitedTooLongError
 */
export async function payOutAll(
  world: World,
  accounts: readonly NodeAccount[],
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<bigint> {
  const rich = accounts.filter(({ earned }) => earned > 0n);
  const availableAtS = await lastClaim(world, rich);
  const leftS = async (): Promise<bigint> => availableAtS - (await world.chain.getBlock()).timestamp;
  const look = async (): Promise<true | undefined> => ((await leftS()) <= 0n ? true : undefined);
  const say = async (): Promise<string> => `claims can be withdrawn in ${await leftS()} s`;
  await waitFor({ progress, signal, look, say, what: "the claims' dispute window", timeoutMs: 30_000 });
  const paid = await Promise.all(rich.map(({ node }) => payOut(world, node)));
  return paid.reduce((sum, amount) => sum + amount, 0n);
}

async function lastClaim(world: World, accounts: readonly NodeAccount[]): Promise<bigint> {
  let last = 0n;
  for (const { node } of accounts) {
    const call = { ...escrowOf(world), functionName: "claimOf", args: [Number(node.nodeId)] } as const;
    const [, availableAtS] = await world.chain.readContract(call);
    if (availableAtS > last) last = availableAtS;
  }
  return last;
}

/** Withdraws what the owner's account holds: the claim, and tips for settling where its key is the owner's own. */
async function payOut(world: World, { nodeId, owner }: CastNode): Promise<bigint> {
  const escrow = escrowOf(world);
  await send(world, owner, { ...escrow, functionName: "withdrawEarnings", args: [Number(nodeId)] });
  const { address } = owner.account;
  const [balance] = await world.chain.readContract({ ...escrow, functionName: "accountOf", args: [address] });
  await send(world, owner, { ...escrow, functionName: "withdraw", args: [address, balance] });
  return balance;
}
