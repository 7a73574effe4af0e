/** Knows when nothing is under way any more, so that time stands still while keepers work. */
export type Activity = {
  /** Counts the work as under way until it ends. */
  watch<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way, and nothing follows from what was. */
  rest(): Promise<void>;
};

/** Turns of the event loop without any work after which nothing follows. */
const quietTurns = 3;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Makes the counter. */
export const makeActivity = (): Activity => {
  let underWay = 0;
  let started = 0;
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    underWay += 1;
    started += 1;
    try {
      return await work;
    } finally {
      underWay -= 1;
    }
  };
  const rest = async (): Promise<void> => {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      const before = started;
      await turn();
      if (underWay > 0 || started !== before) quiet = -1;
    }
  };
  return { watch, rest };
};
