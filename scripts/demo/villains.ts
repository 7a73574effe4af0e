import { randomBytes } from "node:crypto";
import { bytesToHex, parseEventLogs } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { Executor } from "../../keepers/executors/executor.ts";
import type { PeerClient } from "../../keepers/network/client.ts";
import { signCommit } from "../../keepers/network/sign.ts";
import type { Story } from "./follow.ts";
import { askEach, endpointsOf, membersOf, type PeerReply, requestsFrom, signedIn } from "./peers.ts";
import { sleep } from "./progress.ts";
import type { Asked } from "./requests.ts";
import { send } from "./send.ts";
import type { CastNode, Stage } from "./stage.ts";

const pollMs = 300;

/** Computes, and gives a fold's energy as lower by one than it is. */
export function lying({ capabilities, execute }: Executor): Executor {
  return {
    capabilities,
    execute: async (task, input, limits, signal) => {
      const result = await execute(task, input, limits, signal);
      const output = result.output.slice();
      output[31] = (output[31] ?? 0) - 1; // the last byte of the energy
      return { ...result, output };
    },
  };
}

export type EquivocatorDeps = {
  readonly stage: Stage;
  readonly node: CastNode;
  readonly client: PeerClient;
  readonly fromBlock: bigint;
  readonly signal: AbortSignal;
};

/** Signs two commits, one after the other, in the first request for which its node is drawn. Tells how members took the second. */
export async function runEquivocator({
  stage,
  node,
  client,
  fromBlock,
  signal,
}: EquivocatorDeps): Promise<readonly PeerReply[]> {
  const { world } = stage;
  for (;;) {
    for (const request of await requestsFrom(world, fromBlock)) {
      const members = await membersOf(world, request);
      if (members === undefined || !members.some(({ nodeId }) => nodeId === node.nodeId)) continue;
      const subject = { requestId: request.requestId, level: 0n, nodeId: node.nodeId };
      const others = (await endpointsOf(world, members)).filter(({ nodeId }) => nodeId !== node.nodeId);
      const commit = async (): Promise<readonly PeerReply[]> => {
        const leaf = bytesToHex(randomBytes(32));
        const signed = await signCommit(node.signer, signedIn(world), { ...subject, leaf });
        return askEach(others, signal, (endpoint) => client.sendCommit(endpoint, signed, signal));
      };
      await commit();
      return commit();
    }
    await sleep(pollMs, signal);
  }
}

/** Puts up a bond against a recorded result that is right. Does nothing until it is recorded; tells whether it did it. */
export async function challenge({ world, griefer }: Stage, { recorded }: Story, asked: Asked): Promise<boolean> {
  const receipt = recorded.get(asked.requestId);
  const [event] = parseEventLogs({ abi: requestEscrowAbi, logs: receipt?.logs ?? [], eventName: "ResultRecorded" });
  if (event === undefined) return false;
  const { digest, head, settler } = event.args;
  const at = { address: world.instance.disputes, abi: disputesAbi } as const;
  await send(world, griefer, { ...at, functionName: "openByBond", args: [asked.words, { digest, head, settler }] });
  return true;
}
