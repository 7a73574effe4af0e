import { type Hex, keccak256, numberToHex, slice } from "viem";
import { answerDigest, committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { publishSnapshot } from "../../deploy/local/nodes.ts";
import { localChainId } from "../../deploy/local/world.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { type Attestation, attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { packProof } from "../../sdk/agreement/settlement.ts";
import { bitmapOf } from "../../sdk/committee/bitmap.ts";
import { encodePanelHead } from "../../sdk/words/panel-head.ts";
import type { Lab } from "./lab.ts";
import type { Figures } from "./measure.ts";

const output: Hex = `0x${"22".repeat(32)}`;
const lie = keccak256("0x11");
const draws = 8n;

const disputesOf = ({ world }: Lab) => ({ address: world.instance.disputes, abi: disputesAbi }) as const;

/**
 * A dispute that two members' contradiction opens and a whole panel decides: opening and decision, and the conclusion by
 * itself; on average, since each seat may take several tries. A committee of 5 has a panel of 11, one of 10 a panel of 21; no
 * panel has fewer than 7.
 */
export async function measureDisputes(lab: Lab): Promise<Figures> {
  const figures: Figures = {};
  for (const k of [3, 5, 10]) {
    await publishSnapshot(lab.world, lab.taskId); // disputes take minutes, and a snapshot is not used for ever
    await dispute(lab, k); // so that accounts and words are in use
    let [size, judged, concluded] = [0, 0n, 0n];
    for (let i = 0n; i < draws; i++) {
      const { jurors, open, decide, conclude } = await dispute(lab, k);
      [size, judged, concluded] = [jurors, judged + open + decide, concluded + conclude];
    }
    figures[`dispute.panel${size}`] = judged / draws;
    figures[`dispute.panel${size}.conclude`] = concluded / draws;
  }
  return figures;
}

let slot = 20_000;

async function dispute(lab: Lab, k: number) {
  const disputes = disputesOf(lab);
  const { request } = await lab.ask({ k, slot: slot++ });
  await lab.sleep(5);
  await lab.post(request);
  const digest = answerDigest(request, { output });
  const args = [
    request.words,
    await statement(lab, request, 0, digest),
    await statement(lab, request, 1, lie),
  ] as const;
  const { deployer } = lab.world;
  const opened = await lab.gasOf(await deployer.writeContract({ ...disputes, functionName: "openByConflict", args }));
  await lab.sleep(5);
  await postPanelRound(lab, request);
  const vote = await voteOf(lab, request, digest);
  const decided = await lab.gasOf(
    await deployer.writeContract({
      ...disputes,
      functionName: "decide",
      args: [request.words, 1n, digest, vote.head, vote.proof],
    }),
  );
  await lab.sleep(200);
  const concluded = await lab.gasOf(
    await deployer.writeContract({ ...disputes, functionName: "conclude", args: [request.words] }),
  );
  return { jurors: vote.jurors, open: opened.gas, decide: decided.gas, conclude: concluded.gas };
}

async function postPanelRound({ world }: Lab, { requestId }: LocalRequest): Promise<void> {
  const call = { address: world.instance.disputes, abi: disputesAbi, functionName: "caseOf" } as const;
  const [docket] = await world.chain.readContract({ ...call, args: [requestId] });
  const round = (docket >> 32n) & 0xffff_ffffn;
  const beacon = { address: world.instance.beacon, abi: drandBeaconAbi, functionName: "submit" } as const;
  await world.deployer.writeContract({ ...beacon, args: [round, world.beacon.sign(round)] });
}

async function sign({ world, nodes }: Lab, nodeId: bigint, words: Attestation): Promise<Hex> {
  const node = nodes.find((candidate) => candidate.nodeId === nodeId);
  if (node === undefined) throw new Error(`Node ${nodeId} was drawn and its key is not known.`);
  const data = attestationData(localChainId, world.instance.escrow, words);
  return compactSignature(await node.signer.signTypedData(data));
}

async function statement(lab: Lab, request: LocalRequest, seat: number, digest: Hex) {
  const member = (await committeeOf(lab.world, request))[seat];
  if (member === undefined) throw new Error(`Nobody sits on seat ${seat}.`);
  const words = { digest, committed: 1n << BigInt(seat), commitRoot: keccak256(digest) };
  const signature = await sign(lab, member.nodeId, { requestId: request.requestId, level: 0n, ...words });
  return { seat: BigInt(seat), ...words, r: slice(signature, 0, 32), yParityAndS: slice(signature, 32) };
}

/** The whole panel attests. */
async function voteOf(lab: Lab, { requestId, words }: LocalRequest, digest: Hex) {
  const entries = await lab.world.chain.readContract({
    ...disputesOf(lab),
    functionName: "panelOf",
    args: [words, 1n],
  });
  const jurors = entries.map((entry) => entry >> 32n);
  const all = bitmapOf(jurors.keys());
  const salts = jurors.map((_, i) => slice(keccak256(numberToHex(i + 1)), 0, 16));
  const leaves = jurors.map((nodeId, i) => leafOf({ requestId, level: 1n, digest, nodeId, salt: salts[i] ?? "0x" }));
  const signed = { requestId, level: 1n, digest, committed: all, commitRoot: commitRootOf(leaves) };
  const proofs = jurors.map(async (nodeId, i) => ({
    signature: await sign(lab, nodeId, signed),
    salt: salts[i] ?? "0x",
  }));
  const head = encodePanelHead({ committed: all, attested: all });
  return { jurors: jurors.length, head, proof: packProof(await Promise.all(proofs)) };
}
