/** The moments of a panel, Unix seconds. */
export type PanelTimes = {
  /** The later of the round's own time and its posting. */
  readonly startS: bigint;
  /** The last second in which the panel can decide. */
  readonly endS: bigint;
  /** The last second for appeals, escalation, and jurors that were left out. */
  readonly finalS: bigint;
};

/** Seconds. The windows are those that the dispute was opened under; `taskWindowS` is the request's. */
export type PanelWindows = {
  readonly panelWindowS: bigint;
  readonly appealWindowS: bigint;
  readonly taskWindowS: bigint;
};

/** The times of a panel whose round, of time `roundTimeS`, was posted at `postedAtS`. Equals `Disputes`. */
export function panelTimesOf(windows: PanelWindows, roundTimeS: bigint, postedAtS: bigint): PanelTimes {
  const startS = roundTimeS > postedAtS ? roundTimeS : postedAtS;
  const twice = 2n * windows.taskWindowS;
  const endS = startS + (twice > windows.panelWindowS ? twice : windows.panelWindowS);
  return { startS, endS, finalS: endS + windows.appealWindowS };
}
