import { writeChecksum } from "./checksum";

const blocks = 24_000;
const state = new StaticArray<u32>(8);
const schedule = new StaticArray<u32>(64);
const constants = new StaticArray<u32>(64);

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function fillConstants(): void {
  let found = 0;
  for (let candidate = 2; found < 64; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
      if (candidate % divisor == 0) isPrime = false;
    }
    if (!isPrime) continue;
    const root = cubeRoot(candidate);
    constants[found++] = <u32>((root - Math.floor(root)) * 4294967296.0);
  }
}

function cubeRoot(value: f64): f64 {
  let root = value;
  for (let round = 0; round < 60; round++) root = (2.0 * root + value / (root * root)) / 3.0;
  return root;
}

function compress(block: u32): void {
  for (let index = 0; index < 16; index++) unchecked((schedule[index] = block * 16 + index));
  for (let index = 16; index < 64; index++) {
    const w15 = unchecked(schedule[index - 15]);
    const w2 = unchecked(schedule[index - 2]);
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    unchecked((schedule[index] = schedule[index - 16] + s0 + schedule[index - 7] + s1));
  }
  let a = state[0],
    b = state[1],
    c = state[2],
    d = state[3];
  let e = state[4],
    f = state[5],
    g = state[6],
    h = state[7];
  for (let index = 0; index < 64; index++) {
    const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + unchecked(constants[index]) + unchecked(schedule[index]);
    const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** Hashes a counter with SHA-256's compression function: integer arithmetic in long straight stretches. */
export function _start(): void {
  fillConstants();
  for (let block = 0; block < blocks; block++) compress(block);
  writeChecksum(((<u64>state[0]) << 32) | state[7]);
}
