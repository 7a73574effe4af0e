import type { ValueType } from "./instructions.ts";

export type FunctionType = { readonly parameters: readonly ValueType[]; readonly results: readonly ValueType[] };
export type FunctionImport = { readonly name: string; readonly type: number };
export type Global = { readonly type: ValueType; readonly isMutable: boolean };
export type Limits = { readonly minimum: number; readonly maximum: number | undefined };
export type Export = { readonly name: string; readonly kind: number; readonly index: number };
/** A range of the module's bytes. A function's holds its local declarations and its instructions. */
export type Body = { readonly start: number; readonly end: number };
/** A parsed module whose every section has been checked, except for the instructions of its functions. */
export type Module = {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly imports: readonly FunctionImport[];
  /** Type index of every function, imported ones first. */
  readonly functions: readonly number[];
  readonly table: Limits | undefined;
  readonly memory: Limits | undefined;
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly startFunction: number | undefined;
  readonly elementSegments: number;
  /** From the data count section, without which data segments cannot be named by instructions. */
  readonly dataCount: number | undefined;
  readonly bodies: readonly Body[];
  /** Where the contents of each section lie, by id. */
  readonly sections: ReadonlyMap<number, Body>;
};

export const sectionIds = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const;
