import { expect } from "chai";
import { createHash } from "node:crypto";
import { ExecutionStatus, type ExecutionLimits, type ExecutionResult } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { costs } from "../../../keepers/executors/wasm/instructions.ts";
import { assemble, body, hostTypeList, hostTypes, I32, I64, leb, op, writerModule, type Source } from "./assemble.ts";
import { limitsOf, taskOf } from "./fixtures.ts";

const executor = makeWasmExecutor();

function run(
  module: Uint8Array,
  limits: Partial<ExecutionLimits> = {},
  input = new Uint8Array(),
): Promise<ExecutionResult> {
  return executor.execute(taskOf(module), input, limitsOf({ fuel: 200_000_000n, ...limits }));
}

/** Runs a module twice and expects a failure with the same usage both times. */
async function expectFailure(
  module: Uint8Array,
  status: ExecutionStatus,
  limits: Partial<ExecutionLimits> = {},
): Promise<bigint> {
  const [first, second] = [await run(module, limits), await run(module, limits)];
  expect(first).to.deep.equal({ status, usage: first.usage, output: new Uint8Array() });
  expect(second).to.deep.equal(first);
  return first.usage;
}

const single = (
  code: readonly number[],
  more: Partial<Source> = {},
  locals: readonly (readonly [number, number])[] = [],
): Uint8Array => assemble({ functions: [[0, body(locals, code)]], ...more });

describe("Attacks on the WASM executor", () => {
  describe("endless work", () => {
    const loops: Readonly<Record<string, Uint8Array>> = {
      "an endless loop": single(op.forever),
      "an endless loop in the start function": assemble({
        functions: [
          [0, body([], [])],
          [0, body([], op.forever)],
        ],
        start: 1,
      }),
      "an endless loop with a conditional branch": single([0x03, 0x40, ...op.i32(1), ...op.brIf(0), 0x0b]),
      "an endless loop by a branch table": single([0x03, 0x40, ...op.i32(9), 0x0e, 1, 0, 0, 0x0b]),
      "two functions that fill the time by calls": assemble({
        functions: [
          [0, body([], [0x03, 0x40, ...op.call(1), ...op.br(0), 0x0b])],
          [0, body([], [])],
        ],
      }),
    };
    for (const [name, module] of Object.entries(loops)) {
      it(`ends ${name} when the fuel is gone`, async () => {
        expect(await expectFailure(module, ExecutionStatus.OutOfFuel)).to.equal(200_000_000n);
      });
    }

    it("charges bulk operations by their size, before they are done", async () => {
      const megabyte = 1 << 20;
      const fill = (times: number): Uint8Array =>
        single(
          Array.from({ length: times }, () => [...op.i32(0), ...op.i32(0), ...op.i32(megabyte), 0xfc, 11, 0]).flat(),
          { pages: [16] },
        );
      const [one, two] = [await run(fill(1)), await run(fill(2))];
      const instruction = 3 * costs.plain + costs.bulk;
      const bytes = fill(2).length - fill(1).length;
      expect(two.usage - one.usage - BigInt(bytes * costs.moduleByte)).to.equal(
        BigInt(megabyte / costs.bulkBytesPerUnit + instruction),
      );
      await expectFailure(
        single([0x03, 0x40, ...op.i32(0), ...op.i32(0), ...op.i32(megabyte), 0xfc, 11, 0, 0x0c, 0, 0x0b], {
          pages: [16],
        }),
        ExecutionStatus.OutOfFuel,
      );
    });

    it("traps bulk operations of giant length at once", async () => {
      for (const code of [
        [0xfc, 11, 0],
        [0xfc, 10, 0, 0],
      ]) {
        const module = single([...op.i32(0), ...op.i32(0), ...op.i32(-1), ...code], { pages: [1] });
        await expectFailure(module, ExecutionStatus.Trap, { fuel: 2_000_000_000n });
        await expectFailure(module, ExecutionStatus.OutOfFuel, { fuel: 1_000_000_000n });
      }
    });
  });

  describe("memory", () => {
    it("refuses growth beyond the limit and tells a program that gives up from one that goes on", async () => {
      const grow = (delta: number): number[] => [...op.i32(delta), 0x40, 0];
      const bomb = single([0x03, 0x40, ...grow(64), ...op.i32(-1), 0x46, 0x04, 0x40, 0x00, 0x0b, 0x0c, 0, 0x0b], {
        pages: [1],
      });
      await expectFailure(bomb, ExecutionStatus.OutOfMemory);
      const modest = single([...grow(100_000), ...op.i32(-1), 0x47, 0x04, 0x40, 0x00, 0x0b], { pages: [1] });
      expect((await run(modest)).status).to.equal(ExecutionStatus.Success);
    });

    it("charges each page of growth", async () => {
      const grow = (delta: number): Uint8Array => single([...op.i32(delta), 0x40, 0, op.drop], { pages: [1] });
      const [few, more] = [await run(grow(10)), await run(grow(20))];
      expect(more.usage - few.usage).to.equal(BigInt(10 * costs.page));
    });

    it("refuses a module that starts with more memory than the limit, and one whose limits make no sense", async () => {
      await expectFailure(single([], { pages: [65_536] }), ExecutionStatus.OutOfMemory);
      await expectFailure(single([], { pages: [65_537] }), ExecutionStatus.BadModule);
      await expectFailure(single([], { pages: [2, 1] }), ExecutionStatus.BadModule);
    });

    it("lets a program use all the memory it may", async () => {
      const last = 256 * 65_536 - 4;
      const module = single([...op.i32(255), 0x40, 0, op.drop, ...op.i32(last), ...op.i32(1), 0x36, 2, 0], {
        pages: [1],
      });
      expect((await run(module)).status).to.equal(ExecutionStatus.Success);
      await expectFailure(
        single([...op.i32(last + 1), ...op.i32(1), 0x36, 2, 0], { pages: [256] }),
        ExecutionStatus.Trap,
      );
    });
  });

  describe("recursion", () => {
    const many = (count: number): readonly (readonly [number, number])[] => [[count, I64]];
    const direct = (locals: number): Uint8Array => assemble({ functions: [[0, body(many(locals), op.call(0))]] });
    const indirect = assemble({
      functions: [[0, body([], [...op.i32(0), 0x11, 0, 0])]],
      table: [1],
      elements: [[0, ...op.i32(0), 0x0b, 1, 0]],
    });
    const mutual = assemble({
      functions: [
        [0, body(many(3), op.call(1))],
        [0, body(many(7), op.call(0))],
      ],
    });

    it("stops calls that are nested too deep, whatever their frames, at equal fuel", async () => {
      for (const module of [direct(0), direct(100), direct(2_000), indirect, mutual]) {
        for (const callDepth of [1, 1_024, 16_384])
          await expectFailure(module, ExecutionStatus.CallDepth, { callDepth });
      }
    });

    it("never lets the engine's stack overflow first, even with full operand stacks and frames", async () => {
      const operands = Array.from({ length: 1_900 }, (_, index) => op.i64(BigInt(index))).flat();
      const results = Array<number>(16).fill(I64);
      const deep = [...operands, ...op.call(1), ...Array<number>(1_900 + 16).fill(op.drop)];
      const wide = [...operands, ...op.call(1), ...Array<number>(1_900).fill(op.drop)];
      const types: Source["types"] = [[[], results]];
      const module = assemble({
        types,
        functions: [
          [0, body([], deep)],
          [1, body(many(2_000), wide)],
        ],
      });
      await expectFailure(module, ExecutionStatus.CallDepth, { callDepth: 16_384 });
    });

    it("allows nesting up to the limit", async () => {
      const countDown = [...op.get(0), 0x04, 0x40, ...op.get(0), ...op.i32(1), 0x6b, ...op.call(1), 0x0b];
      const module = (depth: number): Uint8Array =>
        assemble({
          types: [[[I32], []]],
          functions: [
            [0, body([], [...op.i32(depth), ...op.call(1)])],
            [1, body([], countDown)],
          ],
        });
      expect((await run(module(1_000), { callDepth: 1_024 })).status).to.equal(ExecutionStatus.Success);
      expect((await run(module(1_100), { callDepth: 1_024 })).status).to.equal(ExecutionStatus.CallDepth);
    });
  });

  describe("sources of difference", () => {
    it("shows one NaN only, however it is made", async () => {
      const bits = [...op.i32(0), ...op.i32(0), 0xb2, ...op.i32(0), 0xb2, 0x95, 0x38, 2, 0]; // 0/0 as f32
      const quiet = [...op.i32(4), 0x43, 1, 0, 0xa0, 0xff, 0x43, 0, 0, 0x80, 0x3f, 0x92, 0x38, 2, 0]; // sNaN + 1
      const wide = [...op.i32(8), 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf, 0x9f, 0x39, 3, 0]; // sqrt(-1) as f64
      const demoted = [...op.i32(16), 0x44, 9, 0, 0, 0, 0, 0, 0xf8, 0xff, 0xb6, 0x38, 2, 0];
      const { output } = await run(writerModule([...bits, ...quiet, ...wide, ...demoted], 0, 20));
      expect(Buffer.from(output).toString("hex")).to.equal("0000c07f" + "0000c07f" + "000000000000f87f" + "0000c07f");
    });

    it("keeps the bits of NaNs that a program only moves", async () => {
      const moved = [...op.i32(0), 0x43, 0x78, 0x56, 0xb4, 0xff, 0x38, 2, 0];
      const { output } = await run(writerModule(moved, 0, 4));
      expect(Buffer.from(output).toString("hex")).to.equal("7856b4ff");
    });

    it("stops the clock", async () => {
      const imports: Source["imports"] = [
        ["fd_write", hostTypes.transfer],
        ["clock_time_get", hostTypes.clock],
      ];
      const read = [
        ...op.i32(0),
        ...op.i64(-1n),
        0x37,
        3,
        0,
        ...op.i32(0),
        ...op.i64(0n),
        ...op.i32(0),
        ...op.call(1),
        op.drop,
      ];
      const { output } = await run(writerModule(read, 0, 8, { imports }));
      expect([...output]).to.deep.equal(Array(8).fill(0));
    });

    it("gives random bytes that depend on the input and nothing else", async () => {
      const imports: Source["imports"] = [
        ["fd_write", hostTypes.transfer],
        ["random_get", hostTypes.pair],
      ];
      const module = writerModule([...op.i32(0), ...op.i32(64), ...op.call(1), op.drop], 0, 64, { imports });
      const outputs = await Promise.all(
        ["a", "a", "b"].map((input) => run(module, {}, new TextEncoder().encode(input))),
      );
      const [first, again, other] = outputs.map(({ output }) => Buffer.from(output).toString("hex"));
      expect(first).to.equal(again).and.not.equal(other);
      expect(new Set(first?.match(/../g)).size).to.be.greaterThan(40);
      expect(
        createHash("sha256")
          .update(first ?? "")
          .digest("hex"),
      ).to.equal("a2ae858d62bd9d2102b0e4630f672a8d6912a6046ec8e237dc26bc596ab0d4db");
    });
  });

  describe("input and output", () => {
    it("ends a program that writes without end", async () => {
      const vectorAt = 1_024;
      const once = [...op.i32(1), ...op.i32(vectorAt), ...op.i32(1), ...op.i32(vectorAt + 8), ...op.call(0), op.drop];
      const code = [...op.i32(vectorAt + 4), ...op.i32(60_000), 0x36, 2, 0, 0x03, 0x40, ...once, 0x0c, 0, 0x0b];
      await expectFailure(writerModule(code, 0, 0), ExecutionStatus.OutputTooLong);
      const nothing = [...op.i32(vectorAt + 4), ...op.i32(0), 0x36, 2, 0, 0x03, 0x40, ...once, 0x0c, 0, 0x0b];
      await expectFailure(writerModule(nothing, 0, 0), ExecutionStatus.OutOfFuel);
    });

    it("discards what goes to standard error, for fuel", async () => {
      const vectorAt = 1_024;
      const once = [...op.i32(2), ...op.i32(vectorAt), ...op.i32(1), ...op.i32(vectorAt + 8), ...op.call(0), op.drop];
      const { status, output } = await run(
        writerModule([...op.i32(vectorAt + 4), ...op.i32(500), 0x36, 2, 0, ...once], 0, 3),
      );
      expect([status, output.length]).to.deep.equal([ExecutionStatus.Success, 3]);
    });

    it("takes large inputs and outputs, and refuses larger ones by status", async () => {
      const megabytes = 4 * 2 ** 20;
      const at = 32;
      const words = [...op.i32(0), ...op.i32(65_536), 0x36, 2, 0, ...op.i32(4), ...op.i32(megabytes), 0x36, 2, 0];
      const copy = [0, 1].flatMap((way) => [
        ...op.i32(way),
        ...op.i32(0),
        ...op.i32(1),
        ...op.i32(at),
        ...op.call(way),
        op.drop,
      ]);
      const module = assemble({
        types: hostTypeList,
        imports: [
          ["fd_read", hostTypes.transfer],
          ["fd_write", hostTypes.transfer],
        ],
        functions: [[0, body([], [...words, ...copy])]],
        pages: [66],
      });
      const input = Uint8Array.from({ length: megabytes }, (_, index) => index % 251);
      const result = await run(module, { hardOutputBytes: megabytes, maxOutputBytes: 32 }, input);
      expect(result.status).to.equal(ExecutionStatus.SuccessLong);
      expect(Buffer.from(result.output).equals(Buffer.from(input))).to.equal(true);
      const tooLong = await run(module, {}, new Uint8Array(16 * 2 ** 20 + 1));
      expect(tooLong).to.deep.equal({ status: ExecutionStatus.BadInput, usage: 0n, output: new Uint8Array() });
    });

    it("answers pointers outside the memory with an error number, not with a crash", async () => {
      for (const [pointer, count] of [
        [-1, 1],
        [65_532, 1],
        [0, -1],
        [0, 2_000],
        [1_024, 1_024],
      ] as const) {
        const code = [
          ...op.i32(0),
          ...op.i32(1),
          ...op.i32(pointer),
          ...op.i32(count),
          ...op.i32(-4),
          ...op.call(0),
          0x36,
          2,
          0,
        ];
        const { status, output } = await run(writerModule(code, 0, 4));
        expect([status, output[0]], `${pointer}, ${count}`).to.deep.equal([
          ExecutionStatus.Success,
          count < 0 || count === 2_000 ? 28 : 21,
        ]);
      }
    });

    it("tells apart the exit codes 0, 2 and others", async () => {
      const exit = (code: number): Uint8Array =>
        assemble({
          types: hostTypeList,
          imports: [["proc_exit", hostTypes.exit]],
          functions: [[0, body([], [...op.i32(code), ...op.call(0)])]],
        });
      const statuses = await Promise.all([0, 2, 1, -1].map(async (code) => (await run(exit(code))).status));
      expect(statuses).to.deep.equal([
        ExecutionStatus.Success,
        ExecutionStatus.BadInput,
        ExecutionStatus.Trap,
        ExecutionStatus.Trap,
      ]);
    });
  });

  describe("traps", () => {
    const traps: Readonly<Record<string, readonly number[]>> = {
      unreachable: [0x00],
      "a division by zero": [...op.i32(1), ...op.i32(0), 0x6d, op.drop],
      "an overflowing division": [...op.i32(-(2 ** 31)), ...op.i32(-1), 0x6d, op.drop],
      "a truncated NaN": [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0xaa, op.drop],
      "a load outside the memory": [...op.i32(-1), 0x28, 2, ...leb(0xffffffff), op.drop],
      "an indirect call of nothing": [...op.i32(0), 0x11, 0, 0],
      "an indirect call outside the table": [...op.i32(-1), 0x11, 0, 0],
    };
    for (const [name, code] of Object.entries(traps)) {
      it(`reports ${name} with the fuel used`, async () => {
        const module = single(code, { pages: [1], table: [2] });
        const usage = await expectFailure(module, ExecutionStatus.Trap);
        expect(usage > BigInt(module.length * costs.moduleByte + costs.page) && usage < 20_000n, `${usage}`).to.equal(
          true,
        );
      });
    }
  });

  it("charges for branches over many values before they are compiled", async () => {
    const branches = Array.from({ length: 1_000 }, () => [...op.i32(1), ...op.brIf(0)]).flat();
    const bomb = body([[2_000, I64]], branches);
    const calls = Array.from({ length: 50 }, (_, index) => op.call(index + 1)).flat();
    const module = assemble({
      functions: [[0, body([], calls)], ...Array.from({ length: 50 }, () => [0, bomb] as const)],
    });
    const merged = 50n * 1_000n * 2_000n * BigInt(costs.mergedValue);
    expect(await expectFailure(module, ExecutionStatus.OutOfFuel, { fuel: merged })).to.equal(merged);
  });

  it("charges for the artifact's size and initial memory before anything runs", async () => {
    const module = single([], { pages: [3] });
    const start = BigInt(module.length * costs.moduleByte + 3 * costs.page);
    expect((await run(module)).usage).to.equal(start);
    expect((await run(module, { fuel: start })).status).to.equal(ExecutionStatus.Success);
    expect(await expectFailure(module, ExecutionStatus.OutOfFuel, { fuel: start - 1n })).to.equal(start - 1n);
  });
});
