import { demand } from "./bad-module.ts";
import { bounds } from "./bounds.ts";
import type { ValueType } from "./instructions.ts";
import type { Canonicalisation } from "./plan.ts";

/** The type of a value in code that is never reached, where any type fits. */
export const unknown = 0;
export type OperandType = ValueType | typeof unknown;

/** A block, loop, if, or the function itself, while its code is being checked. */
export type Frame = {
  readonly opcode: number;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly height: number;
  isUnreachable: boolean;
  isTargeted: boolean;
};

/** The operand and control stacks of the validation algorithm in the appendix of the WebAssembly specification. */
export type Operands = ReturnType<typeof makeOperands>;

/** Starts with empty stacks. `position` tells where errors are. */
export function makeOperands(position: () => number) {
  const types: OperandType[] = [];
  /** For each operand, the pending canonicalisation of the instruction that made it. */
  const makers: (Canonicalisation | undefined)[] = [];
  const frames: Frame[] = [];
  let highest = 0;

  function push(type: OperandType, maker?: Canonicalisation): void {
    types.push(type);
    makers.push(maker);
    if (types.length > highest) highest = types.length;
  }

  function pushAll(list: readonly ValueType[]): void {
    for (const type of list) push(type);
  }

  /** Pops a value of the expected type (any, if unknown). `seesNaNBits` tells that its use depends on which NaN it is. */
  function pop(expected: OperandType, seesNaNBits = true): OperandType {
    const frame = top();
    if (types.length === frame.height) {
      demand(frame.isUnreachable, "Operand missing", position());
      return unknown;
    }
    const type = types.pop() ?? unknown;
    const maker = makers.pop();
    if (maker !== undefined && seesNaNBits) maker.isNeeded = true;
    demand(type === expected || type === unknown || expected === unknown, "Operand of another type", position());
    return type;
  }

  function popAll(list: readonly ValueType[]): void {
    for (let index = list.length - 1; index >= 0; index--) pop(list[index] ?? unknown);
  }

  function top(): Frame {
    const frame = frames[frames.length - 1];
    demand(frame !== undefined, "Instructions after the end of the function", position());
    return frame;
  }

  function open(opcode: number, parameters: readonly ValueType[], results: readonly ValueType[]): void {
    demand(frames.length < bounds.nesting, `Blocks nested deeper than ${bounds.nesting}`, position());
    const height = types.length;
    frames.push({ opcode, parameters, results, height, isUnreachable: false, isTargeted: false });
    pushAll(parameters);
  }

  /** Closes the innermost frame, whose results must be all that it leaves. The caller pushes them. */
  function close(): Frame {
    const frame = top();
    popAll(frame.results);
    demand(types.length === frame.height, "Too many operands at the end of a block", position());
    frames.pop();
    return frame;
  }

  /** The rest of the innermost frame is never reached. */
  function cut(): void {
    const frame = top();
    types.length = frame.height;
    makers.length = frame.height;
    frame.isUnreachable = true;
  }

  /** The frame of the function itself. */
  function bottom(): Frame {
    return frames[0] ?? top();
  }

  /** The frame that a branch of the given depth leads to. */
  function target(depth: number): Frame {
    const frame = frames[frames.length - 1 - depth];
    demand(frame !== undefined, "Branch to nowhere", position());
    frame.isTargeted = true;
    return frame;
  }

  const sizes = { depth: () => frames.length, height: () => types.length, highest: () => highest };
  return { push, pushAll, pop, popAll, top, bottom, open, close, cut, target, ...sizes };
}

/** The types that a branch to the frame carries. */
export function labelTypes(frame: Frame): readonly ValueType[] {
  return frame.opcode === 0x03 ? frame.parameters : frame.results;
}
