import { meterModule } from "../../../keepers/executors/wasm/meter.ts";

/** A module running in the test's own process, which lets tests compare it with and without metering. */
export type Running = { run(): void; readonly memory: Uint8Array; fuel: bigint };

export const plentyOfFuel = 10n ** 15n;

/** Ends a guest that calls `proc_exit`. */
export class Exit extends Error {}

function hostOf(memory: () => Uint8Array, input: Uint8Array, output: number[]): WebAssembly.ModuleImports {
  let offset = 0;
  const view = (): DataView => new DataView(memory().buffer);
  function ranges(pointer: number, count: number): [number, number][] {
    return Array.from({ length: count }, (_, index) => [
      view().getUint32(pointer + 8 * index, true),
      view().getUint32(pointer + 8 * index + 4, true),
    ]);
  }
  return {
    fd_read: (_: number, pointer: number, count: number, result: number) => {
      const before = offset;
      for (const [start, length] of ranges(pointer, count)) {
        const part = input.subarray(offset, offset + length);
        memory().set(part, start);
        offset += part.length;
      }
      view().setUint32(result, offset - before, true);
      return 0;
    },
    fd_write: (_: number, pointer: number, count: number, result: number) => {
      const before = output.length;
      for (const [start, length] of ranges(pointer, count)) output.push(...memory().subarray(start, start + length));
      view().setUint32(result, output.length - before, true);
      return 0;
    },
    proc_exit: () => {
      throw new Exit();
    },
  };
}

function instantiate(bytes: Uint8Array, input: Uint8Array, output: number[]): WebAssembly.Exports {
  const own: { memory?: WebAssembly.Memory } = {};
  const host = hostOf(() => new Uint8Array(own.memory?.buffer ?? new ArrayBuffer(0)), input, output);
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: host });
  const memory = exports.memory as WebAssembly.Memory | undefined;
  if (memory !== undefined) own.memory = memory;
  return exports;
}

/** The module as it is. */
export function runPlain(artifact: Uint8Array, input = new Uint8Array(), output: number[] = []): Running {
  const exports = instantiate(artifact, input, output);
  return running(exports, "_start", { value: 0n });
}

/** The module, metered, with plenty of fuel and call depth. */
export function runMetered(artifact: Uint8Array, input = new Uint8Array(), output: number[] = []): Running {
  const exports = instantiate(meterModule(artifact, 256).bytes, input, output);
  const fuel = exports.fuel as WebAssembly.Global<bigint>;
  fuel.value = plentyOfFuel;
  (exports.depth as WebAssembly.Global<number>).value = 16_384;
  return running(exports, "run", fuel);
}

function running(exports: WebAssembly.Exports, name: string, fuel: { value: bigint }): Running {
  return {
    run: exports[name] as () => void,
    get memory() {
      return new Uint8Array((exports.memory as WebAssembly.Memory | undefined)?.buffer ?? new ArrayBuffer(0));
    },
    get fuel() {
      return fuel.value;
    },
    set fuel(value) {
      fuel.value = value;
    },
  };
}

/** How a run ended: "ok", or the engine's words for the trap. */
export function endingOf(run: () => void): string {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof Exit) return "exit";
    if (error instanceof WebAssembly.RuntimeError) return error.message;
    throw error;
  }
}
