import { parseEventLogs } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { Story } from "./follow.ts";
import type { Asked } from "./requests.ts";
import type { Stage } from "./stage.ts";

/** What is known when the chain is looked at. */
export type Now = {
  readonly stage: Stage;
  readonly story: Story;
  readonly asked: readonly Asked[];
  readonly head: bigint;
};

/** A time at which the chain is reorganised, once. */
export type Moment = {
  /** How far a request is then. */
  readonly name: string;
  /** Whether keepers' transactions are forgotten, so that the keepers have to send them again. All others' are moved. */
  readonly forgetsKeepers: boolean;
  /** Blocks that are replaced before the one that matters. */
  readonly before: bigint;
  /** Height of the block that matters; undefined as long as it is not the time. */
  readonly blockNow: (now: Now) => Promise<bigint | undefined> | bigint | undefined;
};

/** Blocks from a settlement to the head, both counted: more than after which the demo's keepers take it for final. */
const deep = 6n;

const least = (heights: readonly bigint[]): bigint | undefined =>
  heights.length === 0 ? undefined : heights.reduce((a, b) => (a < b ? a : b));

const isOpen = ({ endings, recorded }: Story, { requestId }: Asked): boolean =>
  !endings.has(requestId) && !recorded.has(requestId);

/** Where the newest request settled that has been settled for so many blocks. */
function settledFor(blocks: bigint, { story, head }: Now): bigint | undefined {
  const settled = [...story.endings.values()].filter(({ kind }) => kind === "settled");
  const heights = settled.map(({ receipt }) => receipt.blockNumber).sort((a, b) => Number(b - a));
  return heights.find((height) => head - height + 1n >= blocks);
}

/** Where the round of an open request was posted. */
async function postedRound({ stage: { world }, story, asked }: Now): Promise<bigint | undefined> {
  const rounds = new Set(asked.filter((one) => isOpen(story, one)).map(({ fields }) => fields.round));
  const address = world.instance.escrow;
  const logs = await world.chain.getContractEvents({
    address,
    abi: requestEscrowAbi,
    eventName: "RoundRecorded",
    fromBlock: 0n,
  });
  return logs.find(({ args }) => args.round !== undefined && rounds.has(args.round))?.blockNumber;
}

/** Where something happened in a dispute for the first time. */
async function inDispute(
  { stage: { world } }: Now,
  eventName: "DisputeOpened" | "LoserPunished",
): Promise<bigint | undefined> {
  const logs = await world.chain.getLogs({ address: world.instance.disputes, fromBlock: 0n });
  return parseEventLogs({ abi: disputesAbi, logs, eventName })[0]?.blockNumber;
}

/** From the first request to the last word of a dispute. Each takes back what it is named after. */
export const moments: readonly Moment[] = [
  {
    name: "requests are just made",
    forgetsKeepers: false,
    before: 1n, // two blocks at least: they move to another time
    blockNow: ({ asked }) => least(asked.map(({ receipt }) => receipt.blockNumber)),
  },
  { name: "a round is posted, and nothing is settled", forgetsKeepers: true, before: 2n, blockNow: postedRound },
  {
    name: "a request has just settled",
    forgetsKeepers: true,
    before: 0n,
    blockNow: (now) => {
      const height = settledFor(1n, now);
      return height !== undefined && now.head - height + 1n < deep ? height : undefined;
    },
  },
  {
    name: "a settlement is final for the keepers",
    forgetsKeepers: true,
    before: 0n,
    blockNow: (now) => settledFor(deep, now),
  },
  {
    name: "a dispute is open",
    forgetsKeepers: false,
    before: 3n,
    blockNow: (now) => inDispute(now, "DisputeOpened"),
  },
  {
    name: "a liar has been slashed",
    forgetsKeepers: true,
    before: 1n,
    blockNow: (now) => inDispute(now, "LoserPunished"),
  },
];
