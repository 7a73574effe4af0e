/** What must hold of every mix. */
import { expect } from "chai";
import { expectBalancedBooks, expectStakeAccounted } from "../helpers/books.ts";
import type { Fault } from "./deeds.ts";
import { evidenceIn } from "./evidence.ts";
import { awardsOf, type Holding } from "./ledger.ts";
import { honestOf, type Play } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { truth } from "./scene.ts";

/** Pay of a member: every node asks 5 for a unit, and a request has 100. */
const pay = 500n;
/** These find the right result and show it on chain in time, whatever they did before. */
const mayEarn: readonly Fault[] = ["late", "equivocating"];
const noShowSlash = 10n * 10n ** 18n;

const sorted = (nodes: Iterable<bigint>): readonly string[] => [...nodes].map(String).sort();

/** The right output is delivered, once; or nothing is, and nothing is owed. */
export const expectRightOrRefunded = async ({ scene }: Play, { ending }: Outcome): Promise<void> => {
  const { consumer } = scene.world;
  const isSettled = ending === "settles off chain" || ending === "settles on chain";
  expect(isSettled || ending === "is refunded", ending).to.equal(true);
  expect(await consumer.deliveries()).to.equal(isSettled ? 1n : 0n);
  if (!isSettled) return;
  expect(await consumer.lastRequestId()).to.equal(scene.request.requestId);
  expect(await consumer.lastStatus()).to.equal(truth.status);
  expect(await consumer.lastOutput()).to.equal(truth.output);
};

/** What a node holds after what it lost. */
const holdingAfter = (before: Holding, isCondemned: boolean, isNoShow: boolean): Omit<Holding, "earnings"> => {
  const { unbonding, free } = before;
  const allocated = isCondemned ? 0n : before.allocated - (isNoShow ? noShowSlash : 0n);
  return { allocated, unbonding, free, isJailed: isCondemned };
};

/** Nobody but the condemned and the no-shows lost anything, of all nodes of the pool, and these lost exactly that. */
export const expectStakes = ({ before, after, condemned, noShows }: Outcome): void => {
  for (const [nodeId, held] of before) {
    const { earnings: _, ...left } = after.get(nodeId) ?? held;
    expect(left, `node ${nodeId}`).to.deep.equal(holdingAfter(held, condemned.has(nodeId), noShows.has(nodeId)));
  }
};

/** Exactly those lost all whom the honest members' evidence shows guilty, and none of them is honest. */
export const expectGuiltyPay = async (play: Play, { condemned, dispute }: Outcome): Promise<void> => {
  const { contradicting, lying } = await evidenceIn(play);
  expect(sorted(condemned)).to.deep.equal(sorted(new Set([...contradicting, ...lying])));
  const needsPanel = [...lying].some((nodeId) => !contradicting.has(nodeId));
  expect(dispute).to.equal(needsPanel ? "decided" : "none");
  for (const { nodeId } of honestOf(play)) expect(condemned.has(nodeId), `node ${nodeId}`).to.equal(false);
};

/** Faults that always leave proof where messages arrive, and faults that never do. */
const alwaysProven: readonly Fault[] = ["lying", "equivocating"];
const neverProven: readonly Fault[] = ["silent", "late", "withholding"];

/** Where all messages arrive, liars and equivocators always lose all, and who only failed to help never does. */
export const expectProofs = ({ parts }: Play, { condemned }: Outcome): void => {
  for (const { nodeId, fault } of parts) {
    if (fault === undefined) continue;
    if (alwaysProven.includes(fault)) expect(condemned.has(nodeId), fault).to.equal(true);
    if (neverProven.includes(fault)) expect(condemned.has(nodeId), fault).to.equal(false);
  }
};

/** Only who did nothing on chain is a no-show, and the silent always are where the chain settled. */
export const expectNoShows = ({ parts }: Play, { ending, noShows }: Outcome): void => {
  for (const { nodeId, fault } of parts) {
    if (noShows.has(nodeId)) expect(["silent", "withholding"]).to.include(fault);
    if (fault === "silent") expect(noShows.has(nodeId)).to.equal(ending === "settles on chain");
  }
};

/**
 * All honest members are paid, whoever of them settled with the tip on top, and nobody who copied, lied or withheld. Whoever
 * shows its commit to some members only can make an honest one sign another first root than the others: that one takes the
 * quorum of the others for its own, does not sign theirs, and is not paid.
 */
export const expectPays = async ({ parts, scene }: Play, { ending, before, after }: Outcome): Promise<void> => {
  if (ending === "is refunded") return;
  const paidTo = (nodeId: bigint): bigint => (after.get(nodeId)?.earnings ?? 0n) - (before.get(nodeId)?.earnings ?? 0n);
  const { k, tip } = scene.request.fields;
  const signers = parts.filter(({ nodeId }) => paidTo(nodeId) > 0n).length;
  const withTip = pay + (tip * BigInt(signers)) / k;
  const { shown } = await scene.world.view.fallback(scene.request.requestId);
  // whoever was told by a faulty member shares that one's work, unless a root shows that it committed too late
  const isTold = shown.length === 0 && parts.some(({ fault }) => fault !== undefined && mayEarn.includes(fault));
  const earners = isTold ? [...mayEarn, "copying"] : mayEarn;
  for (const { nodeId, fault } of parts) {
    if (fault === undefined) expect([pay, withTip], `honest node ${nodeId}`).to.include(paidTo(nodeId));
    else if (!earners.includes(fault) || ending === "settles off chain") expect(paidTo(nodeId), fault).to.equal(0n);
  }
  const honest = parts.flatMap(({ nodeId, fault }) => (fault === undefined ? [paidTo(nodeId)] : []));
  const tipped = honest.filter((paid) => paid === withTip).length;
  expect(tipped).to.equal(1);
  expect(signers).to.be.at.least(scene.quorum);
};

/** ESC-1 and STK-1. */
export const expectBooks = async ({ scene: { world } }: Play): Promise<void> => {
  const { publisherBond } = world.market.world.parameters.taskSettings;
  await expectBalancedBooks(world.market);
  await expectStakeAccounted(world.market, publisherBond + (await awardsOf(world)));
};
