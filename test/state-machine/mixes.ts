/** Every mix of at most so many faulty members. */
import { type Fault, faults } from "./deeds.ts";

/** Multisets of up to `most` of the kinds, smallest first. */
export const mixesOf = (most: number): readonly (readonly Fault[])[] => {
  const ofSize = (size: number, from: number): readonly (readonly Fault[])[] =>
    size === 0
      ? [[]]
      : faults.flatMap((fault, i) => (i < from ? [] : ofSize(size - 1, i).map((rest) => [fault, ...rest])));
  return Array.from({ length: most + 1 }, (_, size) => ofSize(size, 0)).flat();
};

/** "2 lying, silent". */
export const nameOf = (mix: readonly Fault[]): string => (mix.length === 0 ? "nobody" : countsOf(mix));

const countsOf = (mix: readonly Fault[]): string =>
  faults
    .flatMap((fault) => {
      const count = mix.filter((one) => one === fault).length;
      return count === 0 ? [] : [count === 1 ? fault : `${count} ${fault}`];
    })
    .join(", ");
