import { demand } from "./bad-module.ts";
import { bounds, pageBytes } from "./bounds.ts";
import { f32, f64, i32, i64, type ValueType } from "./instructions.ts";
import type { Limits } from "./module.ts";
import type { Reader } from "./reader.ts";

const endOpcode = 0x0b;

/** Skips a constant expression of the given type. Guests import no globals, so that it is one constant instruction. */
export function skipConstant(reader: Reader, type: ValueType): void {
  const expected = { [i32]: 0x41, [i64]: 0x42, [f32]: 0x43, [f64]: 0x44 }[type];
  demand(reader.u8() === expected, "Unsupported constant expression", reader.position());
  if (type === i32) reader.signed(32);
  else if (type === i64) reader.signed(64);
  else reader.skip(type === f32 ? 4 : 8);
  demand(reader.u8() === endOpcode, "Unsupported constant expression", reader.position());
}

function readOffset(reader: Reader): number {
  demand(reader.u8() === 0x41, "Unsupported segment offset", reader.position());
  const offset = reader.signed(32) >>> 0;
  demand(reader.u8() === endOpcode, "Unsupported segment offset", reader.position());
  return offset;
}

/** Checks one element segment: function indexes in it, and that an active one lies within the table. */
export function checkElementSegment(reader: Reader, functions: number, table: Limits | undefined): void {
  const flags = reader.u32();
  demand(flags <= 3, "Unsupported kind of element segment", reader.position());
  const isActive = (flags & 1) === 0;
  if (flags === 2) demand(reader.u32() === 0, "There is only table 0", reader.position());
  const offset = isActive ? readOffset(reader) : 0;
  if (flags !== 0) demand(reader.u8() === 0, "Unsupported kind of element", reader.position());
  const entries = reader.list(bounds.tableEntries, "elements", () => {
    demand(reader.u32() < functions, "Element names no function", reader.position());
  });
  if (!isActive) return;
  demand(table !== undefined, "Elements without a table", reader.position());
  demand(offset + entries.length <= table.minimum, "Elements lie outside the table", reader.position());
}

/** Checks one data segment: that an active one lies within the initial memory. */
export function checkDataSegment(reader: Reader, memory: Limits | undefined): void {
  const flags = reader.u32();
  demand(flags <= 2, "Unsupported kind of data segment", reader.position());
  if (flags === 2) demand(reader.u32() === 0, "There is only memory 0", reader.position());
  const offset = flags === 1 ? 0 : readOffset(reader);
  const length = reader.u32();
  reader.skip(length);
  if (flags === 1) return;
  demand(memory !== undefined, "Data without a memory", reader.position());
  demand(offset + length <= memory.minimum * pageBytes, "Data lies outside the memory", reader.position());
}
