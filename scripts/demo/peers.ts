import type { Hex } from "viem";
import { type LocalRequest, requestsIn } from "../../deploy/local/committee.ts";
import { localChainId, type World } from "../../deploy/local/world.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import { decodeSnapshot, type Member } from "../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { unpackWord } from "../../sdk/drand/word.ts";
import type { PeerAnswer } from "../../keepers/network/client.ts";
import { sleep } from "./progress.ts";

/** A member of a committee, and where it listens. */
export type Peer = { readonly nodeId: bigint; readonly endpoint: string };
/** What a member answered: the error that it named, or "taken". */
export type PeerReply = { readonly nodeId: bigint; readonly answer: string; readonly message: string };

const pollMs = 300;
const mostTries = 10;

/** All requests since a block. */
export async function requestsFrom({ chain, instance }: World, fromBlock: bigint): Promise<LocalRequest[]> {
  const logs = await chain.getContractEvents({
    address: instance.escrow,
    abi: requestEscrowAbi,
    eventName: "Requested",
    fromBlock,
  });
  return requestsIn({ logs });
}

/** The committee, from public data alone; undefined while the round is not posted. */
export async function membersOf(
  { chain, instance }: World,
  { requestId, fields }: LocalRequest,
): Promise<Member[] | undefined> {
  const read = { address: instance.escrow, abi: requestEscrowAbi } as const;
  const word = unpackWord(await chain.readContract({ ...read, functionName: "roundWord", args: [fields.round] }));
  if (word === undefined) return undefined;
  const code = await chain.getCode({ address: snapshotAddress(instance.taskRegistry, fields.snapshotId) });
  const seed = seedOf(word.randomness, requestId, 0n);
  return draw({ snapshot: decodeSnapshot(code ?? "0x"), seed, k: fields.k, maxAsk: fields.maxAsk });
}

/** Where the members say that they listen. */
export async function endpointsOf({ chain, instance }: World, members: readonly Member[]): Promise<Peer[]> {
  return Promise.all(
    members.map(async ({ nodeId }) => {
      const call = { address: instance.nodeRegistry, abi: nodeRegistryAbi, functionName: "nodeOf" } as const;
      const { endpoint } = await chain.readContract({ ...call, args: [Number(nodeId)] });
      return { nodeId, endpoint };
    }),
  );
}

/** What signatures are bound to. */
export function signedIn({ instance }: World): { readonly chainId: bigint; readonly escrow: Hex } {
  return { chainId: localChainId, escrow: instance.escrow };
}

/** Asks every peer, a few times where that can help; of those that answered, what they did. */
export async function askEach(
  peers: readonly Peer[],
  signal: AbortSignal,
  ask: (endpoint: string) => Promise<PeerAnswer<true>>,
): Promise<readonly PeerReply[]> {
  const answers = await Promise.all(
    peers.map(async ({ nodeId, endpoint }) => {
      let answer = await ask(endpoint);
      for (let tries = 1; tries < mostTries && canHelp(answer); tries++) {
        await sleep(pollMs, signal);
        answer = await ask(endpoint);
      }
      if ("failure" in answer) return undefined;
      if ("value" in answer) return { nodeId, answer: "taken", message: "" };
      return { nodeId, answer: answer.refusal.error, message: answer.refusal.message };
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

const canHelp = (answer: PeerAnswer<true>): boolean => "failure" in answer || ("refusal" in answer && answer.canRetry);
