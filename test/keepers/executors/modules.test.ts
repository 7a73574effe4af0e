import { expect } from "chai";
import { BadModuleError } from "../../../keepers/executors/wasm/bad-module.ts";
import { bounds } from "../../../keepers/executors/wasm/bounds.ts";
import { meterModule } from "../../../keepers/executors/wasm/meter.ts";
import { assemble, body, F32, I32, I64, leb, magic, op, section, text, type Source } from "./assemble.ts";
import { guest } from "./fixtures.ts";

const single = (
  code: readonly number[],
  more: Partial<Source> = {},
  locals: readonly (readonly [number, number])[] = [],
): Uint8Array => assemble({ functions: [[0, body(locals, code)]], ...more });
const bytes = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([...magic, ...parts.flat()]);
const repeat = (count: number, code: readonly number[]): number[] => Array.from({ length: count }, () => code).flat();
const actionType = section(1, [1, 0x60, 0, 0]);

/** Modules that must be refused, with words of the reason. */
const refused: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  "an empty file": [new Uint8Array(), /Unexpected end/],
  "a header alone": [bytes(), /no exported function _start/],
  "another version": [Uint8Array.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), /Not a WebAssembly/],
  "a file above the size limit": [new Uint8Array(bounds.moduleBytes + 1), /at most/],
  "a compressed file": [Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), /Not a WebAssembly/],
  "sections out of order": [bytes(section(3, [1, 0]), actionType), /out of order/],
  "a repeated section": [bytes(actionType, actionType), /repeated/],
  "an unknown section": [bytes(section(13, [0])), /unknown/],
  "a section that is longer than its contents": [bytes(section(1, [1, 0x60, 0, 0, 0])), /longer than its contents/],
  "a section that ends early": [bytes([1, 9, 1, 0x60]), /Unexpected end/],
  "an integer of six bytes": [bytes([1, 0x85, 0x80, 0x80, 0x80, 0x80, 0x00, 1, 0x60, 0, 0, 0]), /Integer too long/],
  "an integer with bits beyond 32": [bytes([1, 0xff, 0xff, 0xff, 0xff, 0x7f]), /Integer too long/],
  "a constant with wrong sign bits": [single([0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, op.drop]), /Integer too long/],
  "a count that promises more than there is": [bytes(section(1, leb(4_000))), /Unexpected end/],
  "a count of four thousand million": [bytes(section(1, leb(0xffffffff))), /Too many types/],
  "a name that is not UTF-8": [bytes(section(0, [1, 0xff])), /UTF-8/],
  "two exports of one name": [single([], { extraExports: [[...text("_start"), 0, 0]] }), /one name/],
  "an export of nothing": [single([], { extraExports: [[...text("x"), 2, 0]] }), /no exported thing/],
  "an entry with parameters": [
    assemble({ types: [[[I32], []]], functions: [[1, body([], [])]] }),
    /_start has parameters/,
  ],
  "a start function with a result": [
    assemble({
      types: [[[], [I32]]],
      functions: [
        [0, body([], [])],
        [1, body([], op.i32(1))],
      ],
      start: 1,
    }),
    /start function/,
  ],
  "an import that is not offered": [
    assemble({ imports: [["path_open", 0]], functions: [[0, body([], [])]] }),
    /not offered/,
  ],
  "an import named like a property of objects": [
    assemble({ imports: [["constructor", 0]], functions: [[0, body([], [])]] }),
    /not offered/,
  ],
  "an import of another type": [
    assemble({ imports: [["fd_write", 0]], functions: [[0, body([], [])]] }),
    /another type/,
  ],
  "an import from elsewhere": [
    bytes(actionType, section(2, [1, ...text("env"), ...text("abort"), 0, 0])),
    /not offered/,
  ],
  "an imported memory": [
    bytes(section(2, [1, ...text("wasi_snapshot_preview1"), ...text("fd_write"), 2, 0, 1])),
    /not offered/,
  ],
  "a function without code": [
    bytes(actionType, section(3, [1, 0]), section(7, [1, ...text("_start"), 0, 0])),
    /differ in number/,
  ],
  "fifty thousand locals": [single([], {}, [[50_000, I64]]), /Too many locals/],
  "locals that overflow their count": [
    single([], {}, [
      [0xffffffff, I32],
      [0xffffffff, I32],
    ]),
    /Too many locals/,
  ],
  "blocks nested 100,000 deep": [
    single([...repeat(100_000, [0x02, 0x40]), ...repeat(100_000, [0x0b])]),
    /nested deeper/,
  ],
  "a branch table of a million targets": [
    single([...op.i32(0), 0x0e, ...leb(1_000_000), ...repeat(1_000_001, [0])]),
    /Too many branch targets|Function of/,
  ],
  "a branch table of 60,000 targets": [
    single([...op.i32(0), 0x0e, ...leb(60_000), ...repeat(60_001, [0])]),
    /Too many branch targets/,
  ],
  "branches that merge too many values": [
    single(repeat(6_000, [...op.i32(0), 0x0d, 0]), {}, [[2_000, I64]]),
    /Too many branches/,
  ],
  "an operand stack of 100,000 values": [single(repeat(100_000, op.i32(1))), /Operand stack too high/],
  "a function of two megabytes": [single(repeat(2 * 2 ** 20, [0x01])), /Function of/],
  "a table of four thousand million entries": [single([], { table: [0xffffffff] }), /Minimum size/],
  "data outside the memory": [
    single([], { pages: [1], data: [[0, ...op.i32(65_530), 0x0b, ...leb(9), ...repeat(9, [1])]] }),
    /outside the memory/,
  ],
  "data without a memory": [single([], { data: [[0, ...op.i32(0), 0x0b, 1, 1]] }), /without a memory/],
  "data longer than the file": [
    single([], { pages: [1], data: [[0, ...op.i32(0), 0x0b, ...leb(0x7fffffff), 1]] }),
    /Unexpected end/,
  ],
  "elements outside the table": [
    single([], { table: [1], elements: [[0, ...op.i32(1), 0x0b, 1, 0]] }),
    /outside the table/,
  ],
  "a shared memory": [bytes(actionType, section(5, [1, 3, 1, 1])), /Unsupported kind of memory/],
  "a 64-bit memory": [bytes(actionType, section(5, [1, 4, 1])), /Unsupported kind of memory/],
  "two memories": [bytes(actionType, section(5, [2, 0, 1, 0, 1])), /Too many memories/],
  "an initial value that is computed": [
    single([], { globals: [[I32, 0, ...op.i32(1), ...op.i32(1), 0x6a, 0x0b]] }),
    /constant expression/,
  ],
  "a write to a constant": [single([...op.i32(1), 0x24, 0], { globals: [[I32, 0, ...op.i32(1), 0x0b]] }), /constant/],
  "a vector instruction": [single([0xfd, 12, ...repeat(16, [0]), op.drop]), /Unsupported instruction/],
  "an atomic instruction": [single([0xfe, 3, 0]), /Unsupported instruction/],
  "a tail call": [single([0x12, 0]), /Unsupported instruction/],
  "table.grow": [single([0xd0, 0x70, ...op.i32(1), 0xfc, 15, 0, op.drop], { table: [1] }), /Unsupported instruction/],
  "an exception handler": [single([0x06, 0x40, 0x0b]), /Unsupported instruction/],
  "a vector type": [single([], {}, [[1, 0x7b]]), /Unsupported type/],
  "an operand of another type": [single([...op.i32(1), 0x50, op.drop]), /another type/],
  "a missing operand": [single([0x6a, op.drop]), /Operand missing/],
  "operands left over": [single(op.i32(1)), /Too many operands/],
  "else without if": [single([0x02, 0x40, 0x05, 0x0b]), /Else without if/],
  "a branch to nowhere": [single(op.br(1)), /nowhere/],
  "a call of nothing": [single(op.call(9)), /no such function/],
  "an access to no memory": [single([...op.i32(0), 0x28, 2, 0, op.drop]), /no memory/],
  "an access to a second memory": [single([...op.i32(0), 0x28, 0x42, 1, 0, op.drop], { pages: [1] }), /only memory 0/],
  "an alignment above the natural one": [single([...op.i32(0), 0x28, 3, 0, op.drop], { pages: [1] }), /Alignment/],
  "instructions behind the end": [single([0x0b, 0x01]), /after the end/],
};

describe("WASM modules", () => {
  for (const [name, [module, reason]] of Object.entries(refused)) {
    it(`refuses ${name}, as bad module, quickly`, () => {
      const started = performance.now();
      expect(() => meterModule(module, 256)).to.throw(BadModuleError, reason);
      expect(performance.now() - started).to.be.lessThan(2_000);
    });
  }

  const accepted: Readonly<Record<string, Uint8Array>> = {
    "padded integers, as linkers write them": single([
      0x41,
      0x80,
      0x80,
      0x80,
      0x80,
      0x00,
      op.drop,
      0x10,
      0x80,
      0x80,
      0x80,
      0x80,
      0x00,
    ]),
    "blocks nested a thousand deep": single([...repeat(1_000, [0x02, 0x40]), ...repeat(1_000, [0x0b])]),
    "a branch table of ten thousand targets": single([...op.i32(0), 0x0e, ...leb(10_000), ...repeat(10_001, [0])]),
    "two thousand locals": single([], {}, [
      [1_000, F32],
      [1_000, I64],
    ]),
    "blocks with parameters and several results": assemble({
      types: [
        [
          [I32, I32],
          [I32, I32],
        ],
      ],
      functions: [[0, body([], [...op.i32(1), ...op.i32(2), 0x03, 1, 0x0b, 0x6a, op.drop])]],
    }),
    "code that is never reached": single([0x00, 0x6a, 0x1b, 0x0e, 1, 0, 0, ...op.i64(1n), op.drop]),
    "custom sections": Uint8Array.from([...single([]), ...section(0, [...text("name"), 1, 2, 3])]),
    "memory without an upper limit and the whole address space as its limit": single([], { pages: [1, 65_536] }),
  };
  for (const [name, module] of Object.entries(accepted)) {
    it(`accepts ${name}`, () => {
      expect(WebAssembly.validate(module)).to.equal(true);
      expect(WebAssembly.validate(meterModule(module, 256).bytes)).to.equal(true);
    });
  }

  it("rewrites the same module to the same bytes, and keeps none of its names", () => {
    const [first, second] = [meterModule(guest("fold"), 256), meterModule(guest("fold"), 256)];
    expect(Buffer.from(first.bytes).equals(Buffer.from(second.bytes))).to.equal(true);
    expect(Buffer.from(first.bytes).includes("_start")).to.equal(false);
  });

  it("has bounds that the engine accepts in full", () => {
    const parameters = Array<number>(bounds.parameters).fill(I64);
    const results = Array<number>(bounds.results).fill(I32);
    const code = [...repeat(bounds.results, op.i32(7))];
    const module = assemble({
      types: [[parameters, results]],
      functions: [
        [0, body([], [])],
        [1, body([[bounds.locals - bounds.parameters, I64]], code)],
      ],
      globals: Array.from({ length: bounds.globals }, () => [I32, 1, ...op.i32(0), 0x0b]),
      table: [bounds.tableEntries],
      pages: [1],
    });
    expect(WebAssembly.validate(meterModule(module, 65_536).bytes)).to.equal(true);
  });
});
