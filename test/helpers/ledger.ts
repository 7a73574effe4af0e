import { expect } from "chai";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";
import { balanceIn, type Market } from "./market.ts";
import { earningsOf } from "./trial.ts";

/** Who can hold a part of a lock or a bond. `slot` is what the requester's slot 0 keeps, `bonds` the account of the disputes. */
const parties = ["requester", "challenger", "settler", "publisher", "treasury", "slot", "bonds"] as const;
export type Party = (typeof parties)[number];

type Amounts = Readonly<Record<Party, bigint>> & { readonly nodes: readonly bigint[] };

/** The money equation of an end, in units of the payment token: what was paid in is the sum of all parts. */
export type Equation = {
  readonly paid: { readonly requester: bigint; readonly challenger?: bigint };
  /** Everyone else gets nothing. Earnings are by node id. */
  readonly parts: Partial<Record<Party, bigint>> & { readonly nodes?: ReadonlyMap<bigint, bigint> };
};

/** Notes what everyone holds before anything is paid in. The challenger is the market's stranger. */
export async function openLedger(market: Market) {
  const before = await amountsIn(market);
  return {
    /** Fails unless everyone has exactly its part, and the parts are exactly what was paid in. */
    async expectEquation({ paid, parts }: Equation): Promise<void> {
      const after = await amountsIn(market);
      const paidBy = (party: Party): bigint =>
        party === "requester" ? paid.requester : party === "challenger" ? (paid.challenger ?? 0n) : 0n;
      let sum = 0n;
      for (const party of parties) {
        const part = after[party] - before[party] + paidBy(party);
        expect(part, party).to.equal(parts[party] ?? 0n);
        sum += part;
      }
      for (const [index, { nodeId }] of market.nodes.entries()) {
        const part = (after.nodes[index] ?? 0n) - (before.nodes[index] ?? 0n);
        expect(part, `node ${nodeId}`).to.equal(parts.nodes?.get(nodeId) ?? 0n);
        sum += part;
      }
      expect(sum, "the parts").to.equal(paid.requester + (paid.challenger ?? 0n));
    },
  };
}

async function amountsIn(market: Market): Promise<Amounts> {
  const { escrow, requester, stranger, settler, treasury, instance, taskId } = market;
  const fees = await escrow.feesOf(taskId);
  return {
    requester: await balanceIn(market, requester.address),
    challenger: await balanceIn(market, stranger.address),
    settler: await balanceIn(market, settler.address),
    publisher: fees.royalty,
    treasury: (await balanceIn(market, treasury.address)) + fees.treasuryShare,
    slot: decodeSlotWord(await escrow.slotOf(requester.address, 0n)).leftover,
    bonds: await balanceIn(market, instance.disputes),
    nodes: await Promise.all(market.nodes.map(({ nodeId }) => earningsOf(market, nodeId))),
  };
}
