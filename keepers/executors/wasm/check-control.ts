import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";
import type { Context } from "./check-function.ts";
import { costs, f32, f64, i32, i64, type ValueType } from "./instructions.ts";
import { labelTypes, unknown, type Frame, type OperandType } from "./operands.ts";

const ifOpcode = 0x04;
const elseOpcode = 0x05;

/** Checks of the instructions that steer control; `check` tells whether the opcode was one of them. */
export function makeControlChecks({ module, reader, operands, edits, locals }: Context) {
  let merges = 0;

  /** Accounts for a place where a compiler merges or saves all live values. */
  function merge(): void {
    merges += locals.length + operands.height();
    demand(merges <= bounds.merges, "Too many branches for so many values", reader.position());
  }

  function blockType(): { parameters: readonly ValueType[]; results: readonly ValueType[] } {
    const code = reader.signed(33);
    if (code === -0x40) return { parameters: [], results: [] };
    const value = code + 0x80;
    if (value === i32 || value === i64 || value === f32 || value === f64) return { parameters: [], results: [value] };
    const type = module.types[code];
    demand(type !== undefined, "There is no such block type", reader.position());
    return type;
  }

  function openBlock(opcode: number): void {
    merge();
    if (opcode === ifOpcode) {
      edits.spend(costs.plain, false);
      operands.pop(i32);
    }
    const { parameters, results } = blockType();
    operands.popAll(parameters);
    operands.open(opcode, parameters, results);
    if (opcode !== 0x02) edits.stretch(reader.position());
  }

  function otherwise(): void {
    merge();
    const frame = operands.close();
    demand(frame.opcode === ifOpcode, "Else without if", reader.position());
    operands.open(elseOpcode, frame.parameters, frame.results);
    edits.stretch(reader.position());
  }

  function end(): void {
    merge();
    const frame = operands.close();
    const isEmptyElse = frame.opcode !== ifOpcode || sameTypes(frame.parameters, frame.results);
    demand(isEmptyElse, "If without else must return what it takes", reader.position());
    if (operands.depth() === 0) edits.spend(0, true);
    operands.pushAll(frame.results);
    const isJoin =
      frame.opcode === ifOpcode || frame.opcode === elseOpcode || (frame.isTargeted && frame.opcode !== 0x03);
    if (operands.depth() > 0 && (isJoin || frame.isUnreachable)) edits.stretch(reader.position());
  }

  function branchTarget(depth: number): Frame {
    merge();
    if (depth === operands.depth() - 1) edits.spend(0, true);
    return operands.target(depth);
  }

  function branch(): void {
    edits.spend(costs.plain, false);
    operands.popAll(labelTypes(branchTarget(reader.u32())));
    cut();
  }

  function branchIf(): void {
    edits.spend(costs.plain, false);
    operands.pop(i32);
    const types = labelTypes(branchTarget(reader.u32()));
    operands.popAll(types);
    operands.pushAll(types);
    edits.stretch(reader.position());
  }

  function branchTable(): void {
    edits.spend(costs.branchTable, false);
    operands.pop(i32);
    const targets = reader.list(bounds.branchTargets, "branch targets", () => branchTarget(reader.u32()));
    const last = labelTypes(branchTarget(reader.u32()));
    for (const frame of new Set(targets)) {
      const types = labelTypes(frame);
      demand(types.length === last.length, "Branch targets of different types", reader.position());
      const popped = types.map((_, index) => operands.pop(types[types.length - 1 - index] ?? unknown));
      for (const type of popped.reverse()) operands.push(type);
    }
    operands.popAll(last);
    cut();
  }

  function leave(): void {
    edits.spend(costs.plain, true);
    operands.popAll(operands.bottom().results);
    cut();
  }

  function trap(): void {
    edits.spend(costs.plain, true);
    cut();
  }

  /** What follows in this block is never reached. */
  function cut(): void {
    operands.cut();
    edits.pause();
  }

  function call(at: number, isIndirect: boolean): void {
    const index = reader.u32();
    const type = module.types[isIndirect ? index : (module.functions[index] ?? -1)];
    demand(type !== undefined, "There is no such function or type", at);
    edits.spend(isIndirect ? costs.callIndirect : costs.call, true);
    if (isIndirect) {
      demand(module.table !== undefined && reader.u32() === 0, "There is no such table", at);
      operands.pop(i32);
    }
    operands.popAll(type.parameters);
    edits.add("call", at);
    edits.add("return", reader.position());
    operands.pushAll(type.results);
  }

  function drop(): void {
    edits.spend(costs.plain, false);
    operands.pop(unknown, false);
  }

  function select(): void {
    edits.spend(costs.plain, false);
    operands.pop(i32);
    const type = operands.pop(unknown);
    operands.push(pickKnown(operands.pop(type), type));
  }

  function check(opcode: number): boolean {
    if (opcode === 0x00) trap();
    else if (opcode >= 0x02 && opcode <= ifOpcode) openBlock(opcode);
    else if (opcode === elseOpcode) otherwise();
    else if (opcode === 0x0b) end();
    else if (opcode === 0x0c) branch();
    else if (opcode === 0x0d) branchIf();
    else if (opcode === 0x0e) branchTable();
    else if (opcode === 0x0f) leave();
    else if (opcode === 0x10 || opcode === 0x11) call(reader.position() - 1, opcode === 0x11);
    else if (opcode === 0x1a) drop();
    else if (opcode === 0x1b) select();
    else return opcode === 0x01; // nop
    return true;
  }

  return { check, merges: () => merges };
}

function pickKnown(some: OperandType, other: OperandType): OperandType {
  return some === unknown ? other : some;
}

function sameTypes(some: readonly ValueType[], others: readonly ValueType[]): boolean {
  return some.length === others.length && some.every((type, index) => type === others[index]);
}
