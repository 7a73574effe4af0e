/** A tiny assembler: builds WebAssembly modules byte by byte, well-formed or not, for the tests. */

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** Signed LEB128. */
export function sleb(value: number | bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest < -64n || rest > 63n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest & 0x7fn)];
}

export function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

export function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...leb(bytes.length), ...bytes];
}

export function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

/** A function body from groups of locals and instructions; the final end is added. */
export function body(locals: readonly (readonly [count: number, type: number])[], code: readonly number[]): number[] {
  const content = [...vector(locals.map(([count, type]) => [...leb(count), type])), ...code, 0x0b];
  return [...leb(content.length), ...content];
}

export type Source = {
  /** Function types as [parameters, results]; type 0 is always () -> (). */
  readonly types?: readonly (readonly [readonly number[], readonly number[]])[];
  /** Imported host functions as [name, type index]. */
  readonly imports?: readonly (readonly [string, number])[];
  /** Functions as [type index, body]; the first is the entry `_start`. */
  readonly functions: readonly (readonly [number, readonly number[]])[];
  readonly pages?: readonly [minimum: number, maximum?: number];
  readonly table?: readonly [minimum: number, maximum?: number];
  /** Globals as whole entries: type, mutability, constant expression. */
  readonly globals?: readonly (readonly number[])[];
  readonly elements?: readonly (readonly number[])[];
  readonly data?: readonly (readonly number[])[];
  readonly start?: number;
  readonly extraExports?: readonly (readonly number[])[];
};

function limits([minimum, maximum]: readonly [number, number?]): number[] {
  return maximum === undefined ? [0, ...leb(minimum)] : [1, ...leb(minimum), ...leb(maximum)];
}

export const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Assembles a module that exports its first own function as `_start` and its memory, where it has one. */
export function assemble(source: Source): Uint8Array<ArrayBuffer> {
  const { types = [], imports = [], functions, pages, table, globals, elements, data, start } = source;
  const typeEntries = [[[], []] as const, ...types].map(([p, r]) => [
    0x60,
    ...vector(p.map((t) => [t])),
    ...vector(r.map((t) => [t])),
  ]);
  const importEntries = imports.map(([name, type]) => [
    ...text("wasi_snapshot_preview1"),
    ...text(name),
    0,
    ...leb(type),
  ]);
  const exports = [[...text("_start"), 0, ...leb(imports.length)], ...(source.extraExports ?? [])];
  if (pages !== undefined) exports.push([...text("memory"), 2, 0]);
  const parts = [
    ...magic,
    ...section(1, vector(typeEntries)),
    ...(imports.length === 0 ? [] : section(2, vector(importEntries))),
    ...section(3, vector(functions.map(([type]) => leb(type)))),
    ...(table === undefined ? [] : section(4, vector([[0x70, ...limits(table)]]))),
    ...(pages === undefined ? [] : section(5, vector([limits(pages)]))),
    ...(globals === undefined ? [] : section(6, vector(globals))),
    ...section(7, vector(exports)),
    ...(start === undefined ? [] : section(8, leb(start))),
    ...(elements === undefined ? [] : section(9, vector(elements))),
    ...(data === undefined ? [] : section(12, leb(data.length))),
    ...section(10, vector(functions.map(([, code]) => code))),
    ...(data === undefined ? [] : section(11, vector(data))),
  ];
  return Uint8Array.from(parts);
}

/** Shorthands for instructions. */
export const op = {
  i32: (value: number) => [0x41, ...sleb(value)],
  i64: (value: bigint) => [0x42, ...sleb(value)],
  get: (index: number) => [0x20, ...leb(index)],
  set: (index: number) => [0x21, ...leb(index)],
  call: (index: number) => [0x10, ...leb(index)],
  br: (depth: number) => [0x0c, ...leb(depth)],
  brIf: (depth: number) => [0x0d, ...leb(depth)],
  /** An endless loop. */
  forever: [0x03, 0x40, 0x0c, 0, 0x0b],
  drop: 0x1a,
  unreachable: 0x00,
  end: 0x0b,
} as const;

const fourParameters = [I32, I32, I32, I32];

/** Types of the host functions, for `Source.types`, at the indexes 1.. that `hostTypes` names. */
export const hostTypeList: readonly (readonly [readonly number[], readonly number[]])[] = [
  [fourParameters, [I32]],
  [[I32], []],
  [[I32, I32], [I32]],
  [[I32, I64, I32], [I32]],
];
export const hostTypes = { transfer: 1, exit: 2, pair: 3, clock: 4 } as const;

/** A module that writes `length` bytes of memory from `start` to standard output after running `code`. */
export function writerModule(
  code: readonly number[],
  start: number,
  length: number,
  more: Partial<Source> = {},
): Uint8Array<ArrayBuffer> {
  const vectorAt = 1024;
  const word = (at: number, value: number) => [...op.i32(at), ...op.i32(value), 0x36, 2, 0];
  const write = [
    ...word(vectorAt, start),
    ...word(vectorAt + 4, length),
    ...op.i32(1),
    ...op.i32(vectorAt),
    ...op.i32(1),
    ...op.i32(vectorAt + 8),
    ...op.call(0),
    op.drop,
  ];
  return assemble({
    types: hostTypeList,
    imports: [["fd_write", hostTypes.transfer]],
    functions: [[0, body([[4, I32]], [...code, ...write])]],
    pages: [1],
    ...more,
  });
}
