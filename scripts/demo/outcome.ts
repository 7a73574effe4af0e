import type { Address, Hex } from "viem";
import { countBits } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import type { Trick, TrickReport } from "./copier.ts";
import type { NodeAccount } from "./earnings.ts";
import type { Ending, Story } from "./follow.ts";
import type { Justice } from "./justice.ts";
import { isConserved, type Money } from "./money.ts";
import type { Ends } from "./once.ts";
import type { Reorganisation } from "./reorganise.ts";
import type { Asked } from "./requests.ts";
import type { Verification } from "./verify.ts";

/** All that came out of a run, as the chain and the nodes told it. */
export type Outcome = {
  readonly asked: readonly Asked[];
  readonly story: Story;
  /** Committees by request id, in draw order; of refunded requests whoever could be drawn. */
  readonly committees: ReadonlyMap<Hex, readonly Member[]>;
  readonly verifications: ReadonlyMap<Hex, Verification>;
  readonly tricks: readonly TrickReport[];
  readonly nodes: readonly NodeAccount[];
  /** When all requests had ended, and after the nodes had been paid out. */
  readonly money: { readonly ended: Money; readonly paidOut: Money };
  /** What the owners of nodes withdrew, in units of the payment token. */
  readonly withdrawn: bigint;
  /** Who stands behind an address, as far as it matters here. */
  readonly named: ReadonlyMap<Address, string>;
  /** Nodes whose keys are bound to a workload on chain. */
  readonly inTees: ReadonlySet<bigint>;
  /** The task that names a model; absent where there is none. */
  readonly modelTask: bigint | undefined;
  /** When all requests had ended. */
  readonly ends: Ends;
  readonly reorganisations: readonly Reorganisation[];
  /** What keepers' stores say that the chain does not, and the other way round. */
  readonly storeFaults: readonly string[];
  readonly tookMs: number;
};

/** The figures that `--json` prints. */
export type Figures = {
  readonly requests: number;
  readonly settled: number;
  readonly refunded: number;
  /** Contracts that hold the answer that they asked for. */
  readonly callbacksDelivered: number;
  readonly callbacksRetried: number;
  /** Items whose right answer was proven under the settled root, on chain. */
  readonly bundleItems: number;
  readonly wrongResults: number;
  /** Whether every unit of money that went into the escrow went out again or belongs to somebody. */
  readonly conserved: boolean;
  /** Named errors with which honest members refused each trick of the copier. */
  readonly refusals: Readonly<Partial<Record<Trick, readonly string[]>>>;
  /** Disputes that were opened. */
  readonly disputes: number;
  /** Nodes that lost stake. */
  readonly slashed: number;
  /** Of these, nodes that did all as they should. */
  readonly honestSlashed: number;
  /** Challengers that lost their bond. */
  readonly bondsLost: number;
  /** Requests that one node in a TEE settled alone, without a challenge window. */
  readonly settledInTee: number;
  /** Requests that a model answered. */
  readonly askedModel: number;
  /** Requests that ended exactly once. */
  readonly endedOnce: number;
  /** Whether those who asked are short of the price of each request, once, and of nothing else. */
  readonly paidOnce: boolean;
  /** Whether the store of each keeper says what the chain says. */
  readonly storesAgree: boolean;
  /** How many blocks each reorganisation replaced. */
  readonly reorganisations: readonly number[];
  readonly seconds: number;
};

/** What a row of the table of requests shows; `paid` in units of the payment token. */
export type RequestRow = {
  readonly asked: Asked;
  readonly ending: Ending | undefined;
  readonly committee: readonly Member[];
  readonly agreed: bigint;
  readonly paid: bigint;
  /** Of the request's transaction and of its share of those that ended it. */
  readonly gas: bigint;
  readonly blocks: bigint;
};

/** The figures of a run. */
export function figuresOf(outcome: Outcome): Figures {
  const { asked, story, verifications, tricks, money, nodes, tookMs } = outcome;
  const kinds = asked.map(({ requestId }) => story.endings.get(requestId)?.kind);
  const answers = [...verifications.values()];
  return {
    requests: asked.length,
    settled: kinds.filter((kind) => kind === "settled").length,
    refunded: kinds.filter((kind) => kind === "refunded").length,
    callbacksDelivered: answers.filter(({ hasArrived }) => hasArrived === true).length,
    callbacksRetried: story.callbacksRetried.size,
    bundleItems: answers.reduce((sum, { itemsProven }) => sum + itemsProven, 0),
    wrongResults: answers.reduce((sum, { wrong }) => sum + wrong.length, 0),
    conserved: isConserved(money.ended) && isConserved(money.paidOut),
    refusals: Object.fromEntries(tricks.map(({ trick, answers: named }) => [trick, namesOf(named)])),
    ...justiceOf(story.justice, nodes),
    settledInTee: settledInTee(outcome),
    askedModel: askedModel(outcome),
    endedOnce: asked.filter(({ requestId }) => outcome.ends.times.get(requestId) === 1).length,
    paidOnce: rowsOf(outcome).reduce((sum, { paid }) => sum + paid, 0n) === outcome.ends.spent,
    storesAgree: outcome.storeFaults.length === 0,
    reorganisations: outcome.reorganisations.map(({ depth }) => depth),
    seconds: Math.round(tookMs / 1_000),
  };
}

const askedModel = ({ asked, story, modelTask }: Outcome): number =>
  asked.filter(
    ({ requestId, fields }) => fields.taskId === modelTask && story.endings.get(requestId)?.kind === "settled",
  ).length;

function settledInTee({ asked, story, committees, inTees }: Outcome): number {
  return asked.filter(({ requestId, fields }) => {
    const [member, ...others] = committees.get(requestId) ?? [];
    const isAlone = member !== undefined && others.length === 0 && fields.challengeWindowS === 0n;
    return isAlone && inTees.has(member.nodeId) && story.endings.get(requestId)?.kind === "settled";
  }).length;
}

function justiceOf({ disputes, penalties }: Justice, nodes: Outcome["nodes"]) {
  const slashed = new Set(penalties.map(({ nodeId }) => nodeId));
  const honest = nodes.filter(({ node }) => node.role === "honest" && slashed.has(node.nodeId));
  const bondsLost = disputes.filter(({ bond, returned }) => bond > returned).length;
  return { disputes: disputes.length, slashed: slashed.size, honestSlashed: honest.length, bondsLost };
}

function namesOf(answers: TrickReport["answers"]): string[] {
  return [...new Set(answers.map(({ answer }) => answer))].sort();
}

/** The row of each request, in the order asked. */
export function rowsOf({ asked, story, committees }: Outcome): RequestRow[] {
  return asked.map((one) => {
    const ending = story.endings.get(one.requestId);
    const committee = committees.get(one.requestId) ?? [];
    const attested = ending?.head?.attested ?? 0n;
    const payout =
      ending?.kind === "settled" ? payoutOf({ request: one.fields, members: committee, attested }) : undefined;
    return {
      asked: one,
      ending,
      committee,
      agreed: countBits(attested),
      paid: payout === undefined ? 0n : payout.lock - payout.leftover,
      gas: one.receipt.gasUsed + gasToEnd(story, one.requestId),
      blocks: ending === undefined ? 0n : ending.receipt.blockNumber - one.receipt.blockNumber,
    };
  });
}

/** A transaction that ends several requests is shared out evenly. */
function gasToEnd({ endings, recorded }: Story, requestId: Hex): bigint {
  const shareOf = (hash: Hex, gasUsed: bigint, all: readonly { transactionHash: Hex }[]): bigint =>
    gasUsed / BigInt(all.filter(({ transactionHash }) => transactionHash === hash).length);
  const ended = endings.get(requestId)?.receipt;
  const first = recorded.get(requestId);
  const endReceipts = [...endings.values()].map(({ receipt }) => receipt);
  const recordReceipts = [...recorded.values()];
  return (
    (ended === undefined ? 0n : shareOf(ended.transactionHash, ended.gasUsed, endReceipts)) +
    (first === undefined ? 0n : shareOf(first.transactionHash, first.gasUsed, recordReceipts))
  );
}
