/** Lists of TCB levels: some that a platform does not reach, the one that it reaches, some below. */
import type { Random } from "./random.ts";
import { dayText } from "./signed-text.ts";
import type { Status } from "../../../sdk/attestation/status.ts";

export type Level<T> = {
  readonly tcb: T;
  readonly tcbDate: string;
  readonly tcbStatus: Status;
  readonly advisoryIDs?: readonly string[];
};

const dayS = 86_400;
const maxAhead = 2;
const maxBelow = 3;

const advisories = (random: Random): { advisoryIDs?: readonly string[] } => {
  const numbers = Array.from({ length: random.integer(0, 4) }, () => `${random.integer(100, 1_999)}`.padStart(5, "0"));
  return numbers.length === 0 ? {} : { advisoryIDs: numbers.map((number) => `INTEL-SA-${number}`) };
};

/** A level with Intel's order of keys. Levels that say UpToDate name no advisories. */
export const mintLevel = <T>(random: Random, tcb: T, tcbStatus: Status, unixS: number): Level<T> => ({
  tcb,
  tcbDate: dayText(unixS),
  tcbStatus,
  ...(tcbStatus === "UpToDate" ? {} : advisories(random)),
});

export type LevelsOptions<T> = {
  /** Unix seconds: no level is newer. */
  readonly at: number;
  /** Status of the level that the platform reaches. */
  readonly reached: Status;
  /** What levels of this kind may say: those of enclaves and modules know three words only. */
  readonly statuses: readonly [Status, ...Status[]];
  /** A TCB above the platform's in at least one number. */
  readonly above: () => T;
  /** A TCB that the platform has; `depth` 0 for the level that it reaches, more for those below. */
  readonly within: (depth: number) => T;
};

/** Intel names these three for quoting enclaves and TDX modules. */
export const enclaveStatuses = ["UpToDate", "OutOfDate", "Revoked"] as const;

/** The first level that the platform reaches has the status asked for, whatever stands before and behind it. */
export const mintLevels = <T>(random: Random, options: LevelsOptions<T>): Level<T>[] => {
  const { at, reached, statuses, above, within } = options;
  const [ahead, below] = [random.integer(0, maxAhead), random.integer(0, maxBelow)];
  const dateOf = (index: number): number => at - (index * 180 + random.integer(30, 150)) * dayS;
  return [
    ...Array.from({ length: ahead }, (_, i) => mintLevel(random, above(), random.pick(statuses), dateOf(i))),
    mintLevel(random, within(0), reached, dateOf(ahead)),
    ...Array.from({ length: below }, (_, i) =>
      mintLevel(random, within(i + 1), random.pick(["OutOfDate", "Revoked"]), dateOf(ahead + i + 1)),
    ),
  ];
};
