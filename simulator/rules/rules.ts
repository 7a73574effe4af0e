import { type Agreement, agreementOf } from "./agreement.ts";
import { bondOf } from "./bond.ts";
import { type Move, votesOf } from "./commitment.ts";
import type { Digest, Vote } from "./digest.ts";
import { distributeSlash, type SlashInput, type SlashParts } from "./distribution.ts";
import { isPanel, type PanelLevel, panelSeats } from "./panel.ts";
import { type Ruling, type RulingInput, rulingOf } from "./ruling.ts";
import { fraudSlash, jurorSlash, timeoutSlash } from "./slash.ts";
import { isSilencePunished, verdictOf } from "./verdict.ts";

/** All that the model takes from the protocol besides the sdk. Tests hand in broken ones and see that figures change. */
export type Rules = {
  readonly votesOf: (moves: readonly Move[]) => Vote[];
  readonly agreementOf: (votes: readonly Vote[], quorum: number) => Agreement;
  readonly panelSeats: (k: number, level: PanelLevel) => number;
  readonly isPanel: (jurors: number) => boolean;
  readonly verdictOf: (votes: readonly Vote[]) => Digest | undefined;
  readonly rulingOf: (input: RulingInput) => Ruling;
  readonly isSilencePunished: (votes: readonly Vote[]) => boolean;
  readonly fraudSlash: (allocation: bigint) => bigint;
  readonly jurorSlash: (stakePerNode: bigint) => bigint;
  readonly timeoutSlash: (stakePerNode: bigint) => bigint;
  readonly bondOf: (seats: number, pay: bigint) => bigint;
  readonly distributeSlash: (input: SlashInput) => SlashParts;
};

/** The rules of the protocol. */
export const protocolRules: Rules = {
  ...{ votesOf, agreementOf, panelSeats, isPanel, verdictOf, rulingOf, isSilencePunished },
  ...{ fraudSlash, jurorSlash, timeoutSlash, bondOf, distributeSlash },
};
