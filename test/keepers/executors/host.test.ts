import { expect } from "chai";
import { ExecutionStatus } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { hostFunctions } from "../../../keepers/executors/wasm/host-functions.ts";
import { costs } from "../../../keepers/executors/wasm/instructions.ts";
import { assemble, body, I32, I64, op, section, text } from "./assemble.ts";
import { ascii, limitsOf, taskOf } from "./fixtures.ts";

const executor = makeWasmExecutor();
const names = Object.keys(hostFunctions).filter((name) => name !== "proc_exit");
const parametersOf = (name: string): readonly number[] => hostFunctions[name] ?? [];

type Call = readonly [name: string, ...values: (number | bigint)[]];

const [success, badDescriptor, fault, notSeekable] = [0, 8, 21, 70];

/** Calls of the host and the error numbers that they return. Address 512 is free for results. */
const calls: readonly (readonly [Call, number])[] = [
  [["args_sizes_get", 512, 516], success],
  [["args_get", 512, 516], success],
  [["environ_sizes_get", 512, 516], success],
  [["environ_get", 512, 516], success],
  [["clock_res_get", 0, 512], success],
  [["clock_time_get", 1, 0n, 512], success],
  [["clock_time_get", 1, 0n, -8], fault],
  [["fd_fdstat_get", 1, 512], success],
  [["fd_fdstat_get", 3, 512], badDescriptor],
  [["fd_fdstat_get", 0, 65_530], fault],
  [["fd_fdstat_set_flags", 1, 0], success],
  [["fd_prestat_get", 3, 512], badDescriptor],
  [["fd_prestat_dir_name", 3, 512, 8], badDescriptor],
  [["fd_read", 1, 512, 0, 512], badDescriptor],
  [["fd_read", 0, 512, 0, 512], success],
  [["fd_write", 3, 512, 0, 512], badDescriptor],
  [["fd_write", 0, 512, 0, 512], badDescriptor],
  [["fd_seek", 1, 0n, 0, 512], notSeekable],
  [["fd_seek", 7, 0n, 0, 512], badDescriptor],
  [["fd_close", 1], success],
  [["fd_close", -1], badDescriptor],
  [["random_get", 512, 16], success],
  [["random_get", -4, 16], fault],
  [["sched_yield"], success],
];

const push = (value: number | bigint): number[] => (typeof value === "bigint" ? op.i64(value) : op.i32(value));

/** Types for the host's functions: one each, so that the type index is the function's place in the list + 1. */
const types = names.map((name) => [parametersOf(name), [I32]] as const);
const imports = names.map((name, index) => [name, index + 1] as const);

function write(from: number, length: number): number[] {
  const word = (at: number, value: number): number[] => [...op.i32(at), ...op.i32(value), 0x36, 2, 0];
  const call = [
    ...op.i32(1),
    ...op.i32(1_024),
    ...op.i32(1),
    ...op.i32(1_032),
    ...op.call(names.indexOf("fd_write")),
    op.drop,
  ];
  return [...word(1_024, from), ...word(1_028, length), ...call];
}

function program(list: readonly Call[]): Uint8Array {
  const code = list.flatMap(([name, ...values], index) => {
    const call = [...values.flatMap(push), ...op.call(names.indexOf(name))];
    return [...op.i32(index), ...call, 0x3a, 0, 0];
  });
  return assemble({ types, imports, functions: [[0, body([], [...code, ...write(0, list.length)])]], pages: [1] });
}

describe("The host of WASM guests", () => {
  it("offers every function that it lists, with the answers of a system without files", async () => {
    const { status, output } = await executor.execute(
      taskOf(program(calls.map(([call]) => call))),
      new Uint8Array(),
      limitsOf(),
    );
    expect(status).to.equal(ExecutionStatus.Success);
    calls.forEach(([call, expected], index) => expect(output[index], call.join(" ")).to.equal(expected));
    const called = new Set([...calls.map(([[name]]) => name), "proc_exit"]);
    expect([...called].sort()).to.deep.equal(Object.keys(hostFunctions).sort());
  });

  it("charges every call, and every byte that it moves", async () => {
    const run = (list: readonly Call[]) => executor.execute(taskOf(program(list)), new Uint8Array(), limitsOf());
    const idle: Call = ["sched_yield"];
    const [one, two] = [await run([idle]), await run([idle, idle])];
    const growth = BigInt((program([idle, idle]).length - program([idle]).length) * costs.moduleByte);
    const written = 1n; // one more byte of output: rounded up from a half
    const instructions = BigInt(costs.plain + costs.call + costs.memoryAccess);
    expect(two.usage - one.usage - growth - BigInt(costs.hostCall) - instructions).to.be.oneOf([0n, written]);
    const more = await run([["random_get", 512, 1_000]]);
    const less = await run([["random_get", 512, 500]]);
    expect(more.usage - less.usage).to.equal(500n * 8n);
  });

  it("runs a program of the shape that clang and wasi-libc emit", async () => {
    // A stack pointer, padded integers, a function table, constructors before main, text in data, custom sections.
    const padded = (value: number): number[] => [value | 0x80, 0x80, 0x80, 0x80, 0x00];
    const greeting = "hello from C\n";
    const stackPointer = [I32, 1, ...op.i32(66_560), 0x0b];
    const main = [
      0x23,
      ...padded(0),
      ...op.i32(16),
      0x6b,
      0x24,
      ...padded(0),
      ...write(2_048, greeting.length),
      ...op.i32(0),
    ];
    const start = [...op.i32(0), 0x11, ...padded(0), 0, 0x10, ...padded(names.length + 2), 0x04, 0x40, 0x00, 0x0b];
    const module = assemble({
      types: [...types, [[], [I32]]],
      imports,
      functions: [
        [0, body([], start)],
        [0, body([[1, I64]], [])],
        [names.length + 1, body([], main)],
      ],
      globals: [stackPointer],
      table: [1, 1],
      elements: [[0, ...op.i32(0), 0x0b, 1, names.length + 1]],
      pages: [2],
      data: [[0, ...op.i32(2_048), 0x0b, ...text(greeting)]],
    });
    const custom = ["name", "producers", "target_features"].flatMap((name) => section(0, [...text(name), 1, 2, 3]));
    const artifact = Uint8Array.from([...module, ...custom]);
    const { status, output } = await executor.execute(taskOf(artifact), ascii(""), limitsOf());
    expect([status, new TextDecoder().decode(output)]).to.deep.equal([ExecutionStatus.Success, greeting]);
  });
});
