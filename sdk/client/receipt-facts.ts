import type { Address, Hex } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import type { Receipt, ReceiptFacts } from "../agreement/receipt.ts";
import { snapshotAddress } from "../committee/snapshot-address.ts";
import { unpackWord } from "../drand/word.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { decodeNodeWord } from "../words/node-word.ts";
import { decodeRequest } from "../words/request.ts";
import { committee } from "./committee.ts";
import type { ReadContext } from "./context.ts";

/** What `verifyReceipt` needs, read from the chain now. Throws InvalidValueError while the request's round is not posted. */
export async function receiptFacts(
  context: ReadContext,
  { request }: Pick<Receipt, "request">,
  output: Hex,
): Promise<ReceiptFacts> {
  const { publicClient, deployment } = context;
  const { round, snapshotId } = decodeRequest(request);
  const read = { address: deployment.escrow, abi: requestEscrowAbi } as const;
  const [word, code, members] = await Promise.all([
    publicClient.readContract({ ...read, functionName: "roundWord", args: [round] }),
    publicClient.getCode({ address: snapshotAddress(deployment.taskRegistry, snapshotId) }),
    committee(context, request),
  ]);
  const posted = unpackWord(word);
  if (posted === undefined || members === undefined)
    throw new InvalidValueError("receipt", `round ${round} of its request is not posted.`);
  const words = await Promise.all(
    members.map(({ nodeId }) =>
      publicClient.readContract({ ...read, functionName: "nodeWord", args: [Number(nodeId)] }),
    ),
  );
  const signers = new Map(members.map(({ nodeId }, i) => [nodeId, decodeNodeWord(words[i] ?? 0n).signer]));
  const signersOf = (nodeId: bigint): readonly Address[] => [signers.get(nodeId) ?? []].flat();
  return { ...deployment, snapshot: code ?? "0x", randomness: posted.randomness, signersOf, output };
}
