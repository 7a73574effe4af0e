import { type Hex, keccak256, type Log, parseEventLogs } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { buildSettlement, type MemberProof, type Settlement } from "../../sdk/agreement/settlement.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { draw } from "../../sdk/committee/draw.ts";
import { seedOf } from "../../sdk/committee/seed.ts";
import { decodeSnapshot, type Member } from "../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../sdk/committee/snapshot-address.ts";
import { randomnessOf } from "../../sdk/drand/word.ts";
import { decodeRequest, type RequestFields, type RequestWords } from "../../sdk/words/request.ts";
import { flagBundle, hasFlag } from "../../sdk/words/flags.ts";
import type { LocalNode } from "./nodes.ts";
import { localChainId, type World } from "./world.ts";

/** A request as its event showed it. */
export type LocalRequest = { readonly requestId: Hex; readonly words: RequestWords; readonly fields: RequestFields };

/** What a committee says. Members are numbered in draw order; by default all of them commit and attest. */
export type Answer = {
  readonly status?: bigint;
  readonly usage?: bigint;
  readonly output: Hex;
  /** Members that neither commit nor attest. */
  readonly absent?: readonly number[];
  /** Members that commit and do not attest. */
  readonly silent?: readonly number[];
};

/** The requests that a transaction, or any list of logs, shows. */
export function requestsIn({ logs }: { readonly logs: Log[] }): LocalRequest[] {
  return parseEventLogs({ abi: requestEscrowAbi, logs, eventName: "Requested" }).map(({ args }) => ({
    requestId: args.requestId,
    words: args.request,
    fields: decodeRequest(args.request),
  }));
}

/** The committee of a request, whether or not its round is posted: the beacon's key is known here. */
export async function committeeOf(world: World, { requestId, fields }: LocalRequest): Promise<Member[]> {
  const address = snapshotAddress(world.instance.taskRegistry, fields.snapshotId);
  const snapshot = decodeSnapshot((await world.chain.getCode({ address })) ?? "0x");
  const seed = seedOf(randomnessOf(world.beacon.sign(fields.round)), requestId, 0n);
  return draw({ snapshot, seed, k: fields.k, maxAsk: fields.maxAsk });
}

/** The digest that an answer stands for. */
export function answerDigest({ fields }: LocalRequest, { status = 0n, usage = 1_000n, output }: Answer): Hex {
  if (hasFlag(fields.flags, flagBundle)) return output;
  return digestOf({ status, usage, outputHash: status === 1n ? output : keccak256(output) });
}

/** The settlement that a committee's agreement on an answer makes, signed by its members' keys. */
export async function settlementOf(
  world: World,
  nodes: readonly LocalNode[],
  request: LocalRequest,
  answer: Answer,
): Promise<Settlement> {
  const { absent = [], silent = [], output } = answer;
  const isBundle = hasFlag(request.fields.flags, flagBundle);
  const { status = 0n, usage = isBundle ? 0n : 1_000n } = answer;
  const digest = answerDigest(request, { ...answer, usage });
  const members = await committeeOf(world, request);
  const { requestId } = request;
  const salts = members.map((_, i) => keccak256(`${requestId}${i.toString(16).padStart(2, "0")}`).slice(0, 34) as Hex);
  const leaves = members.map(({ nodeId }, i) => {
    const salt = salts[i] ?? "0x";
    return leafOf({ requestId, level: 0n, digest, nodeId, salt });
  });
  const present = members.map((_, i) => i).filter((i) => !absent.includes(i));
  const committed = bitmapOf(present);
  const commitRoot = commitRootOf(present.map((i) => leaves[i] ?? "0x"));
  const data = attestationData(localChainId, world.instance.escrow, {
    requestId,
    level: 0n,
    digest,
    committed,
    commitRoot,
  });
  const proofs = members.map(async ({ nodeId }, i): Promise<MemberProof> => {
    if (absent.includes(i)) return undefined;
    if (silent.includes(i)) return { leaf: leaves[i] ?? "0x" };
    const node = nodes.find((candidate) => candidate.nodeId === nodeId);
    if (node === undefined) throw new Error(`Node ${nodeId} was drawn and its key is not known.`);
    return { signature: compactSignature(await node.signer.signTypedData(data)), salt: salts[i] ?? "0x" };
  });
  return buildSettlement({ request: request.words, status, usage, output, proofs: await Promise.all(proofs) });
}
