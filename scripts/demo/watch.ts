import type { Hex } from "viem";
import type { World } from "../../deploy/local/world.ts";
import type { PeerClient } from "../../keepers/network/client.ts";
import type { ItemMessage } from "../../keepers/network/messages.ts";
import { readStory, type Story } from "./follow.ts";
import type { Asked } from "./requests.ts";
import { atoma } from "./table.ts";

/** The silent node and the copier. */
const idleNodes = 2;

/** Looks at what nodes show of their committees' talk, as anybody can. */
export type Window = {
  /** The most commits and attestations that any node holds for a request. */
  readonly talkOf: (requestId: Hex) => Promise<{ readonly commits: number; readonly attestations: number }>;
  /** An item of a bundle from the first node that shows it. */
  readonly item: (requestId: Hex, index: number) => Promise<ItemMessage | undefined>;
};

/** A window on the nodes at these endpoints. */
export function makeWindow(client: PeerClient, endpoints: readonly string[]): Window {
  return {
    talkOf: async (requestId) => {
      const answers = await Promise.all(endpoints.map((endpoint) => client.held(endpoint, { requestId, level: 0n })));
      const held = answers.flatMap((answer) => ("value" in answer ? [answer.value] : []));
      const most = (counts: readonly number[]): number => Math.max(0, ...counts);
      return {
        commits: most(held.map(({ commits }) => commits.length)),
        attestations: most(held.map(({ attestations }) => attestations.length)),
      };
    },
    item: async (requestId, index) => {
      for (const endpoint of endpoints) {
        const answer = await client.item(endpoint, requestId, BigInt(index));
        if ("value" in answer) return answer.value;
      }
      return undefined;
    },
  };
}

/** One line on the requests that have not ended: how many members have committed or attested. */
export async function talkLine(window: Window, asked: readonly Asked[], { endings, recorded }: Story): Promise<string> {
  const open = asked.filter(({ requestId }) => !endings.has(requestId));
  const parts = await Promise.all(
    open.map(async ({ name, requestId, fields }) => {
      if (recorded.has(requestId)) return `${name}: challenge window`;
      const { commits, attestations } = await window.talkOf(requestId);
      if (attestations > 0) return `${name}: ${attestations}/${fields.k} attested`;
      return commits > 0 ? `${name}: ${commits}/${fields.k} committed` : `${name}: waits`;
    }),
  );
  return [`${asked.length - open.length} of ${asked.length} ended`, ...parts].join("; ");
}

/** Whether every member that computes at all has committed to its answer; at most two do not. */
export async function haveComputed(window: Window, asked: readonly Asked[], { endings }: Story): Promise<boolean> {
  const open = asked.filter(({ requestId, expected }) => !endings.has(requestId) && expected === "settled");
  const talks = await Promise.all(open.map(({ requestId }) => window.talkOf(requestId)));
  return talks.every(({ commits }, index) => commits >= Number(open[index]?.fields.k ?? 0n) - idleNodes);
}

/** Whether every panel that must judge has decided, or has nothing to judge: nobody disputed what has ended, and nobody will. */
export function areJudged(asked: readonly Asked[], { endings, justice: { disputes } }: Story): boolean {
  const judged = asked.filter(({ isJudged }) => isJudged);
  return judged.every(({ requestId }) => {
    const dispute = disputes.find((one) => one.requestId === requestId);
    return dispute === undefined ? endings.has(requestId) : dispute.isDecided;
  });
}

/** Reads the story again and again and tells what is new in it. */
export function makeTeller(
  world: World,
  fromBlock: bigint,
  tell: (line: string) => void,
): (asked: readonly Asked[]) => Promise<Story> {
  const told = new Set<string>();
  const once = (key: string, line: string): void => {
    if (told.has(key)) return;
    told.add(key);
    tell(line);
  };
  return async (asked) => {
    const story = await readStory(world, fromBlock);
    const { disputes, penalties } = story.justice;
    for (const { nodeId, why, taken } of penalties)
      once(`penalty ${nodeId} ${why}`, `node ${nodeId} ${why}: it loses ${atoma(taken)}`);
    for (const { name, requestId } of asked) {
      const ending = story.endings.get(requestId);
      const dispute = disputes.find((one) => one.requestId === requestId);
      if (dispute !== undefined) once(`disputed ${requestId}`, `${name}: disputed, a panel of seven will be drawn`);
      if (dispute?.isDecided === true) once(`decided ${requestId}`, `${name}: the panel has decided`);
      if (story.recorded.has(requestId)) once(`recorded ${requestId}`, `${name}: recorded, can be challenged now`);
      if (ending !== undefined)
        once(`ended ${requestId}`, `${name}: ${ending.kind} in block ${ending.receipt.blockNumber}`);
      if (story.callbacksFailed.has(requestId))
        once(`failed ${requestId}`, `${name}: paid, but the contract refused its answer`);
      if (story.callbacksRetried.has(requestId))
        once(`retried ${requestId}`, `${name}: a keeper delivered the answer again`);
    }
    return story;
  };
}
