import { readInput, refuseInput, storeSignedWord, storeWord, writeOutput } from "../host";
import { maxLength, startChain } from "./lattice";
import { bestContacts, bestFold, nodes, startRecord } from "./record";
import { search } from "./search";

const input: usize = memory.data(128);
const output: usize = memory.data(256);
const maxNodes: u64 = 10_000_000_000;
const defaultNodes: u64 = 2_000_000;
const colon: u8 = 0x3a;

/** Reads the decimal number behind the colon; refuses anything else. */
function parseNodes(from: i32, length: i32): u64 {
  if (from == length || length - from > 11) refuseInput();
  let value: u64 = 0;
  for (let index = from; index < length; index++) {
    const digit = load<u8>(input + index) - 0x30;
    if (digit > 9) refuseInput();
    value = value * 10 + digit;
  }
  if (value == 0 || value > maxNodes) refuseInput();
  return value;
}

function sequenceLength(length: i32): i32 {
  let index = 0;
  while (index < length && load<u8>(input + index) != colon) {
    const letter = load<u8>(input + index);
    if (letter != 0x48 && letter != 0x50) refuseInput();
    index++;
  }
  if (index < 2 || index > maxLength) refuseInput();
  return index;
}

/** Input: a sequence of 2 to 64 letters H and P, then optionally a colon and the number of nodes to search. */
export function _start(): void {
  const length = readInput(input, 127);
  if (length > 127) refuseInput();
  const residues = sequenceLength(length);
  const limit = residues < length ? parseNodes(residues + 1, length) : defaultNodes;
  startChain(input, residues);
  startRecord(residues);
  const isProved = search(limit);
  storeSignedWord(output, -bestContacts);
  storeWord(output + 32, nodes);
  storeWord(output + 64, isProved ? 1 : 0);
  storeWord(output + 96, 128);
  storeWord(output + 128, residues - 1);
  memory.copy(output + 160, bestFold, residues - 1);
  writeOutput(output, 160 + ((residues - 1 + 31) & ~31));
}
