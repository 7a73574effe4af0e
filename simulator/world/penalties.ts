import { isLoser } from "../rules/verdict.ts";
import type { Digest } from "../rules/digest.ts";
import { campAt } from "./accounts.ts";
import type { Books, Party } from "./books.ts";
import type { Trial } from "./dispute.ts";
import type { Bench } from "./seating.ts";
import { money, payUnits, type Setting } from "./setting.ts";

/** Who put up money for a dispute, and whose share a challenger's is. */
export type DisputeParties = {
  readonly challenger: Party;
  /** Whether the challenger put up a bond: an outsider does, a member does not. */
  readonly isBonded: boolean;
  /** The digest that had a quorum when the dispute was opened. */
  readonly challenged: Digest | undefined;
};

/** A node that lost its stake: its id, its camp, and whether it had computed. */
export type Slashed = { readonly nodeId: bigint; readonly camp: Party; readonly hadComputed: boolean };

/**
 * Books the money of a dispute that came to a panel. What is taken goes to the treasury first, which then pays jurors,
 * requester, challenger and honest members. Returns the nodes that lost their stake.
 */
export function bookDispute(
  books: Books,
  setting: Setting,
  committee: Bench,
  trial: Trial,
  by: DisputeParties,
): Slashed[] {
  const { ruling, panels } = trial;
  const silentFund = bookSilentJurors(books, setting, panels);
  if (ruling.kind !== "decided") {
    payFromBond(books, setting, trial, by, silentFund);
    return [];
  }
  const losers = [committee, ...panels].flatMap((bench) => losersOf(bench, ruling.digest));
  const stake = setting.rules.fraudSlash(money(setting.stakePays));
  for (const { camp } of losers) books.move(camp, "treasury", stake);
  const jurors = panels.flatMap((panel) => seatsFor(panel, (vote) => vote === ruling.digest));
  const due = BigInt(jurors.length) * payUnits;
  const bonds = bookLostBonds(books, setting, trial, by);
  const paidBefore = least(due, silentFund + bonds);
  const honest = seatsFor(committee, (vote) => vote === ruling.digest);
  const parts = setting.rules.distributeSlash({
    ...{ slash: stake * BigInt(losers.length), jurorsDue: due - paidBefore, pay: payUnits },
    ...{ hasChallenger: true, hasHonestMembers: honest.length > 0 },
  });
  shareAmong(books, jurors, paidBefore + parts.jurors);
  shareAmong(books, honest, parts.honest);
  books.move("treasury", setting.asker, parts.requester);
  books.move("treasury", by.challenger, parts.challenger);
  return losers;
}

/** Slashes silent jurors where that is due. Returns what it brought. */
function bookSilentJurors(books: Books, { rules, stakePays }: Setting, panels: readonly Bench[]): bigint {
  const slash = rules.jurorSlash(money(stakePays));
  const guilty = panels
    .filter(({ votes }) => rules.isSilencePunished(votes))
    .flatMap((panel) => seatsFor(panel, (vote) => vote === undefined));
  for (const camp of guilty) books.move(camp, "treasury", slash);
  return slash * BigInt(guilty.length);
}

/** Without anybody at fault, jurors are paid by silent ones and the bond; what the bond has over goes back. */
function payFromBond(books: Books, setting: Setting, { panels }: Trial, by: DisputeParties, fund: bigint): void {
  const jurors = panels.flatMap((panel) => seatsFor(panel, (vote) => vote !== undefined));
  const due = BigInt(jurors.length) * payUnits;
  const bond = by.isBonded ? bondAt(setting, panels, 0) : 0n;
  const fromBond = least(bond, due - least(due, fund));
  books.move(by.challenger, "treasury", fromBond);
  shareAmong(books, jurors, least(due, fund) + fromBond);
}

/** Takes the bonds of whoever challenged or appealed in vain. Returns their sum. */
function bookLostBonds(books: Books, setting: Setting, { ruling, panels }: Trial, by: DisputeParties): bigint {
  if (ruling.kind !== "decided") return 0n;
  const challenge = by.isBonded && ruling.digest === by.challenged ? bondAt(setting, panels, 0) : 0n;
  const appeal = ruling.appeal === "lost" ? bondAt(setting, panels, 1) : 0n;
  books.move(by.challenger, "treasury", challenge);
  books.move("honest", "treasury", appeal); // in the model only honest parties appeal
  return challenge + appeal;
}

function bondAt({ rules }: Setting, panels: readonly Bench[], index: number): bigint {
  return rules.bondOf(panels[index]?.members.length ?? 0, payUnits);
}

function losersOf({ members, votes, moves, camps }: Bench, digest: Digest): Slashed[] {
  return members.flatMap(({ nodeId }, place) => {
    const move = moves[place];
    const hadComputed = move?.kind === "attest" && move.isComputed;
    return isLoser(votes[place], digest) ? [{ nodeId, camp: campAt(camps, place), hadComputed }] : [];
  });
}

function seatsFor({ votes, camps }: Bench, fits: (vote: Bench["votes"][number]) => boolean): Party[] {
  return votes.flatMap((vote, place) => (fits(vote) ? [campAt(camps, place)] : []));
}

/** Splits an amount of the treasury's evenly; what does not divide stays. */
function shareAmong(books: Books, parties: readonly Party[], amount: bigint): void {
  if (parties.length === 0) return;
  const share = amount / BigInt(parties.length);
  for (const party of parties) books.move("treasury", party, share);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
