/** What guests know of the world: bytes in, bytes out, and an exit code. */

import { fd_read, fd_write, proc_exit } from "./wasi_snapshot_preview1";

const vector: usize = memory.data(8, 4);
const transferred: usize = memory.data(4, 4);

/** Reads standard input into `buffer`; returns its length, or `capacity` + 1 where it is longer than that. */
export function readInput(buffer: usize, capacity: i32): i32 {
  let length = 0;
  while (length <= capacity) {
    // One byte beyond the capacity shows whether there is more: the buffer must have room for it.
    store<u32>(vector, <u32>buffer + length);
    store<u32>(vector, capacity + 1 - length, 4);
    if (fd_read(0, vector, 1, transferred) != 0) unreachable();
    const count = load<i32>(transferred);
    if (count == 0) return length;
    length += count;
  }
  return length;
}

/** Writes `length` bytes to standard output. */
export function writeOutput(buffer: usize, length: i32): void {
  store<u32>(vector, <u32>buffer);
  store<u32>(vector, length, 4);
  if (fd_write(1, vector, 1, transferred) != 0) unreachable();
}

/** Ends the program: the input is not what it should be. */
export function refuseInput(): void {
  proc_exit(2);
  unreachable();
}

/** Stores an unsigned 64-bit number as a big-endian 32-byte word, as Solidity's ABI has it. */
export function storeWord(at: usize, value: u64): void {
  memory.fill(at, 0, 24);
  store<u64>(at, bswap<u64>(value), 24);
}

/** Stores a signed 64-bit number as a big-endian 32-byte word in two's complement. */
export function storeSignedWord(at: usize, value: i64): void {
  memory.fill(at, value < 0 ? 0xff : 0, 24);
  store<u64>(at, bswap<u64>(<u64>value), 24);
}
