import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";
import { makeControlChecks } from "./check-control.ts";
import {
  costs,
  f32,
  f64,
  i32,
  i64,
  instructionOf,
  prefixed,
  type Instruction,
  type ValueType,
} from "./instructions.ts";
import { readValueType } from "./items.ts";
import type { Module } from "./module.ts";
import { makeOperands, unknown, type Operands } from "./operands.ts";
import { makeEdits, type Edits } from "./edits.ts";
import type { FunctionPlan } from "./plan.ts";
import { makeReader, type Reader } from "./reader.ts";

/** What the checks of one function share. */
export type Context = {
  readonly module: Module;
  readonly reader: Reader;
  readonly operands: Operands;
  readonly edits: Edits;
  readonly locals: readonly ValueType[];
};

/**
 * Checks the instructions of own function `index` (imports not counted) and plans its metering.
 * @throws BadModuleError where they are invalid, not allowed or out of bounds.
 */
export function checkFunction(module: Module, index: number): FunctionPlan {
  const body = module.bodies[index];
  const type = module.types[module.functions[module.imports.length + index] ?? -1];
  demand(body !== undefined && type !== undefined, "Function without code");
  const reader = makeReader(module.bytes, body.start, body.end);
  const { locals, declarations } = readLocals(reader, type.parameters);
  const operands = makeOperands(reader.position);
  const context = { module, reader, operands, edits: makeEdits(operands, reader.position()), locals };
  const control = makeControlChecks(context);
  operands.open(0x02, [], type.results);
  while (operands.depth() > 0) {
    const opcode = reader.u8();
    const instruction = instructionOf(opcode);
    if (instruction !== undefined) checkPlain(context, instruction);
    else if (opcode === 0xfc) checkPrefixed(context);
    else if (!control.check(opcode)) checkOther(context, opcode);
    demand(operands.highest() <= bounds.operands, "Operand stack too high", reader.position());
  }
  demand(reader.isAtEnd(), "Instructions after the end of the function", reader.position());
  return {
    declarations,
    locals: locals.length,
    end: body.end,
    operands: operands.highest(),
    merges: control.merges(),
    edits: context.edits.finish(),
  };
}

function readLocals(reader: Reader, parameters: readonly ValueType[]) {
  const locals = [...parameters];
  const count = reader.u32();
  const start = reader.position();
  for (let group = 0; group < count; group++) {
    const repeat = reader.u32();
    demand(locals.length + repeat <= bounds.locals, `Too many locals, at most ${bounds.locals}`, reader.position());
    const type = readValueType(reader);
    for (let left = repeat; left > 0; left--) locals.push(type);
  }
  return { locals, declarations: { count, start, end: reader.position() } };
}

function checkPlain({ module, reader, operands, edits }: Context, instruction: Instruction): void {
  if (instruction.alignment !== undefined) checkMemoryAccess(module, reader, instruction.alignment);
  edits.spend(instruction.cost, instruction.canTrap);
  const { pops, push } = instruction;
  for (let index = pops.length - 1; index >= 0; index--)
    operands.pop(pops[index] ?? unknown, !instruction.ignoresNaNBits);
  if (push === undefined) return;
  operands.push(push, instruction.makesNaN ? edits.canonicalise(reader.position(), push) : undefined);
}

function checkMemoryAccess(module: Module, reader: Reader, alignment: number): void {
  demand(module.memory !== undefined, "There is no memory", reader.position());
  const flags = reader.u32();
  demand(flags < 0x40, "There is only memory 0", reader.position());
  demand(flags <= alignment, "Alignment too large", reader.position());
  reader.u32();
}

function checkPrefixed(context: Context): void {
  const { reader, operands, edits, module } = context;
  const start = reader.position() - 1;
  const code = reader.u32();
  const instruction = code < 8 ? instructionOf(prefixed + code) : undefined;
  if (instruction !== undefined) {
    checkPlain(context, instruction);
    return;
  }
  const zero = (): void => demand(reader.u8() === 0, "There is only memory 0 and table 0", reader.position());
  const segment = (count: number): void => demand(reader.u32() < count, "There is no such segment", reader.position());
  if (code === 8 || code === 9) segment(module.dataCount ?? 0);
  if (code === 12 || code === 13) segment(module.elementSegments);
  demand(code >= 8 && code <= 14, "Unsupported instruction", start);
  if (code === 8 || code === 11 || code === 12) zero();
  if (code === 10 || code === 14) [zero(), zero()];
  if (code === 9 || code === 13) {
    edits.spend(costs.plain, false);
    return;
  }
  const isTable = code >= 12;
  demand((isTable ? module.table : module.memory) !== undefined, "There is no memory or table", start);
  edits.spend(costs.bulk, true);
  edits.add(isTable ? "bulkEntries" : "bulkBytes", start);
  operands.popAll([i32, i32, i32]);
}

function checkOther({ module, reader, operands, edits, locals }: Context, opcode: number): void {
  const at = reader.position() - 1;
  if (opcode >= 0x20 && opcode <= 0x22) checkLocal();
  else if (opcode === 0x23 || opcode === 0x24) checkGlobal();
  else if (opcode === 0x3f || opcode === 0x40) checkMemorySize();
  else checkConstant();

  function checkLocal(): void {
    const type = locals[reader.u32()];
    demand(type !== undefined, "There is no such local", at);
    edits.spend(costs.plain, false);
    if (opcode !== 0x20) operands.pop(type);
    if (opcode !== 0x21) operands.push(type);
  }

  function checkGlobal(): void {
    const global = module.globals[reader.u32()];
    demand(global !== undefined, "There is no such global", at);
    edits.spend(costs.plain, false);
    if (opcode === 0x23) {
      operands.push(global.type);
      return;
    }
    demand(global.isMutable, "The global is constant", at);
    operands.pop(global.type);
  }

  function checkMemorySize(): void {
    demand(module.memory !== undefined && reader.u8() === 0, "There is no such memory", at);
    const isGrow = opcode === 0x40;
    edits.spend(isGrow ? costs.grow : costs.plain, isGrow);
    if (isGrow) {
      operands.pop(i32);
      edits.add("grow", at);
    }
    operands.push(i32);
  }

  function checkConstant(): void {
    const type = ({ 0x41: i32, 0x42: i64, 0x43: f32, 0x44: f64 } as const)[opcode];
    demand(type !== undefined, `Unsupported instruction 0x${opcode.toString(16)}`, at);
    if (type === i32) reader.signed(32);
    else if (type === i64) reader.signed(64);
    else reader.skip(type === f32 ? 4 : 8);
    edits.spend(costs.plain, false);
    operands.push(type);
  }
}
