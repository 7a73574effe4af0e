import type { Member } from "../../sdk/committee/snapshot.ts";
import { type Digest, truth, type Vote } from "../rules/digest.ts";
import { type PanelLevel, panelThreshold } from "../rules/panel.ts";
import type { Ruling } from "../rules/ruling.ts";
import { type Bench, benchOf, isAttacked, knowsTruth, type Session } from "./seating.ts";

/** A dispute after its end: the panels that sat, in order, and what they came to. */
export type Trial = { readonly ruling: Ruling; readonly panels: readonly Bench[] };

/** Draws panels over a committee and lets them judge. Whoever knows the truth appeals against a decision that is wrong. */
export function tryDispute(session: Session, committee: Bench): Trial {
  const panels: Bench[] = [];
  const convene = (level: PanelLevel): readonly Vote[] | undefined => {
    const panel = panelOf(session, committee, panels, level);
    if (panel !== undefined) panels.push(panel);
    return panel?.votes;
  };
  const isAppealed = (digest: Digest): boolean => digest !== truth && [committee, ...panels].some(knowsTruth);
  const ruling = session.rules.rulingOf({ convene, verdictOf: session.rules.verdictOf, isAppealed });
  return { ruling, panels };
}

function panelOf(session: Session, committee: Bench, earlier: readonly Bench[], level: PanelLevel): Bench | undefined {
  const seats = session.rules.panelSeats(committee.members.length, level);
  const excluded = [committee, ...earlier].flatMap(({ members }) => members.map(({ nodeId }: Member) => nodeId));
  const jurors = session.seating(level, seats, excluded);
  if (!session.rules.isPanel(jurors.length)) return undefined;
  return benchOf(session, level, jurors, panelThreshold(jurors.length), isAttacked(committee));
}
