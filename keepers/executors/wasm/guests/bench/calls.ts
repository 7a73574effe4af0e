import { writeChecksum } from "./checksum";

function fibonacci(n: i32): i32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/** Recursion of the smallest functions: the worst case for the cost of calls. */
export function _start(): void {
  writeChecksum(fibonacci(32));
}
