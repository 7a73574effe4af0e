import { costs, f32, i32, i64, f64, type ValueType } from "./instructions.ts";
import type { Charge, Edit, FunctionPlan } from "./plan.ts";
import { makeWriter, type Writer } from "./writer.ts";

/** Indexes of what the rewriter adds to the module. */
export type Additions = {
  readonly fuel: number;
  readonly depth: number;
  readonly state: number;
  readonly bulkBytes: number;
  readonly bulkEntries: number;
  readonly grow: number;
};

/** Values of the state global: why a trap may have happened. */
export const states = { none: 0, growRefused: 1, tooDeep: 2, hostFault: 4 } as const;

/** One call costs a unit of depth for each 256 bytes, begun, of its frame, taking 16 bytes per local and operand. */
export function frameUnits(slots: number): number {
  return Math.ceil((64 + 16 * slots) / 256);
}

type Extras = { fuel: number; depth: number; scratch: ReadonlyMap<ValueType, number>; types: readonly ValueType[] };

/** Locals that the edits need, behind the function's own: always fuel, then depth and scratch values as needed. */
function extraLocals(plan: FunctionPlan): Extras {
  const types: ValueType[] = [];
  const add = (type: ValueType): number => plan.locals + types.push(type) - 1;
  const fuel = add(i64);
  const depth = plan.edits.some(({ kind }) => kind === "call") ? add(i32) : -1;
  const scratch = new Map<ValueType, number>();
  for (const edit of plan.edits) {
    if (edit.kind === "canonicalise" && !scratch.has(edit.type)) scratch.set(edit.type, add(edit.type));
  }
  return { fuel, depth, scratch, types };
}

/**
 * Writes a function's code (its size first) with the planned edits.
 * Fuel is kept in a local; the global is brought up to date where the code may trap, call or return, and is read
 * again after every call. A negative global after a trap means that fuel ran out.
 */
export function rewriteFunction(out: Writer, bytes: Uint8Array, plan: FunctionPlan, additions: Additions): void {
  const extras = extraLocals(plan);
  const { declarations } = plan;
  const code = makeWriter((plan.end - declarations.start) * 3 + 64);
  code.u32(declarations.count + extras.types.length);
  code.bytes(bytes.subarray(declarations.start, declarations.end));
  for (const type of extras.types) code.u8(1, type);
  writePrologue(code, extras, frameUnits(plan.locals + extras.types.length + plan.operands), additions);
  let copied = declarations.end;
  for (const edit of plan.edits) {
    code.bytes(bytes.subarray(copied, edit.at));
    copied = edit.kind === "grow" ? edit.at + 2 : edit.at;
    writeEdit(code, edit, extras, additions);
  }
  code.bytes(bytes.subarray(copied, plan.end));
  out.sized(code.view());
}

function writePrologue(code: Writer, extras: Extras, units: number, { fuel, depth, state }: Additions): void {
  (code.u8(0x23), code.u32(fuel), code.u8(0x21), code.u32(extras.fuel));
  if (extras.depth < 0) return;
  (code.u8(0x23), code.u32(depth), code.u8(0x41), code.signed(units), code.u8(0x6b));
  (code.u8(0x22), code.u32(extras.depth), code.u8(0x41, 0, 0x48, 0x04, 0x40)); // local.tee, i32.const 0, i32.lt_s, if
  (code.u8(0x41, states.tooDeep, 0x24), code.u32(state), code.u8(0x00, 0x0b));
}

function writeEdit(code: Writer, edit: Edit, extras: Extras, additions: Additions): void {
  if (edit.kind === "charge") writeCharge(code, edit, extras.fuel, additions.fuel);
  else if (edit.kind === "canonicalise") writeCanonicalise(code, edit.type, extras.scratch.get(edit.type) ?? 0);
  else if (edit.kind === "call") {
    (code.u8(0x20), code.u32(extras.depth), code.u8(0x24), code.u32(additions.depth));
  } else {
    if (edit.kind !== "return") (code.u8(0x10), code.u32(additions[edit.kind]));
    (code.u8(0x23), code.u32(additions.fuel), code.u8(0x21), code.u32(extras.fuel));
  }
}

function writeCharge(code: Writer, { cost, sync }: Charge, local: number, global: number): void {
  (code.u8(0x20), code.u32(local));
  if (cost > 0) (code.u8(0x42), code.signed(cost), code.u8(0x7d, 0x22), code.u32(local)); // i64.const, i64.sub, local.tee
  if (sync) (code.u8(0x24), code.u32(global));
  if (cost === 0) return;
  if (sync) (code.u8(0x20), code.u32(local));
  code.u8(0x42, 0, 0x53, 0x04, 0x40); // i64.const 0, i64.lt_s, if
  if (!sync) (code.u8(0x42, 0x7f, 0x24), code.u32(global)); // i64.const -1, global.set
  code.u8(0x00, 0x0b);
}

/** Replaces any NaN on top of the stack by the canonical one: x == x ? x : NaN. */
function writeCanonicalise(code: Writer, type: ValueType, scratch: number): void {
  (code.u8(0x22), code.u32(scratch));
  if (type === f32) code.u8(0x43, 0, 0, 0xc0, 0x7f);
  else code.u8(0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f);
  (code.u8(0x20), code.u32(scratch), code.u8(0x20), code.u32(scratch), code.u8(type === f64 ? 0x61 : 0x5b, 0x1b));
}

/** The function that charges for a bulk operation: takes and returns its size. */
export function writeBulk(out: Writer, fuel: number, unitsPerItem: number, itemsPerUnit: number): void {
  const code = makeWriter();
  (code.u8(0, 0x23), code.u32(fuel));
  (code.u8(0x20, 0, 0xad, 0x42), code.signed(itemsPerUnit - 1), code.u8(0x7c)); // n + items - 1, as i64
  (code.u8(0x42), code.signed(itemsPerUnit), code.u8(0x80, 0x42), code.signed(unitsPerItem), code.u8(0x7e, 0x7d));
  (code.u8(0x24), code.u32(fuel), code.u8(0x23), code.u32(fuel));
  code.u8(0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b, 0x20, 0, 0x0b);
  out.sized(code.view());
}

/** The function that stands for memory.grow: refuses what exceeds `maximumPages`, charges for the rest. */
export function writeGrow(out: Writer, { fuel, state }: Additions, maximumPages: number): void {
  const code = makeWriter();
  (code.u8(0, 0x3f, 0, 0xad, 0x20, 0, 0xad, 0x7c, 0x42), code.signed(maximumPages), code.u8(0x56, 0x04, 0x40));
  (code.u8(0x41, states.growRefused, 0x24), code.u32(state), code.u8(0x41, 0x7f, 0x0f, 0x0b)); // return -1
  (code.u8(0x23), code.u32(fuel), code.u8(0x20, 0, 0xad, 0x42), code.signed(costs.page), code.u8(0x7e, 0x7d));
  (code.u8(0x24), code.u32(fuel), code.u8(0x23), code.u32(fuel), code.u8(0x42, 0, 0x53, 0x04, 0x40, 0x00, 0x0b));
  code.u8(0x20, 0, 0x40, 0, 0x22, 0, 0x41, 0x7f, 0x46, 0x04, 0x40); // memory.grow failed although it is allowed
  (code.u8(0x41, states.hostFault, 0x24), code.u32(state), code.u8(0x00, 0x0b, 0x20, 0, 0x0b));
  out.sized(code.view());
}
