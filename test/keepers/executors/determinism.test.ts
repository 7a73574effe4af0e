import { expect } from "chai";
import { ExecutionStatus, type ExecutionLimits, type ExecutionResult } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor, runtimeDigest } from "../../../keepers/executors/wasm/executor.ts";
import { findSandbox } from "../../../keepers/executors/wasm/sandbox.ts";
import { assemble, body, I64, op } from "./assemble.ts";
import { ascii, guest, limitsOf, taskOf } from "./fixtures.ts";
import { makeProgram } from "./random-programs.ts";

/** Ways in which engines and machines differ: compilers, tiers, threads, how memory is guarded. */
const engines: readonly (readonly string[])[] = [
  [],
  ["--liftoff-only"],
  ["--no-liftoff"],
  ["--no-wasm-dynamic-tiering"],
  ["--no-wasm-lazy-compilation", "--no-liftoff"],
  ["--single-threaded"],
  ["--wasm-enforce-bounds-checks"],
  ["--no-wasm-inlining", "--no-wasm-loop-unrolling", "--no-wasm-loop-peeling"],
  ["--no-enable-avx", "--no-enable-sse4-1"],
];

type Case = readonly [
  name: string,
  artifact: Uint8Array,
  input: Uint8Array,
  limits: ExecutionLimits,
  status: ExecutionStatus,
];

/** Functions whose frames are as large as they may be, calling each other. */
function largestFrames(): Uint8Array {
  const operands = Array.from({ length: 1_900 }, (_, index) => op.i64(BigInt(index))).flat();
  const code = [...operands, ...op.call(0), ...Array<number>(1_900).fill(op.drop)];
  return assemble({ functions: [[0, body([[2_000, I64]], code)]] });
}

function cases(): readonly Case[] {
  const { Success, SuccessLong, OutOfFuel, CallDepth, BadInput } = ExecutionStatus;
  const deep = limitsOf({ callDepth: 16_384 });
  const recursion = assemble({ functions: [[0, body([[5, I64]], op.call(0))]] });
  return [
    ["a fold", guest("fold"), ascii("HPHPPHHPHPPHPHHPPHPH"), limitsOf(), Success],
    [
      "a fold that runs out of fuel",
      guest("fold"),
      ascii("HPHPPHHPHPPHPHHPPHPH"),
      limitsOf({ fuel: 77_777_777n }),
      OutOfFuel,
    ],
    ["refused input", guest("tune"), ascii("?"), limitsOf(), BadInput],
    [
      "matrices of floating-point numbers",
      guest("bench-matmul"),
      ascii(""),
      limitsOf({ maxOutputBytes: 8 }),
      SuccessLong,
    ],
    ["a fractal", guest("bench-mandelbrot"), ascii(""), limitsOf(), Success],
    ["sorting", guest("bench-sort"), ascii(""), limitsOf(), Success],
    ["hashing", guest("bench-sha256"), ascii(""), limitsOf({ fuel: 20_000_000_000n }), Success],
    ["a random program", makeProgram(5).module, ascii(""), limitsOf(), Success],
    ["deep recursion", recursion, ascii(""), deep, CallDepth],
    ["deep recursion of the largest frames", largestFrames(), ascii(""), deep, CallDepth],
  ];
}

describe("WASM executions are equal", () => {
  const expected = new Map<string, ExecutionResult>();

  for (const flags of engines) {
    it(`on an engine with ${flags.join(" ") || "its usual settings"}`, async () => {
      const executor = makeWasmExecutor({ sandbox: findSandbox(flags) });
      for (const [name, artifact, input, limits, status] of cases()) {
        const result = await executor.execute(taskOf(artifact), input, limits);
        if (!expected.has(name)) expected.set(name, result);
        expect(result, name).to.deep.equal(expected.get(name));
        expect(result.status, name).to.equal(status);
      }
    });
  }

  it("to what was found before: a change here is a new runtime, or a new version of the guest", async () => {
    const executor = makeWasmExecutor();
    const { usage, output } = await executor.execute(taskOf(guest("fold")), ascii("HPHPPHHPHP:5000"), limitsOf());
    const directions = Buffer.from(output.subarray(160)).toString("latin1").replaceAll("\0", "");
    expect({ usage, directions, runtime: runtimeDigest() }).to.deep.equal(pinned);
  });
});

const pinned = {
  usage: 1_383_041n,
  directions: "RRRULULDL",
  runtime: "0xa85f3249f45c7707728ee504e86e6521938a6dd02ede0610cb1b9e09e78d3336",
};
