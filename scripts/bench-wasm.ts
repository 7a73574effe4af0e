/**
 * Measures the WASM executor: what metering costs against the same module unmetered in the same engine, how fast fuel
 * burns, how long rewriting and a whole execution of an empty program take. `--json` prints one line.
 */
import { readFileSync } from "node:fs";
import { makeWasmExecutor } from "../keepers/executors/wasm/executor.ts";
import { sha256 } from "../keepers/runtime/sha256.ts";
import { meterModule } from "../keepers/executors/wasm/meter.ts";

const rounds = 9;
const coldStarts = 21;
const memoryPages = 256;
const plentyOfFuel = 2n ** 60n;

/** Programs and their inputs. */
const programs: Readonly<Record<string, Uint8Array>> = {
  fold: new TextEncoder().encode("HHPPHPPHPPHPPHPPHPPHPPHH:1000000"),
  tune: tuneInput(1_024),
  "bench-calls": new Uint8Array(),
  "bench-mandelbrot": new Uint8Array(),
  "bench-matmul": new Uint8Array(),
  "bench-sha256": new Uint8Array(),
  "bench-sort": new Uint8Array(),
};

type Prepared = { readonly module: WebAssembly.Module; readonly entry: string; readonly isMetered: boolean };
type Run = { readonly timeMs: number; readonly output: string; readonly fuel: bigint };

function tuneInput(samples: number): Uint8Array {
  const wad = 10n ** 18n;
  const head = [(wad * 8n) / 10n, wad / 100n, wad / 25n, (wad * 6n) / 10n, (wad * 8n) / 10n, 192n, BigInt(samples)];
  const history = Array.from({ length: samples }, (_, index) => (wad * BigInt(60 + ((index * 7) % 40))) / 100n);
  return Buffer.from([...head, ...history].map((word) => word.toString(16).padStart(64, "0")).join(""), "hex");
}

/** The host's read and write for one run; nothing is charged here, so that both variants have the same host. */
function makeHost(memory: () => ArrayBuffer, input: Uint8Array, output: Uint8Array[]): WebAssembly.ModuleImports {
  let offset = 0;
  const vectorAt = (pointer: number): Uint8Array => {
    const view = new DataView(memory());
    return new Uint8Array(memory(), view.getUint32(pointer, true), view.getUint32(pointer + 4, true));
  };
  const count = (pointer: number, value: number): number => {
    new DataView(memory()).setUint32(pointer, value, true);
    return 0;
  };
  function fd_read(_: number, vectors: number, __: number, result: number): number {
    const target = vectorAt(vectors);
    const part = input.subarray(offset, offset + target.length);
    target.set(part);
    offset += part.length;
    return count(result, part.length);
  }
  function fd_write(_: number, vectors: number, __: number, result: number): number {
    const source = vectorAt(vectors);
    output.push(source.slice());
    return count(result, source.length);
  }
  return { fd_read, fd_write, proc_exit: () => undefined };
}

function runOnce({ module, entry, isMetered }: Prepared, input: Uint8Array): Run {
  const output: Uint8Array[] = [];
  const memory = (): ArrayBuffer => (exports.memory as WebAssembly.Memory).buffer;
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: makeHost(memory, input, output) });
  const fuel = exports.fuel as WebAssembly.Global<bigint>;
  if (isMetered) {
    fuel.value = plentyOfFuel;
    (exports.depth as WebAssembly.Global<number>).value = 16_384;
  }
  const started = performance.now();
  (exports[entry] as () => void)();
  const timeMs = performance.now() - started;
  const used = isMetered ? plentyOfFuel - fuel.value : 0n;
  return { timeMs, output: Buffer.concat(output).toString("hex"), fuel: used };
}

/** The fastest of several runs of each variant, taken in turns so that both see the same machine. */
function compare(name: string, input: Uint8Array) {
  const artifact = new Uint8Array(readFileSync(new URL(`../build/guests/${name}.wasm`, import.meta.url)));
  const plain = { module: new WebAssembly.Module(artifact), entry: "_start", isMetered: false };
  const rewriteStarted = performance.now();
  const { bytes } = meterModule(artifact, memoryPages);
  const rewriteMs = performance.now() - rewriteStarted;
  const metered = { module: new WebAssembly.Module(bytes), entry: "run", isMetered: true };
  let [plainMs, meteredMs, fuel] = [Infinity, Infinity, 0n];
  for (let round = 0; round < rounds; round++) {
    const [without, withMeter] = [runOnce(plain, input), runOnce(metered, input)];
    if (without.output !== withMeter.output) throw new Error(`${name} gives another output when metered`);
    plainMs = Math.min(plainMs, without.timeMs);
    meteredMs = Math.min(meteredMs, withMeter.timeMs);
    fuel = withMeter.fuel;
  }
  const fuelPerSecond = Number(fuel) / (meteredMs / 1_000);
  const grownBy = bytes.length / artifact.length;
  return {
    name: name.replace("bench-", ""),
    plainMs,
    meteredMs,
    ratio: meteredMs / plainMs,
    fuelPerSecond,
    rewriteMs,
    grownBy,
  };
}

/** Median time of a whole execution of a program that does nothing, the module's rewriting cached. */
async function measureColdStart(): Promise<number> {
  const executor = makeWasmExecutor();
  const artifact = Uint8Array.from(
    Buffer.from("0061736d010000000104016000000302010007" + "0a01065f73746172740000" + "0a040102000b", "hex"),
  );
  const limits = {
    fuel: 10n ** 9n,
    memoryBytes: 2 ** 20,
    maxOutputBytes: 32,
    hardOutputBytes: 32,
    callDepth: 16,
    timeoutMs: 10_000,
  };
  const times: number[] = [];
  for (let index = 0; index < coldStarts; index++) {
    const started = performance.now();
    const { status } = await executor.execute({ artifact, artifactDigest: sha256(artifact) }, new Uint8Array(), limits);
    if (status !== 0) throw new Error(`The empty program ended with status ${status}`);
    if (index > 0) times.push(performance.now() - started); // the first one also looks for the sandbox
  }
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

const results = Object.entries(programs).map(([name, input]) => compare(name, input));
const geometricMean = Math.exp(results.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / results.length);
const coldStartMs = await measureColdStart();
const round = (value: number): number => Math.round(value * 100) / 100;
if (process.argv.includes("--json")) {
  const ratios = Object.fromEntries(results.map(({ name, ratio }) => [name, round(ratio)]));
  console.log(JSON.stringify({ geometricMean: round(geometricMean), coldStartMs: round(coldStartMs), ratios }));
} else {
  console.table(
    Object.fromEntries(
      results.map(({ name, plainMs, meteredMs, ratio, fuelPerSecond, rewriteMs, grownBy }) => [
        name,
        {
          "plain ms": round(plainMs),
          "metered ms": round(meteredMs),
          ratio: round(ratio),
          "G fuel/s": round(fuelPerSecond / 1e9),
          "rewrite ms": round(rewriteMs),
          "size x": round(grownBy),
        },
      ]),
    ),
  );
  console.log(`Geometric mean of the ratios: ${round(geometricMean)} (aim: 1.5 at most)`);
  console.log(`Cold start of an empty program, median: ${round(coldStartMs)} ms (aim: below 60)`);
}
