import type { Member } from "../../sdk/committee/snapshot.ts";
import { makeRandom, type Random } from "../random.ts";
import { type Digest, truth } from "../rules/digest.ts";
import type { Ruling } from "../rules/ruling.ts";
import { commonGuess } from "../strategies/strategy.ts";
import { campAt, chargeWork, paySettled } from "./accounts.ts";
import { type Books, makeBooks, type Party } from "./books.ts";
import type { Camp, CampsOf } from "./camps.ts";
import { tryDispute } from "./dispute.ts";
import { bookDispute, type DisputeParties, type Slashed } from "./penalties.ts";
import { type Bench, benchOf, drawnSeating, isAttacked, requestIdOf, type Session } from "./seating.ts";
import { money, type Setting } from "./setting.ts";

/** All that came of one request. */
export type RequestResult = {
  /** How much it counts in a mean; see `Camps`. */
  readonly weight: number;
  /** The digest that was delivered, or undefined after a refund. */
  readonly delivered: Digest | undefined;
  readonly ruling: Ruling["kind"] | "undisputed";
  /** Seats in the committee, and on panels. */
  readonly seats: Readonly<Record<Camp, number>>;
  readonly jurorSeats: Readonly<Record<Camp, number>>;
  readonly panels: number;
  readonly slashed: readonly Slashed[];
  /** Nodes that settlement paid, and those that it found absent. */
  readonly paid: readonly bigint[];
  readonly missed: readonly bigint[];
  readonly books: Books;
};

/** A pool to ask, with the camps of its nodes. */
export type World = { readonly setting: Setting; readonly entries: readonly Member[]; readonly campsOf: CampsOf };

/** A world of a setting, its camps as `campsOf` deals them. */
export function makeWorld(setting: Setting, campsOf: CampsOf): World {
  const entries = Array.from({ length: setting.poolNodes }, (_, index) => ({ nodeId: BigInt(index + 1), ask: 1n }));
  return { setting, entries, campsOf };
}

/** Asks request number `index` of a seed: draws, lets nodes move, settles, disputes, and books the money. */
export function runRequest({ setting, entries, campsOf }: World, seed: number, index: number): RequestResult {
  const random = makeRandom(seed, index);
  const cheapAnswer = random.chance(setting.guessable) ? truth : commonGuess;
  const seating = drawnSeating(entries, requestIdOf(index), random);
  return runSession(setting, sessionOf(setting, { seating, camps: campsOf(random), random, cheapAnswer }));
}

/** What a session takes from its setting. */
export function sessionOf(
  { rules, honest, adversary }: Setting,
  own: Pick<Session, "seating" | "camps" | "random" | "cheapAnswer">,
): Session {
  return { ...own, rules, strategies: { honest, adversary } };
}

/** Takes one request from its committee to its end. */
export function runSession(setting: Setting, session: Session): RequestResult {
  const members = session.seating(0, setting.k, []);
  if (members.length < setting.k) throw new Error("The pool is too small for the committee.");
  const committee = benchOf(session, 0, members, setting.quorum, false);
  const books = makeBooks();
  chargeWork(books, setting, committee);
  const { panels, ...end } = settleOrDispute(session, setting, committee, books);
  const jurorSeats = countCamps(panels);
  return {
    weight: session.camps.weight(),
    seats: countCamps([committee]),
    panels: panels.length,
    jurorSeats,
    books,
    ...end,
  };
}

function settleOrDispute(session: Session, setting: Setting, committee: Bench, books: Books) {
  const { random } = session;
  const agreement = setting.rules.agreementOf(committee.votes, setting.quorum);
  if (agreement.kind === "short") return { ...nothing, panels: [] };
  const quorumDigest = agreement.kind === "agreed" ? agreement.digest : agreement.quorumDigest;
  const by = disputeParties(setting, committee, agreement.kind === "conflict", quorumDigest, random);
  if (by === undefined) return { ...nothing, panels: [], ...settled(books, setting, committee, quorumDigest, random) };
  const isPaidBefore = setting.lane === "instant" && quorumDigest !== undefined;
  const before = isPaidBefore ? settled(books, setting, committee, quorumDigest, random) : {};
  const trial = tryDispute(session, committee);
  for (const panel of trial.panels) chargeWork(books, setting, panel);
  const slashed = trial.ruling.kind === "noPanel" ? [] : bookDispute(books, setting, committee, trial, by);
  const isUpheld = !isPaidBefore && quorumDigest !== undefined && upholds(trial.ruling, quorumDigest);
  const after = isUpheld ? settled(books, setting, committee, quorumDigest, random) : {};
  return { ...nothing, panels: trial.panels, ruling: trial.ruling.kind, slashed, ...before, ...after };
}

const nothing = {
  ...{ delivered: undefined, ruling: "undisputed" as Ruling["kind"] | "undisputed" },
  ...{ slashed: [] as readonly Slashed[], paid: [] as readonly bigint[], missed: [] as readonly bigint[] },
};

/** Whether a dispute leaves a committee's quorum in force. Without a panel it stands. */
function upholds(ruling: Ruling, quorumDigest: Digest): boolean {
  return ruling.kind === "noPanel" || (ruling.kind === "decided" && ruling.digest === quorumDigest);
}

/** Who disputes a committee's result, if anybody does. */
function disputeParties(
  setting: Setting,
  committee: Bench,
  isConflict: boolean,
  challenged: Digest | undefined,
  random: Random,
): DisputeParties | undefined {
  if (isConflict) return { challenger: openerOf(setting, committee), isBonded: false, challenged };
  const isChallenged = challenged === truth ? setting.isOutsiderHostile : random.chance(setting.watched);
  return isChallenged ? { challenger: "outsider", isBonded: true, challenged } : undefined;
}

/** Two conflicting attestations can be shown by anybody; a member that attested the truth is first, unless the adversary is. */
function openerOf({ opener }: Setting, committee: Bench): Party {
  if (opener === "adversary" && isAttacked(committee)) return "adversary";
  const place = committee.votes.indexOf(truth);
  return place >= 0
    ? campAt(committee.camps, place)
    : campAt(
        committee.camps,
        committee.votes.findIndex((vote) => vote !== undefined),
      );
}

function settled(books: Books, setting: Setting, committee: Bench, digest: Digest | undefined, random: Random) {
  if (digest === undefined) return {};
  const places = paySettled(books, setting, committee, digest);
  slashNoShows(books, setting, committee, random);
  const ids = committee.members.map(({ nodeId }) => nodeId);
  const isPaid = (_: bigint, place: number) => places.includes(place);
  return { delivered: digest, paid: ids.filter(isPaid), missed: ids.filter((id, place) => !isPaid(id, place)) };
}

/** Who did nothing although a quorum revealed on chain. The slash reimburses those who posted, here the honest. */
function slashNoShows(books: Books, setting: Setting, { votes, camps }: Bench, random: Random): void {
  if (setting.fallbackShare === 0 || !random.chance(setting.fallbackShare)) return;
  const slash = setting.rules.timeoutSlash(money(setting.stakePays));
  votes.forEach((vote, place) => {
    if (vote === undefined) books.move(campAt(camps, place), "honest", slash);
  });
}

function countCamps(benches: readonly Bench[]): Record<Camp, number> {
  const counts = { honest: 0, adversary: 0 };
  for (const { camps } of benches) for (const camp of camps) counts[camp]++;
  return counts;
}
