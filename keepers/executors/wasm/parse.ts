import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";
import { sectionIds, type Body, type FunctionType, type Module } from "./module.ts";
import { makeReader, type Reader } from "./reader.ts";
import {
  readBody,
  readExport,
  readFunctionType,
  readGlobal,
  readHostImport,
  readIndexBelow,
  readLimits,
  readTableLimits,
} from "./items.ts";
import { checkDataSegment, checkElementSegment } from "./segments.ts";

const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/**
 * Parses a module and checks everything but its instructions.
 * @throws BadModuleError where the module is malformed, out of bounds or uses what guests may not use.
 */
export function parseModule(bytes: Uint8Array): Module {
  demand(bytes.length <= bounds.moduleBytes, `Module of ${bytes.length} bytes, at most ${bounds.moduleBytes}`);
  const sections = splitSections(bytes);

  function list<T>(id: number, limit: number, what: string, item: (reader: Reader) => T): T[] {
    return whole(id, (reader) => reader.list(limit, what, () => item(reader))) ?? [];
  }

  /** Reads a section to its very end; undefined where the module has none. */
  function whole<T>(id: number, read: (reader: Reader) => T): T | undefined {
    const section = sections.get(id);
    if (section === undefined) return undefined;
    const reader = makeReader(bytes, section.start, section.end);
    const value = read(reader);
    demand(reader.isAtEnd(), `Section ${id} is longer than its contents`, reader.position());
    return value;
  }

  const types = list(sectionIds.type, bounds.types, "types", readFunctionType);
  const imports = list(sectionIds.import, bounds.imports, "imports", (reader) => readHostImport(reader, types));
  const own = list(sectionIds.function, bounds.functions, "functions", (reader) =>
    readIndexBelow(reader, types.length, "type"),
  );
  const functions = [...imports.map(({ type }) => type), ...own];
  const table = list(sectionIds.table, 1, "tables", readTableLimits)[0];
  const memory = list(sectionIds.memory, 1, "memories", (reader) => readLimits(reader, bounds.memoryPages))[0];
  const globals = list(sectionIds.global, bounds.globals, "globals", readGlobal);
  const counts = [functions.length, table === undefined ? 0 : 1, memory === undefined ? 0 : 1, globals.length];
  const exports = list(sectionIds.export, bounds.exports, "exports", (reader) => readExport(reader, counts));
  demand(new Set(exports.map(({ name }) => name)).size === exports.length, "Two exports have one name");
  const startFunction = whole(sectionIds.start, (reader) => readIndexBelow(reader, functions.length, "function"));
  if (startFunction !== undefined) demandAction(types[functions[startFunction] ?? -1], "The start function");
  const elementSegments = list(sectionIds.element, bounds.segments, "element segments", (reader) => {
    checkElementSegment(reader, functions.length, table);
  }).length;
  const dataCount = whole(sectionIds.dataCount, (reader) => reader.u32());
  const bodies = list(sectionIds.code, bounds.functions, "function bodies", readBody);
  demand(bodies.length === own.length, "Functions and function bodies differ in number");
  const dataSegments = list(sectionIds.data, bounds.segments, "data segments", (reader) => {
    checkDataSegment(reader, memory);
  }).length;
  demand(dataCount === undefined || dataCount === dataSegments, "The data count is wrong");
  return {
    ...{ bytes, types, imports, functions, table, memory, globals, exports, startFunction, elementSegments, dataCount },
    bodies,
    sections,
  };
}

/**
 * The index of the function that the host calls: the export `_start`, without parameters and results.
 * @throws BadModuleError where there is none.
 */
export function entryFunction(module: Module): number {
  const entry = module.exports.find(({ name, kind }) => name === "_start" && kind === 0);
  demand(entry !== undefined, "There is no exported function _start");
  demandAction(module.types[module.functions[entry.index] ?? -1], "_start");
  return entry.index;
}

function demandAction(type: FunctionType | undefined, what: string): void {
  demand(type?.parameters.length === 0 && type.results.length === 0, `${what} has parameters or results`);
}

/** Where each section but the custom ones lies; each comes at most once, in order. */
function splitSections(bytes: Uint8Array): ReadonlyMap<number, Body> {
  const reader = makeReader(bytes);
  for (const byte of header) demand(reader.u8() === byte, "Not a WebAssembly 1 module", reader.position());
  const sections = new Map<number, Body>();
  let last = -1;
  while (!reader.isAtEnd()) {
    const id = reader.u8();
    const content = reader.part(reader.u32());
    if (id === sectionIds.custom) {
      content.name();
      continue;
    }
    const rank = sectionOrder.indexOf(id);
    demand(rank > last, `Section ${id} is unknown, repeated or out of order`, content.position());
    last = rank;
    sections.set(id, { start: content.position(), end: reader.position() });
  }
  return sections;
}
