/** What faulty members are made of: every deed is a message or a call that anybody can make. */
import type { Hex } from "viem";
import { validLeaves } from "../../keepers/executor/plan.ts";
import { escrowCall } from "../../keepers/job.ts";
import type { AttestationWithResult, CommitMessage } from "../../keepers/network/messages.ts";
import type { Sent } from "./chain.ts";
import type { Keeper } from "./keeper.ts";
import type { Scene, Word } from "./scene.ts";
import { nodeOf } from "./world.ts";

export const faults = ["silent", "late", "lying", "equivocating", "copying", "withholding"] as const;
export type Fault = (typeof faults)[number];

/** A member of the committee. `offChain` and `onChain` do what it does at the present moment. */
export type Part = {
  readonly nodeId: bigint;
  readonly fault: Fault | undefined;
  readonly keeper: Keeper;
  offChain(): Promise<void>;
  onChain(): Promise<void>;
  close(): Promise<void>;
};

/** Which of two ways to be faulty; see each fault. `index` numbers the members of one fault. */
export type Manner = { readonly style: 0 | 1; readonly index: number };

export type Deeds = Pick<Part, "offChain" | "onChain">;
export type Misdeed = (scene: Scene, keeper: Keeper, manner: Manner) => Promise<Deeds>;

export const noSignal = new AbortController().signal;
export const nothing = async (): Promise<void> => {};

/** Does something the first time that it is due. */
export const once = (isDue: () => boolean, act: () => Promise<void>): (() => Promise<void>) => {
  let isDone = false;
  return async () => {
    if (isDone || !isDue()) return;
    isDone = true;
    await act();
  };
};

/** Sends a commit to these nodes. */
export const tellCommit = async (
  { client }: Keeper,
  nodes: readonly bigint[],
  message: CommitMessage,
): Promise<void> => {
  for (const node of nodes) await client.sendCommit(node.toString(), message);
};

/** Sends an attestation to these nodes. */
export const tellAttestation = async (
  { client }: Keeper,
  nodes: readonly bigint[],
  message: AttestationWithResult,
): Promise<void> => {
  for (const node of nodes) await client.sendAttestation(node.toString(), message);
};

/** The leaves that a node has seen, by seat, with its own among them. */
export const leavesSeen = async (scene: Scene, { held, nodeId }: Keeper, own: Hex): Promise<Map<number, Hex>> => {
  const { commits } = await held.read(scene.request.requestId, 0n);
  const leaves = new Map(validLeaves(commits)).set(nodeId, own);
  return new Map(
    scene.members.flatMap((member, seat) => {
      const leaf = leaves.get(member);
      return leaf === undefined ? [] : [[seat, leaf] as const];
    }),
  );
};

/** The two phases on chain by hand: commits to the word's leaf, then reveals it under every root that is shown, and none. */
export const postWord = async (scene: Scene, nodeId: bigint, { digest, salt, leaf }: Word): Promise<void> => {
  const { request, world, timeline } = scene;
  const id = Number(nodeId);
  if (world.chain.clock.now() <= Number(timeline.chainCommitEndS) * 1_000) {
    await callEscrow(scene, nodeId, { functionName: "commitOnChain", args: [request.words, id, leaf] });
    return;
  }
  const { shown } = await world.view.fallback(request.requestId);
  for (const signed of [[], ...shown.map((one) => one.signed)]) {
    const args = [request.words, id, digest, salt, signed] as const;
    await callEscrow(scene, nodeId, { functionName: "revealOnChain", args });
  }
};

type EscrowCall = Parameters<typeof escrowCall>[0];

/** Calls the escrow with the node's own key. */
export const callEscrow = ({ world }: Scene, nodeId: bigint, call: EscrowCall): Promise<Sent> =>
  world.chain.send(nodeOf(world, nodeId).signer.address, world.instance.escrow, escrowCall(call));
