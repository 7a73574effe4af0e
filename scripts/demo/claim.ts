import { type Address, getAddress, type Hex, parseEventLogs } from "viem";
import { type LocalNode, plainTask, publishSnapshot, registerTask, subscribe } from "../../deploy/local/nodes.ts";
import { approveAll, mint, type Wallet, type World } from "../../deploy/local/world.ts";
import { claimDeskAbi } from "../../sdk/abi/claim-desk.ts";
import { sha256 } from "../../keepers/runtime/sha256.ts";
import { modelRuntimeDigest, parseManifest } from "../../keepers/models/manifest.ts";
import type { FileServer } from "./files.ts";
import { answerOf, type Model, textOf } from "./model.ts";
import { send } from "./send.ts";

/** A contract that lets a model decide claims, and the task of the model. */
export type ClaimStage = { readonly model: Model; readonly task: bigint; readonly desk: Address };

/** The model has learned claims in this frame; see gateway/model/train/questions.json. */
const frame = { before: "Answer approve or reject. The claim: ", afterwards: "" };
export const claimText = "The parcel never came.";
const states = ["none", "open", "approved", "rejected", "undecided"];

const unit = 1_000_000n; // of the payment token
const rules = { deposit: unit, payout: 5n * unit, claimsPerDay: 10 };
const fee = 2n * unit;
/** Tokens of question and answer together, at most. */
const units = 160n;
const windowS = 20;

type Input = {
  readonly world: World;
  readonly files: FileServer;
  readonly model: Model;
  /** The honest ones come to serve the model. */
  readonly nodes: readonly (LocalNode & { readonly role: string; readonly ask: number })[];
  readonly user: Wallet;
  readonly maxAsk: number;
};

/** Registers the model as a task, which the honest nodes serve, and opens the desk with a payout in its pool. */
export async function setClaimStage({ world, files, model, nodes, user, maxAsk }: Input): Promise<ClaimStage> {
  const { kind, runtime } = parseManifest(model.manifest);
  const task = await registerTask(world, {
    ...plainTask,
    ...{ kind, artifactDigest: sha256(model.manifest), artifactUri: files.put("model.json", model.manifest) },
    ...{ runtimeDigest: modelRuntimeDigest({ kind, runtime }), unitSize: 1n, window: windowS },
  });
  for (const node of nodes) if (node.role === "honest") await subscribe(world, node, task, node.ask);
  await publishSnapshot(world, task);
  const terms = {
    ...{ taskId: task, units, maxAsk, tip: 20_000n, k: 10, quorum: 0, slot: 0, callbackGas: 0 },
    ...{ challengeWindow: 0, acceptNoPanel: true },
  };
  const { ethers } = world.connection;
  const args = [world.instance.escrow, user.account.address, terms, fee, rules, frame.before, frame.afterwards];
  const desk = getAddress(await (await ethers.deployContract("ClaimDesk", args)).getAddress());
  await mint(world, user.account.address, rules.payout + fee + rules.deposit);
  await approveAll(user, world.paymentToken, desk);
  await send(world, user, { address: desk, abi: claimDeskAbi, functionName: "fund", args: [rules.payout] });
  return { model, task, desk };
}

/** Files the claim. */
export const fileClaim = (world: World, user: Wallet, { desk }: ClaimStage) =>
  send(world, user, { address: desk, abi: claimDeskAbi, functionName: "file", args: [claimText] });

/** What is wrong with an answer: the server is asked directly, without any node. */
export async function faultOfClaim({ model }: ClaimStage, output: Hex): Promise<string | undefined> {
  const direct = await answerOf(model.url, `${frame.before}"${claimText}"${frame.afterwards}`);
  if (direct.output !== output) return `the model says "${direct.text}", not "${textOf(output)}"`;
  return ["approve", "reject"].includes(direct.text) ? undefined : `"${direct.text}" is neither approve nor reject`;
}

/** Whether the desk decided the claim by this answer. */
export async function hasDecided({ desk }: ClaimStage, { chain }: World, output: Hex): Promise<boolean> {
  const logs = await chain.getLogs({ address: desk, fromBlock: 0n });
  const decided = parseEventLogs({ abi: claimDeskAbi, eventName: "ClaimDecided", logs });
  const state = states[decided[0]?.args.state ?? 0];
  return decided.length === 1 && state === { approve: "approved", reject: "rejected" }[textOf(output)];
}
