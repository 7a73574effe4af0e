import { expect } from "chai";
import { openBook } from "../../helpers/emissions-book.ts";
import { makeWork, type PaidWork, shown } from "../../helpers/emissions-work.ts";
import { epochS, type GovernedMarket, mostBudget, useGovernedMarket } from "../../helpers/governed.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { makeFuzz, type Random } from "../../helpers/random.ts";

/** How often a campaign takes each step, at least; the order is drawn. */
const deck = {
  ...{ settled: 3, bundle: 3, absent: 3, revealedOnChain: 2, conflicted: 2, upheld: 2, overturned: 2, revoked: 2 },
  ...{ jailed: 2, released: 2, releasedFirst: 2 },
  ...{ record: 12, claim: 10, wait: 8, price: 6, budget: 3, fee: 3, close: 2 },
} as const;
type Step = keyof typeof deck;

/** What must have happened by the end, as the chain showed it. */
const outcomes = ["recorded", "paidInPart", "paidInFull", "keptInJail", "cheaper", "dearer", "closed"] as const;
type Seen = Record<(typeof outcomes)[number], number>;

describe("Emissions beside disputes, jail and bundles", () => {
  const market = useGovernedMarket({ nodes: 30, asks: [5, 7, 9], task: { window: 30 } });

  it("hold to their sums (EMI-1), and pay no node more than the fees that its work really paid (EMI-2)", async function () {
    this.timeout(120_000);
    const random = makeFuzz("emissions");
    const desk = await openDesk(market(), random);
    const work = makeWork(market(), random, (paid) => void desk.pending.push(paid));
    const steps: Readonly<Record<Step, () => Promise<unknown>>> = { ...work, ...desk.steps };
    const order = Object.entries(deck).flatMap(([step, count]) => Array<Step>(count).fill(step as Step));
    for (const step of shuffled(order, random)) {
      await steps[step]();
      await desk.book.expectSums();
    }
    await desk.recordAll();
    for (const budget of [10n ** 12n, mostBudget]) {
      await desk.swing(budget);
      await work.settled();
      await work.revoked();
      await desk.recordAll();
    }
    await desk.end();
    for (const [what, count] of Object.entries(desk.seen)) expect(count, what).to.be.greaterThan(0);
  });
});

/** Where work is recorded and claimed, and governance changes its mind: each step checks what the emissions do. */
async function openDesk(m: GovernedMarket, random: Random) {
  const book = openBook(m);
  const timelock = await impersonate(m, m.governance.timelock);
  const emissions = m.emissions.connect(timelock);
  const { parameters } = m.world.parameters;
  const seen = Object.fromEntries(outcomes.map((name) => [name, 0])) as Seen;
  const pending: PaidWork[] = [];
  const recorded: PaidWork[] = [];
  let budget = 0n;

  /** Shows these, something twice, and something that was shown before. */
  const record = async (some: readonly PaidWork[]) => {
    const all = [...some, ...some.slice(0, 1), ...recorded.slice(-1)];
    if (all.length === 0) return;
    const [price, epoch] = [await emissions.price(), await emissions.currentEpoch()];
    expect(price >= 4n * (await m.taskRegistry.stakePrice()), "the least price").to.equal(true);
    const sent = await m.emissions.record(all.map(({ scene }) => shown(scene))).catch(refusal("NothingRecorded"));
    if (sent === undefined) return;
    book.noteBudget(epoch, budget);
    for (const log of (await sent.wait())?.logs ?? []) {
      const event = m.emissions.interface.parseLog(log);
      if (event?.name !== "WorkRecorded") continue;
      const at = pending.findIndex(({ scene }) => scene.request.requestId === event.args["requestId"]);
      const [paid] = at < 0 ? [] : pending.splice(at, 1);
      if (paid === undefined) throw new Error("The emissions recorded what nobody paid, or recorded it twice.");
      book.note(epoch, paid.fees, price);
      recorded.push(paid);
      seen.recorded++;
    }
    await book.expectWithinFees(epoch);
  };

  /** Claims for a node: it gets its due, to the unit, unless it is in jail. */
  const claim = async (nodeId: bigint, epoch: bigint) => {
    const [credit, before] = [await emissions.creditOf(epoch, nodeId), await m.atoma.balanceOf(m.owner)];
    const refusals = refusal("NothingToClaim", "ClaimsAreOver", "NodeIsJailed", "EpochNotOver");
    const sent = await m.emissions.claim(nodeId, epoch).catch(refusals);
    const { budget: most, valued, isClosed } = await emissions.epochOf(epoch);
    const isOver = epoch < (await emissions.currentEpoch()) && !isClosed;
    const isJailed = (await m.nodeRegistry.jailedUntil(nodeId)) !== 0n;
    const due = valued === 0n || !isOver || isJailed ? 0n : (credit * (most < valued ? most : valued)) / valued;
    const amount = (await m.atoma.balanceOf(m.owner)) - before;
    expect(amount, `what node ${nodeId} claims of epoch ${epoch}`).to.equal(due);
    if (sent !== undefined) {
      book.notePayment(epoch, nodeId, amount);
      seen[most < valued ? "paidInPart" : "paidInFull"]++;
    } else if (isJailed && isOver && credit > 0n) seen.keptInJail++;
  };

  const setBudget = async (amount: bigint) => {
    await emissions.setBudget(amount);
    budget = amount;
  };
  const close = async (epoch: bigint) => {
    const sent = await emissions.close(epoch).catch(refusal("ClaimsGoOn", "ClaimsAreOver"));
    if (sent !== undefined) seen.closed++;
  };
  const setFee = (protocolFee: number) => m.escrow.connect(timelock).setParameters({ ...parameters, protocolFee });
  const setPrice = async (percent: bigint) => {
    const price = await emissions.price();
    const wanted = (price * percent) / 100n;
    const sent = await emissions.setPrice(wanted).catch(refusal("PriceSetTooSoon", "PriceOutOfBounds"));
    if (sent !== undefined && wanted !== price) seen[wanted < price ? "cheaper" : "dearer"]++;
  };

  const steps = {
    record: () => record(pending.filter(() => random.bool())),
    claim: async () => {
      const epochs = book.epochs();
      if (epochs.length === 0) return;
      for (let i = 0; i < 8; i++) await claim(random.pick(m.nodes).nodeId, random.pick(epochs));
    },
    wait: () => m.networkHelpers.time.increase(random.within(1n, 2n * epochS)),
    price: () => setPrice(random.within(80n, 130n)),
    budget: () => setBudget(random.pick([0n, 10n ** 13n, 10n ** 15n, 10n ** 17n, mostBudget])),
    fee: () => setFee(random.pick([0, 1, 300, 1_000])),
    close: async () => {
      const [epoch] = book.epochs();
      if (epoch !== undefined) await close(epoch);
    },
  };

  /** Governance raises the price, lowers it as far as it may, and sets fee and budget. */
  const swing = async (amount: bigint) => {
    await setPrice(200n);
    await m.networkHelpers.time.increase(epochS); // a week
    await setPrice(81n);
    await setFee(300);
    await setBudget(amount);
  };
  /** All that waits is recorded, and its epoch ends. */
  const recordAll = async () => {
    await record([...pending]);
    await m.networkHelpers.time.increase(epochS);
  };
  /** Every node claims all that it can, and a year later every epoch is closed. */
  const end = async () => {
    for (const epoch of book.epochs()) {
      await book.expectWithinFees(epoch);
      for (const { nodeId } of m.nodes) await claim(nodeId, epoch);
    }
    await book.expectSums();
    await m.networkHelpers.time.increase(366n * 86_400n);
    for (const epoch of book.epochs()) await close(epoch);
    await book.expectSums();
    expect(await emissions.available()).to.equal(await m.atoma.balanceOf(m.governance.emissions));
  };

  await m.atoma.connect(m.deployer).transfer(m.governance.emissions, 2n * mostBudget);
  await setBudget(10n ** 15n);
  return { book, pending, seen, steps, swing, recordAll, end };
}

/** A drawn order (Fisher and Yates). */
function shuffled<T>(items: readonly T[], { below }: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(below(left.length), 1)[0] as T);
}

/** Lets these refusals of the chain pass, as undefined; anything else is a fault. */
const refusal =
  (...names: readonly string[]) =>
  (error: unknown): undefined => {
    if (!names.some((name) => String(error).includes(`'${name}(`))) throw error;
  };
