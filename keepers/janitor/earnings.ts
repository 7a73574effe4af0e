/** A node's earnings: claimed, and after one dispute window moved to its owner's account. */
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { escrowCall, type Tally } from "../job.ts";
import { makePublicClient } from "../runtime/viem-client.ts";
import { earningsDue, type EarningsFacts } from "./plan.ts";
import type { JanitorDeps } from "./deps.ts";

const dayS = 86_400n;

const readEarnings = async ({ rpc, instance }: JanitorDeps, nodeId: number): Promise<EarningsFacts> => {
  const client = makePublicClient(rpc, instance.chainId);
  const escrow = { address: instance.escrow, abi: requestEscrowAbi } as const;
  const [word, [claimed, availableAtS]] = await Promise.all([
    client.readContract({ ...escrow, functionName: "nodeWord", args: [nodeId] }),
    client.readContract({ ...escrow, functionName: "claimOf", args: [nodeId] }),
  ]);
  return { earnings: decodeNodeWord(word).earnings, claimed, availableAtS };
};

/** Claims at most once a day; withdraws each claim once. */
export const tidyEarnings = async (
  deps: JanitorDeps,
  { nowS }: { readonly nowS: bigint },
  tally: Tally,
): Promise<void> => {
  const { instance, transactions, settings } = deps;
  const nodeId = await deps.nodeId();
  if (nodeId === undefined) return;
  const what = { job: "janitor", subject: `node:${nodeId}`, action: "earnings" };
  await tally.attempt(what, async () => {
    const facts = await readEarnings(deps, Number(nodeId));
    const due = earningsDue(facts, { least: settings.earningsMin, nowS });
    if (due === undefined) return;
    const once = due === "claimEarnings" ? `day:${nowS / dayS}` : `claim:${facts.availableAtS}`;
    const key = { contract: instance.escrow, subject: `node:${nodeId}:${once}`, action: due };
    if ((await transactions.find(key)) !== undefined) return;
    await transactions.submit({ ...key, data: escrowCall({ functionName: due, args: [Number(nodeId)] }) });
    tally.done();
  });
};
