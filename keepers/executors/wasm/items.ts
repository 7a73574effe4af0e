import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";
import { hostFunctions, hostModule } from "./host-functions.ts";
import { f32, f64, i32, i64, type ValueType } from "./instructions.ts";
import type { Body, Export, FunctionImport, FunctionType, Global, Limits } from "./module.ts";
import type { Reader } from "./reader.ts";
import { skipConstant } from "./segments.ts";

/* Readers of single entries of the module's sections. All throw BadModuleError. */

export function readValueType(reader: Reader): ValueType {
  const code = reader.u8();
  demand(code === i32 || code === i64 || code === f32 || code === f64, "Unsupported type", reader.position());
  return code;
}

export function readIndexBelow(reader: Reader, count: number, what: string): number {
  const index = reader.u32();
  demand(index < count, `There is no ${what} ${index}`, reader.position());
  return index;
}

export function readFunctionType(reader: Reader): FunctionType {
  demand(reader.u8() === 0x60, "Unsupported kind of type", reader.position());
  const parameters = reader.list(bounds.parameters, "parameters", () => readValueType(reader));
  const results = reader.list(bounds.results, "results", () => readValueType(reader));
  return { parameters, results };
}

/** Reads an import, which must be one of the host's functions with exactly its type. */
export function readHostImport(reader: Reader, types: readonly FunctionType[]): FunctionImport {
  const [moduleName, name, kind] = [reader.name(), reader.name(), reader.u8()];
  demand(kind === 0 && moduleName === hostModule, `Import ${moduleName}.${name} is not offered`, reader.position());
  const parameters = Object.hasOwn(hostFunctions, name) ? hostFunctions[name] : undefined;
  demand(parameters !== undefined, `Import ${moduleName}.${name} is not offered`, reader.position());
  const type = readIndexBelow(reader, types.length, "type");
  const results: readonly ValueType[] = name === "proc_exit" ? [] : [i32];
  const isSame = areEqual(types[type]?.parameters, parameters) && areEqual(types[type]?.results, results);
  demand(isSame, `Import ${name} has another type`, reader.position());
  return { name, type };
}

function areEqual(some: readonly ValueType[] | undefined, others: readonly ValueType[]): boolean {
  return some?.length === others.length && others.every((type, index) => some[index] === type);
}

/** Reads the size limits of a memory or table, neither shared nor with 64-bit indexes. */
export function readLimits(reader: Reader, largest: number, largestMaximum = largest): Limits {
  const flags = reader.u8();
  demand(flags <= 1, "Unsupported kind of memory or table", reader.position());
  const minimum = reader.u32();
  const maximum = flags === 1 ? reader.u32() : undefined;
  demand(minimum <= largest, `Minimum size ${minimum}, at most ${largest}`, reader.position());
  const isMaximumFine = maximum === undefined || (maximum >= minimum && maximum <= largestMaximum);
  demand(isMaximumFine, `Maximum size ${maximum ?? 0} is out of range`, reader.position());
  return { minimum, maximum };
}

export function readTableLimits(reader: Reader): Limits {
  demand(reader.u8() === 0x70, "Unsupported kind of table", reader.position());
  return readLimits(reader, bounds.tableEntries, 2 ** 32);
}

export function readGlobal(reader: Reader): Global {
  const type = readValueType(reader);
  const mutability = reader.u8();
  demand(mutability <= 1, "Malformed global", reader.position());
  skipConstant(reader, type);
  return { type, isMutable: mutability === 1 };
}

/** Reads an export; `counts` has the number of functions, tables, memories and globals. */
export function readExport(reader: Reader, counts: readonly number[]): Export {
  const [name, kind] = [reader.name(), reader.u8()];
  return { name, kind, index: readIndexBelow(reader, counts[kind] ?? 0, "exported thing") };
}

export function readBody(reader: Reader): Body {
  const length = reader.u32();
  demand(
    length <= bounds.functionBytes,
    `Function of ${length} bytes, at most ${bounds.functionBytes}`,
    reader.position(),
  );
  const body = reader.part(length);
  return { start: body.position(), end: body.position() + length };
}
