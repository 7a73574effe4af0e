/** What a faulty member does, through messages and calls that anybody can make; it sees what honest members send it. */
import { copying } from "./copying.ts";
import type { Result } from "../../keepers/network/results.ts";
import {
  callEscrow,
  type Deeds,
  type Fault,
  leavesSeen,
  type Manner,
  type Misdeed,
  noSignal,
  nothing,
  once,
  type Part,
  postWord,
  tellAttestation,
  tellCommit,
} from "./deeds.ts";
import { connect, type Keeper, makeKeeper, openStore } from "./keeper.ts";
import { attestOver, commitTo, lieOf, peersOf, type Scene, truth, wordOf } from "./scene.ts";
import { openInbox } from "./wire.ts";
import type { World } from "./world.ts";

const halvesOf = <T>(all: readonly T[]): readonly [readonly T[], readonly T[]] => {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
};

/** What the keeper does by itself. */
const byTheRules = ({ member, fallback }: Keeper): Deeds => ({
  offChain: async () => void (await member(noSignal)),
  onChain: async () => void (await fallback(noSignal)),
});

/** Sends nothing, answers nothing, posts nothing. */
const silent: Misdeed = async ({ world: { wire } }, { nodeId }) => {
  wire.connect(nodeId, {
    commit: async () => undefined,
    attestation: async () => undefined,
    held: async () => undefined,
  });
  return { offChain: nothing, onChain: nothing };
};

/** Finds the right result. Style 0 commits and attests after the windows; style 1 appears on chain only. */
const late: Misdeed = async (scene, keeper, { style }) => {
  const { world, times } = scene;
  const { nodeId } = keeper;
  const now = world.chain.clock.now;
  connect(world, keeper);
  const word = wordOf(scene, nodeId, truth);
  const peers = peersOf(scene, nodeId);
  const commit = once(
    () => now() > times.commitEndMs,
    async () => tellCommit(keeper, peers, await commitTo(scene, nodeId, word.leaf)),
  );
  const attest = once(
    () => now() > times.unionAtMs + 3_000,
    async () => {
      const leaves = await leavesSeen(scene, keeper, word.leaf);
      await tellAttestation(keeper, peers, await attestOver(scene, nodeId, word, leaves));
    },
  );
  const offChain = async (): Promise<void> => {
    if (style === 1) return;
    await commit();
    await attest();
  };
  return { offChain, onChain: () => postWord(scene, nodeId, word) };
};

/** Plays by the rules with a wrong result. All liars say the same (style 0), or each says something else (style 1). */
const lying: Misdeed = async ({ world }, keeper) => {
  connect(world, keeper);
  return byTheRules(keeper);
};

/**
 * Says one thing to one half and another to the other: in commits and attestations (style 0), or in attestations only,
 * over leaves that it never committed to (style 1).
 */
const equivocating: Misdeed = async (scene, keeper, { style, index }) => {
  const { world, times } = scene;
  const { nodeId } = keeper;
  const now = world.chain.clock.now;
  connect(world, keeper);
  const words = [wordOf(scene, nodeId, truth), wordOf(scene, nodeId, lieOf(index + 4))] as const;
  const halves = halvesOf(peersOf(scene, nodeId));
  const commit = once(
    () => now() < times.commitEndMs,
    async () => {
      for (const i of [0, 1] as const)
        await tellCommit(keeper, halves[i], await commitTo(scene, nodeId, words[i].leaf));
    },
  );
  const attest = once(
    () => now() >= times.unionAtMs,
    async () => {
      for (const i of [0, 1] as const) {
        const leaves = await leavesSeen(scene, keeper, words[i].leaf);
        await tellAttestation(keeper, halves[i], await attestOver(scene, nodeId, words[i], leaves));
        if (style === 1)
          await tellAttestation(keeper, halves[1 - i] ?? [], await attestOver(scene, nodeId, words[i], leaves));
      }
    },
  );
  const offChain = async (): Promise<void> => {
    if (style === 0) await commit();
    await attest();
  };
  return { offChain, onChain: () => postWord(scene, nodeId, words[style]) };
};

/**
 * Takes what others send and gives nothing on. Style 0 shows its commit to three members, and on chain commits without
 * revealing; style 1 hands its commit to three members in the last moment in which commits are taken over.
 */
const withholding: Misdeed = async (scene, keeper, { style }) => {
  const { world, times, request } = scene;
  const { nodeId } = keeper;
  const now = world.chain.clock.now;
  const open = openInbox(keeper.acceptance, keeper.held);
  const word = wordOf(scene, nodeId, truth);
  const message = await commitTo(scene, nodeId, word.leaf);
  const favoured = peersOf(scene, nodeId).slice(0, 3);
  const isLastMoment = (): boolean => now() > times.pullEndMs - 500 && now() <= times.pullEndMs;
  world.wire.connect(nodeId, {
    ...open,
    held: async (_, from) => {
      if (style === 0 || !isLastMoment() || !favoured.includes(from)) return undefined;
      return { requestId: request.requestId, commits: [message], attestations: [], results: [] };
    },
  });
  const commit = once(
    () => style === 0 && now() < times.commitEndMs,
    () => tellCommit(keeper, favoured, message),
  );
  const post = once(
    () => style === 0,
    async () => {
      const args = [request.words, Number(nodeId), word.leaf] as const;
      await callEscrow(scene, nodeId, { functionName: "commitOnChain", args });
    },
  );
  return { offChain: commit, onChain: post };
};

const misdeeds: Readonly<Record<Fault, Misdeed>> = { silent, late, lying, equivocating, copying, withholding };

/** A keeper with a store of its own. */
const openAlone = async (world: World, nodeId: bigint, result: Result) => {
  const store = await openStore(world);
  const keeper = makeKeeper(world, store, nodeId, result);
  const close = async (): Promise<void> => {
    await keeper.stop();
    await store.close();
  };
  return { keeper, close };
};

/** An honest member. */
export const playHonest = async ({ world }: Scene, nodeId: bigint): Promise<Part> => {
  const { keeper, close } = await openAlone(world, nodeId, truth);
  connect(world, keeper);
  return { nodeId, fault: undefined, keeper, ...byTheRules(keeper), close };
};

/** A faulty member. */
export const playFaulty = async (scene: Scene, nodeId: bigint, fault: Fault, manner: Manner): Promise<Part> => {
  const { style, index } = manner;
  const result = fault === "lying" ? lieOf(style === 0 ? 0 : index) : truth;
  const { keeper, close } = await openAlone(scene.world, nodeId, result);
  return { nodeId, fault, keeper, ...(await misdeeds[fault](scene, keeper, manner)), close };
};
