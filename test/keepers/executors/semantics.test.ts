import { expect } from "chai";
import { instructionOf, prefixed, type Instruction } from "../../../keepers/executors/wasm/instructions.ts";
import { assemble, body, F32, F64, I32, I64, leb, op } from "./assemble.ts";
import { endingOf, plentyOfFuel, runMetered, runPlain } from "./in-process.ts";
import { makeProgram, Trapped, type Program, type State } from "./random-programs.ts";

const load: Readonly<Record<number, number[]>> = {
  [I32]: [0x28, 0, 0],
  [I64]: [0x29, 0, 0],
  [F32]: [0x2a, 0, 0],
  [F64]: [0x2b, 0, 0],
};
const store: Readonly<Record<number, number[]>> = {
  [I32]: [0x36, 0, 0],
  [I64]: [0x37, 0, 0],
  [F32]: [0x38, 0, 0],
  [F64]: [0x39, 0, 0],
};
const resultAt = 64;

/** Bit patterns at the edges: zeros, ones, extremes, infinities, denormals, quiet and signalling NaNs, trunc borders. */
const wide = [
  0x0n,
  0x1n,
  0x2n,
  0x7fn,
  0x80n,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff0000000000001n,
  0x7ff8dead0000beefn,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x3fe0000000000000n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0x43e0000000000000n,
  0x43f0000000000000n,
  0xbfefffffffffffffn,
];
const narrow = [
  0x0n,
  0x1n,
  0x2n,
  0x1fn,
  0x20n,
  0x7fn,
  0x80n,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x3f800000n,
  0xbf800000n,
  0x7f800000n,
  0xff800000n,
  0x7fc00000n,
  0xffc00000n,
  0x7f800001n,
  0x7fc0beefn,
  0x007fffffn,
  0x00800000n,
  0x7f7fffffn,
  0x3f000000n,
  0x4effffffn,
  0x4f000000n,
  0xcf000000n,
  0x5f000000n,
  0x5f800000n,
  0xbf7fffffn,
];

const valuesOf = (type: number): readonly bigint[] => (type === I32 || type === F32 ? narrow : wide);

function encode(opcode: number): number[] {
  return opcode < prefixed ? [opcode] : [0xfc, ...leb(opcode - prefixed)];
}

/** A module that loads operands from addresses 0, 8, ..., runs one instruction and stores what it gives. */
function moduleFor(opcode: number, { pops, push, alignment }: Instruction): Uint8Array {
  const operands = pops.flatMap((type, index) => [...op.i32(8 * index), ...(load[type] ?? [])]);
  const code = [...operands, ...encode(opcode), ...(alignment === undefined ? [] : [0, 0])];
  const stored = push === undefined ? code : [...op.i32(resultAt), ...code, ...(store[push] ?? [])];
  return assemble({ functions: [[0, body([], stored)]], pages: [1] });
}

function tuples(types: readonly number[]): bigint[][] {
  return types.reduce<bigint[][]>(
    (known, type) => known.flatMap((head) => valuesOf(type).map((value) => [...head, value])),
    [[]],
  );
}

/** Memory after a run with the operands, as hexadecimal, with the ending in front. */
function outcome(module: ReturnType<typeof runPlain>, operands: readonly bigint[]): string {
  const view = new DataView(module.memory.buffer);
  for (let at = 0; at < 256; at += 8) view.setBigUint64(at, 0x0123456789abcdefn, true);
  view.setBigUint64(resultAt, 0n, true);
  operands.forEach((value, index) => view.setBigUint64(8 * index, value, true));
  module.fuel = plentyOfFuel;
  const ending = endingOf(() => module.run());
  return `${ending} ${Buffer.from(module.memory.subarray(0, 512)).toString("hex")}`;
}

function isNaNPattern(type: number | undefined, bits: bigint): boolean {
  if (type === F32) return (bits & 0x7f800000n) === 0x7f800000n && (bits & 0x7fffffn) !== 0n;
  return type === F64 && (bits & 0x7ff0000000000000n) === 0x7ff0000000000000n && (bits & 0xfffffffffffffn) !== 0n;
}

/** Instructions whose NaN results the specification leaves open: rounding, roots, arithmetic, conversions of floats. */
function isNaNOpen(opcode: number): boolean {
  const isArithmetic = (opcode >= 0x8d && opcode <= 0x97) || (opcode >= 0x9b && opcode <= 0xa5);
  return isArithmetic || opcode === 0xb6 || opcode === 0xbb;
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** A constant with which the instruction traps: an address far outside, a divisor of zero, an infinity. */
function trappingOperand(opcode: number, type: number, index: number): readonly number[] {
  const isAddress = opcode <= 0x3e && index === 0;
  if (type === I32) return op.i32(isAddress ? -1 : 1 - index);
  if (type === I64) return op.i64(BigInt(1 - index));
  return type === F32 ? [0x43, 0, 0, 0x80, 0x7f] : [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f];
}

/** Compares one instruction with and without metering over all edge values; returns the number of comparisons. */
function compare(opcode: number, instruction: Instruction): number {
  const module = moduleFor(opcode, instruction);
  const plain = runPlain(module);
  const metered = runMetered(module);
  const canonical = instruction.push === F32 ? 0x7fc00000n : 0x7ff8000000000000n;
  const cases = tuples(instruction.pops);
  for (const operands of cases) {
    const label = `opcode 0x${opcode.toString(16)} of ${operands.map((value) => value.toString(16)).join(", ")}`;
    const expected = outcome(plain, operands);
    const bits = new DataView(plain.memory.buffer).getBigUint64(resultAt, true);
    const actual = outcome(metered, operands);
    expect(metered.fuel < plentyOfFuel, `${label}: fuel is right, also after a trap`).to.equal(true);
    if (isNaNOpen(opcode) && isNaNPattern(instruction.push, bits)) {
      expect(new DataView(metered.memory.buffer).getBigUint64(resultAt, true), label).to.equal(canonical);
    } else expect(actual, label).to.equal(expected);
  }
  return cases.length;
}

describe("Metering keeps the meaning of programs", () => {
  it("gives every allowed instruction the engine's own result on edge values, with canonical NaNs", () => {
    let [instructions, comparisons] = [0, 0];
    for (let opcode = 0; opcode < prefixed + 8; opcode++) {
      const instruction = instructionOf(opcode);
      if (instruction === undefined) continue;
      instructions++;
      comparisons += compare(opcode, instruction);
    }
    console.log(`      ${instructions} instructions, ${comparisons} comparisons`);
    expect(instructions).to.equal(23 + 128 + 8);
  });

  it("knows the fuel at the trap of every instruction that can trap", () => {
    const trapping = [
      ...span(0x28, 0x3e),
      ...span(0x6d, 0x70),
      ...span(0x7f, 0x82),
      ...span(0xa8, 0xab),
      ...span(0xae, 0xb1),
    ];
    for (const opcode of trapping) {
      const instruction = instructionOf(opcode);
      const operands = instruction?.pops.flatMap((type, index) => trappingOperand(opcode, type, index)) ?? [];
      const access = opcode <= 0x3e ? [0, 0] : [];
      const result = instruction?.push === undefined ? [] : [op.drop];
      // within an arm, so that nothing but the instruction itself makes the fuel global right
      const code = [...op.i32(1), 0x04, 0x40, ...operands, opcode, ...access, ...result, 0x0b];
      const module = assemble({ functions: [[0, body([], code)]], pages: [1] });
      const metered = runMetered(module);
      expect(
        endingOf(() => metered.run()),
        `opcode ${opcode}`,
      ).to.match(/out of bounds|divide by zero|remainder by zero|unrepresentable/);
      const used = 2 + (instruction?.pops.length ?? 0) + (instruction?.cost ?? 0) + result.length;
      expect(plentyOfFuel - metered.fuel, `opcode ${opcode}`).to.equal(BigInt(used));
    }
  });

  it("runs random programs as an independent interpreter does, at exactly the fuel of what was executed", () => {
    const endings = { ok: 0, trap: 0 };
    for (let seed = 0; seed < programs; seed++) {
      const program = makeProgram(seed);
      const expected = interpretation(program);
      const metered = runMetered(program.module);
      const ending = endingOf(() => metered.run());
      if (expected === undefined) {
        expect(ending, `seed ${seed}`).to.equal("divide by zero");
        endings.trap++;
        continue;
      }
      expect(ending, `seed ${seed}`).to.equal("ok");
      expect(Buffer.from(metered.memory.subarray(0, 512)), `seed ${seed}`).to.deep.equal(
        Buffer.from(expected.memory.buffer),
      );
      expect(plentyOfFuel - metered.fuel, `fuel of seed ${seed}`).to.equal(BigInt(expected.cost));
      endings.ok++;
    }
    console.log(`      ${endings.ok} programs ended, ${endings.trap} trapped`);
    expect(endings.ok).to.be.greaterThan(programs / 3);
    expect(endings.trap).to.be.greaterThan(programs / 50);
  });
});

const programs = 1_000;

/** What the interpreter leaves, or undefined where it traps. */
function interpretation(program: Program): State | undefined {
  try {
    return program.interpret();
  } catch (error) {
    if (error instanceof Trapped) return undefined;
    throw error;
  }
}
