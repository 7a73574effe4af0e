import { demand } from "./bad-module.ts";
import { pageBytes } from "./bounds.ts";
import { checkFunction } from "./check-function.ts";
import { costs, i32, i64 } from "./instructions.ts";
import { sectionIds, type Module } from "./module.ts";
import { entryFunction, parseModule } from "./parse.ts";
import { makeReader } from "./reader.ts";
import { rewriteFunction, writeBulk, writeGrow, type Additions } from "./rewrite-function.ts";
import { makeWriter, type Writer } from "./writer.ts";

/** A module that counts its own fuel. */
export type MeteredModule = {
  /** Exports `run`, `fuel`, `depth`, `state` and, where the guest has one, `memory`. */
  readonly bytes: Uint8Array;
  /** Fuel for compiling the artifact and zeroing its initial memory. */
  readonly startFuel: bigint;
  readonly initialPages: number;
};

/**
 * Checks a guest module and rewrites it so that it meters itself. Memory beyond `maximumPages` (64 KiB each) is
 * refused to the guest. The same bytes give the same module everywhere.
 * @throws BadModuleError, and nothing else, for every module that cannot be run.
 */
export function meterModule(artifact: Uint8Array, maximumPages: number): MeteredModule {
  const module = parseModule(artifact);
  const entry = entryFunction(module);
  const plans = module.bodies.map((_, index) => checkFunction(module, index));
  const initialPages = module.memory?.minimum ?? 0;
  const largest = Math.max(initialPages, Math.min(maximumPages, module.memory?.maximum ?? maximumPages));
  const additions = additionsTo(module);
  const codes = makeWriter(artifact.length * 3);
  for (const plan of plans) rewriteFunction(codes, artifact, plan, additions);
  writeEntry(codes, module.startFunction, entry);
  writeBulk(codes, additions.fuel, 1, costs.bulkBytesPerUnit);
  writeBulk(codes, additions.fuel, costs.tableEntry, 1);
  if (module.memory !== undefined) writeGrow(codes, additions, largest);
  const bytes = assemble(module, additions, codes, largest);
  const merges = plans.reduce((sum, plan) => sum + plan.merges, 0);
  const compilation = artifact.length * costs.moduleByte + merges * costs.mergedValue;
  const startFuel = BigInt(compilation + initialPages * costs.page);
  return { bytes, startFuel, initialPages };
}

function additionsTo(module: Module): Additions {
  const global = module.globals.length;
  const entry = module.functions.length;
  const functions = { bulkBytes: entry + 1, bulkEntries: entry + 2, grow: entry + 3 };
  return { fuel: global, depth: global + 1, state: global + 2, ...functions };
}

/** The function that the host calls: the module's start function, then its entry. */
function writeEntry(out: Writer, start: number | undefined, entry: number): void {
  const code = makeWriter();
  code.u8(0);
  for (const index of start === undefined ? [entry] : [start, entry]) (code.u8(0x10), code.u32(index));
  code.u8(0x0b);
  out.sized(code.view());
}

function assemble(module: Module, additions: Additions, codes: Writer, maximumPages: number): Uint8Array {
  const out = makeWriter(codes.view().length + module.bytes.length + 256);
  const helpers = module.memory === undefined ? 3 : 4;
  const types = module.types.length;

  function section(id: number, content: Writer): void {
    out.u8(id);
    out.sized(content.view());
  }

  /** Copies a section with items added behind its own. */
  function extend(id: number, count: number, items: Writer): void {
    const reader = sectionReader(module, id);
    const content = makeWriter();
    content.u32((reader?.u32() ?? 0) + count);
    if (reader !== undefined) content.bytes(module.bytes.subarray(reader.position(), module.sections.get(id)?.end));
    content.bytes(items.view());
    section(id, content);
  }

  function copy(id: number): void {
    const content = module.sections.get(id);
    if (content === undefined) return;
    out.u8(id);
    out.sized(module.bytes.subarray(content.start, content.end));
  }

  out.u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  extend(
    sectionIds.type,
    2,
    written((items) => items.u8(0x60, 0, 0, 0x60, 1, i32, 1, i32)),
  );
  copy(sectionIds.import);
  extend(
    sectionIds.function,
    helpers,
    written((items) => {
      for (let index = 0; index < helpers; index++) items.u32(index === 0 ? types : types + 1);
    }),
  );
  copy(sectionIds.table);
  if (module.memory !== undefined) section(sectionIds.memory, memorySection(module.memory.minimum, maximumPages));
  extend(
    sectionIds.global,
    3,
    written((items) => items.u8(i64, 1, 0x42, 0, 0x0b, i32, 1, 0x41, 0, 0x0b, i32, 1, 0x41, 0, 0x0b)),
  );
  section(sectionIds.export, exportSection(module, additions));
  copy(sectionIds.element);
  copy(sectionIds.dataCount);
  section(
    sectionIds.code,
    written((content) => {
      content.u32(module.bodies.length + helpers);
      content.bytes(codes.view());
    }),
  );
  copy(sectionIds.data);
  return out.view();
}

function written(write: (writer: Writer) => void): Writer {
  const writer = makeWriter();
  write(writer);
  return writer;
}

function sectionReader(module: Module, id: number) {
  const section = module.sections.get(id);
  return section === undefined ? undefined : makeReader(module.bytes, section.start, section.end);
}

function memorySection(minimum: number, maximum: number): Writer {
  demand(maximum * pageBytes <= 2 ** 32, "Memory larger than 4 GiB");
  return written((content) => {
    content.u8(1, 1);
    content.u32(minimum);
    content.u32(maximum);
  });
}

function exportSection(module: Module, { fuel, depth, state }: Additions): Writer {
  const entries: [string, number, number][] = [
    ["run", 0, module.functions.length],
    ["fuel", 3, fuel],
    ["depth", 3, depth],
    ["state", 3, state],
  ];
  if (module.memory !== undefined) entries.push(["memory", 2, 0]);
  return written((content) => {
    content.u32(entries.length);
    for (const [name, kind, index] of entries) {
      content.sized(new TextEncoder().encode(name));
      content.u8(kind);
      content.u32(index);
    }
  });
}
