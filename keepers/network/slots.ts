/** Places for things that last: so many in all, and so many for one owner. */

export type Slots = {
  /** Takes a place; undefined where there is none. What is returned gives it back, once. */
  take(owner: string): (() => void) | undefined;
};

/** Makes places; an owner that holds none is not remembered. */
export const makeSlots = ({ total, perOwner }: { readonly total: number; readonly perOwner: number }): Slots => {
  const taken = new Map<string, number>();
  let inAll = 0;
  const add = (owner: string, count: number): void => {
    const sum = (taken.get(owner) ?? 0) + count;
    inAll += count;
    if (sum === 0) taken.delete(owner);
    else taken.set(owner, sum);
  };
  return {
    take: (owner) => {
      if (inAll >= total || (taken.get(owner) ?? 0) >= perOwner) return undefined;
      add(owner, 1);
      let isHeld = true;
      return () => {
        if (isHeld) add(owner, -1);
        isHeld = false;
      };
    },
  };
};
