/** Jurors of a first panel, at least; the default of the governed value. */
export const defaultPanelMin = 21;
/** Jurors of a second panel, at most. */
export const maxPanel = 63;
/** With fewer jurors there is no panel. */
export const leastPanel = 7;

/** A panel's level: the first judges, the second hears appeals and what the first left open. */
export type PanelLevel = 1 | 2;

/** Seats of a panel: max(PANEL_MIN, 2k + 1), then twice that plus one, at most 63. */
export function panelSeats(k: number, level: PanelLevel, panelMin = defaultPanelMin): number {
  const first = Math.max(panelMin, 2 * k + 1);
  return level === 1 ? first : Math.min(maxPanel, 2 * first + 1);
}

/** Jurors of n who decide when they agree. */
export function panelThreshold(jurors: number): number {
  return Math.floor((2 * jurors) / 3) + 1;
}

/** Whether so many jurors, found within the tries of the draw, are a panel. */
export function isPanel(jurors: number): boolean {
  return jurors >= leastPanel;
}

/** Whether a pool is large enough for a request of k nodes that insists on a panel. */
export function hasRoomForPanel(poolNodes: number, k: number): boolean {
  return poolNodes >= k + leastPanel;
}
