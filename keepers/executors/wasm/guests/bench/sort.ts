import { writeChecksum } from "./checksum";

const count = 400_000;
const values = new StaticArray<u32>(count);

function quicksort(from: i32, to: i32): void {
  while (from < to) {
    const pivot = unchecked(values[(from + to) >>> 1]);
    let low = from;
    let high = to;
    while (low <= high) {
      while (unchecked(values[low]) < pivot) low++;
      while (unchecked(values[high]) > pivot) high--;
      if (low > high) break;
      const swapped = unchecked(values[low]);
      unchecked((values[low++] = values[high]));
      unchecked((values[high--] = swapped));
    }
    quicksort(from, high);
    from = low;
  }
}

/** Sorts pseudo-random numbers: short stretches, memory, recursion. */
export function _start(): void {
  let seed: u32 = 12345;
  for (let index = 0; index < count; index++) {
    seed = seed * 1664525 + 1013904223;
    values[index] = seed;
  }
  quicksort(0, count - 1);
  let sum: u64 = 0;
  for (let index = 0; index < count; index += 997) sum = sum * 31 + values[index];
  writeChecksum(sum);
}
