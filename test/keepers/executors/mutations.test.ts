import { expect } from "chai";
import { ExecutionStatus } from "../../../keepers/executors/executor.ts";
import { BadModuleError } from "../../../keepers/executors/wasm/bad-module.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { meterModule } from "../../../keepers/executors/wasm/meter.ts";
import { ascii, guest, limitsOf, seededRandom, taskOf } from "./fixtures.ts";
import { makeProgram } from "./random-programs.ts";

/** Set ATOMA_WASM_MUTATIONS for longer runs. */
const mutations = Number(process.env.ATOMA_WASM_MUTATIONS ?? 10_000);
const executions = Math.ceil(mutations / 50);
const longestMs = 2_000;

/** Reasons to refuse a module that the engine itself takes: policy, not form. */
const policy =
  /not offered|Unsupported|Too many (?!operands)|at most|too high|nested deeper|_start|lies? outside|Import .* another type|only (memory|table) 0/;

type Random = () => number;

function mutate(module: Uint8Array, donor: Uint8Array, random: Random): Uint8Array {
  const at = random() % module.length;
  const length = 1 + (random() % 16);
  const copy = Uint8Array.from(module);
  const spliced = (insert: Uint8Array, remove: number): Uint8Array =>
    Uint8Array.from([...module.subarray(0, at), ...insert, ...module.subarray(at + remove)]);
  switch (random() % 7) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << (random() % 8));
      return copy;
    case 1:
      copy[at] = random() & 0xff;
      return copy;
    case 2:
      return spliced(new Uint8Array(), length);
    case 3:
      return spliced(
        Uint8Array.from({ length }, () => random() & 0xff),
        0,
      );
    case 4:
      return module.subarray(0, at);
    case 5: {
      const from = random() % donor.length;
      return spliced(donor.subarray(from, from + length), length);
    }
    default:
      copy[at] = [0x00, 0x0b, 0x0c, 0x0f, 0x20, 0x40, 0x7f, 0x80, 0xfc, 0xff][random() % 10] ?? 0;
      return copy;
  }
}

/** Checks and rewrites a module in this process; returns whether it was accepted. */
function meterSafely(module: Uint8Array, label: string): boolean {
  const isValid = WebAssembly.validate(module);
  const started = performance.now();
  try {
    const { bytes } = meterModule(module, 64);
    expect(isValid, `${label}: accepted, but the engine refuses it`).to.equal(true);
    expect(WebAssembly.validate(bytes), `${label}: the rewritten module is invalid`).to.equal(true);
    return true;
  } catch (error) {
    if (!(error instanceof BadModuleError)) throw new Error(`${label}: untyped error`, { cause: error });
    if (isValid) expect(error.message, `${label}: refused, but the engine takes it`).to.match(policy);
    return false;
  } finally {
    expect(performance.now() - started, label).to.be.lessThan(longestMs);
  }
}

describe(`${mutations} mutated modules`, () => {
  const originals = [guest("fold"), guest("tune"), guest("bench-sort"), makeProgram(1).module, makeProgram(2).module];
  const accepted: Uint8Array[] = [];
  const random = seededRandom(2_024);
  const pick = (): Uint8Array => originals[random() % originals.length] ?? new Uint8Array();

  it("are accepted only if the engine accepts them, before and after rewriting, and else refused with a named error", () => {
    for (let index = 0; index < mutations; index++) {
      let module = mutate(pick(), pick(), random);
      if (random() % 4 === 0 && module.length > 0) module = mutate(module, pick(), random);
      if (meterSafely(module, `mutation ${index}`)) accepted.push(module);
    }
    console.log(`      ${accepted.length} accepted, ${mutations - accepted.length} refused`);
    expect(accepted.length).to.be.within(mutations / 20, mutations * 0.95);
  });

  it("end in children as results, at equal fuel when run again", async () => {
    const executor = makeWasmExecutor();
    const limits = limitsOf({ fuel: 3_000_000n, memoryBytes: 4 * 2 ** 20, callDepth: 256 });
    const counts = new Map<number, number>();
    const queue = Array.from({ length: executions }, (_, index) => accepted[(index * 7_919) % accepted.length]);
    const known = Object.values<number>(ExecutionStatus);
    async function worker(): Promise<void> {
      for (let module = queue.pop(); module !== undefined; module = queue.pop()) {
        const run = () => executor.execute(taskOf(module as Uint8Array), ascii("HPHPPHHPHH:900"), limits);
        const result = await run();
        expect(known).to.include(result.status);
        if (queue.length % 10 === 0) expect(await run()).to.deep.equal(result);
        counts.set(result.status, (counts.get(result.status) ?? 0) + 1);
      }
    }
    await Promise.all([worker(), worker()]);
    const names = Object.entries(ExecutionStatus).map(([name, status]) => `${counts.get(status) ?? 0} ${name}`);
    console.log(`      ${executions} executed: ${names.join(", ")}`);
    expect(counts.size).to.be.greaterThan(2);
  });
});
