import { expect } from "chai";
import type { LocalRequest } from "../../deploy/local/committee.ts";
import type { GovernedMarket } from "./governed.ts";
import { earningsOf } from "./trial.ts";

const unit = 10n ** 18n;

/** Pay or fees by node, in units of the payment token. */
export type ByNode = ReadonlyMap<bigint, bigint>;

/** What an act paid: by how much each node's earnings and the treasury's share grew, as the escrow itself has them. */
export async function paidIn<T>(m: GovernedMarket, act: () => Promise<T>) {
  const earnings = () => Promise.all(m.nodes.map(({ nodeId }) => earningsOf(m, nodeId)));
  const treasury = async () => (await m.escrow.feesOf(m.taskId)).treasuryShare;
  const [before, shareBefore] = [await earnings(), await treasury()];
  const done = await act();
  const after = await earnings();
  const grown = m.nodes.map(({ nodeId }, i) => [nodeId, (after[i] ?? 0n) - (before[i] ?? 0n)] as const);
  const pay: ByNode = new Map(grown.filter(([, amount]) => amount > 0n));
  return { done, pay, share: (await treasury()) - shareBefore };
}

/** The protocol fees on what each node was really paid for a request. */
export function feesOn(pay: ByNode, { fields }: Pick<LocalRequest, "fields">): ByNode {
  return new Map([...pay].map(([nodeId, amount]) => [nodeId, (amount * fields.protocolFeeBps) / 10_000n]));
}

/** What emissions may credit and pay, counted from money that moved: nothing is taken from the code under test. */
export type EmissionsBook = ReturnType<typeof openBook>;

/** A book of emissions that have paid nothing yet. */
export function openBook(m: GovernedMarket) {
  /** By epoch and node, in ATOMA: most that may be credited, and what was paid. */
  const allowed = new Map<string, bigint>();
  const got = new Map<string, bigint>();
  /** By epoch, the greatest budget that was in force as work was recorded in it. */
  const caps = new Map<bigint, bigint>();
  const grow = (map: Map<string, bigint>, key: string, by: bigint) => map.set(key, (map.get(key) ?? 0n) + by);

  /** Work was recorded, at this price and under this budget. */
  const note = (epoch: bigint, fees: ByNode, price: bigint) => {
    for (const [nodeId, fee] of fees) grow(allowed, `${epoch} ${nodeId}`, (fee * unit) / price);
  };
  const noteBudget = (epoch: bigint, budget: bigint) => {
    if (budget > (caps.get(epoch) ?? -1n)) caps.set(epoch, budget);
  };
  const notePayment = (epoch: bigint, nodeId: bigint, amount: bigint) => grow(got, `${epoch} ${nodeId}`, amount);

  /** EMI-2: no node has more of an epoch, paid and to be claimed, than the fees that its work really paid. */
  const expectWithinFees = async (epoch: bigint) => {
    for (const { nodeId } of m.nodes) {
      const key = `${epoch} ${nodeId}`;
      const credit = await m.emissions.creditOf(epoch, nodeId);
      const [most, paid] = [allowed.get(key) ?? 0n, got.get(key) ?? 0n];
      expect(credit + paid <= most, `EMI-2: epoch and node ${key}: ${credit} + ${paid} of ${most}`).to.equal(true);
    }
  };

  /** EMI-1: no epoch pays more than its budget, and all that is set aside is held. */
  const expectSums = async () => {
    let reserved = 0n;
    for (const [epoch, cap] of caps) {
      const { budget, paid, isClosed } = await m.emissions.epochOf(epoch);
      const sum = m.nodes.reduce((total, { nodeId }) => total + (got.get(`${epoch} ${nodeId}`) ?? 0n), 0n);
      expect(paid, `EMI-1: what epoch ${epoch} paid`).to.equal(sum);
      expect(paid <= budget && budget <= cap, `EMI-1: epoch ${epoch}: ${paid}, ${budget}, ${cap}`).to.equal(true);
      if (!isClosed) reserved += budget - paid;
    }
    const held = await m.atoma.balanceOf(m.governance.emissions);
    expect(await m.emissions.available(), "EMI-1: what is not set aside").to.equal(held - reserved);
  };

  return { epochs: () => [...caps.keys()], note, noteBudget, notePayment, expectWithinFees, expectSums };
}
