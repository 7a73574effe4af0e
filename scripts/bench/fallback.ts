import { concat, type Hex, keccak256, numberToHex, slice } from "viem";
import { answerDigest, committeeOf } from "../../deploy/local/committee.ts";
import { walletOf } from "../../deploy/local/world.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { encodeHead } from "../../sdk/words/head.ts";
import { escrowOf, type Lab } from "./lab.ts";
import type { Figures } from "./measure.ts";

const output: Hex = `0x${"22".repeat(32)}`;
const k = 3;

/** Agreement on chain of a committee of three: the dearest commit and reveal, and the settlement. */
export async function measureFallback(lab: Lab): Promise<Figures> {
  const { world, nodes, gasOf } = lab;
  const { request } = await lab.ask({ k, slot: 2_000 });
  await lab.sleep(5);
  const { hash } = await lab.post(request);
  const { blockNumber } = await world.chain.getTransactionReceipt({ hash });
  const { timestamp } = await world.chain.getBlock({ blockNumber });
  const times = timelineOf(request.fields, timeOf(world.beacon, request.fields.round), timestamp);
  const members = (await committeeOf(world, request)).map(({ nodeId }) => nodeId);
  const digest = answerDigest(request, { output });
  const saltOf = (i: number): Hex => slice(keccak256(concat([request.requestId, numberToHex(i, { size: 1 })])), 0, 16);
  const sleepUntil = async (timeS: bigint) => lab.sleep(Number(timeS - (await world.chain.getBlock()).timestamp));
  const figures = { "fallback.commit": 0n, "fallback.reveal": 0n, "fallback.settle.k3": 0n };
  const note = (name: keyof typeof figures, gas: bigint) => {
    if (gas > figures[name]) figures[name] = gas;
  };
  const senders = members.map((nodeId) => {
    const node = nodes.find((candidate) => candidate.nodeId === nodeId);
    if (node === undefined) throw new Error(`Node ${nodeId} was drawn and its key is not known.`);
    return walletOf(world.connection, node.signer);
  });
  for (const { account } of senders) await world.connection.networkHelpers.setBalance(account.address, 10n ** 18n);

  await sleepUntil(times.fallbackAtS);
  for (const [i, sender] of senders.entries()) {
    const nodeId = members[i] ?? 0n;
    const leaf = leafOf({ requestId: request.requestId, level: 0n, digest, nodeId, salt: saltOf(i) });
    const args = [request.words, Number(nodeId), leaf] as const;
    const call = { ...escrowOf(world), functionName: "commitOnChain", args } as const;
    note("fallback.commit", (await gasOf(await sender.writeContract(call))).gas);
  }
  await sleepUntil(times.chainCommitEndS + 1n);
  for (const [i, sender] of senders.entries()) {
    const args = [request.words, Number(members[i] ?? 0n), digest, saltOf(i), []] as const;
    const call = { ...escrowOf(world), functionName: "revealOnChain", args } as const;
    note("fallback.reveal", (await gasOf(await sender.writeContract(call))).gas);
  }
  const all = (1n << BigInt(k)) - 1n;
  const head = encodeHead({ status: 0n, usage: 1_000n, committed: all, attested: all });
  const settlement = { request: request.words, head, proof: "0x", output } as const;
  const call = { ...escrowOf(world), functionName: "settleRevealed", args: [settlement] } as const;
  note("fallback.settle.k3", (await gasOf(await world.deployer.writeContract(call))).gas);
  return figures;
}
