import type { ValueType } from "./instructions.ts";

/**
 * What to change in one function, in the order of the bytes. Everything between the edits is copied as it stands.
 *
 * - `charge`: a straight stretch of code begins; `cost` is charged at once. `sync` tells that the fuel global must be
 *   right within the stretch, because it may trap, call or leave the function; else the local copy suffices.
 * - `canonicalise`: the value just computed may be a NaN whose bits can be observed later.
 * - `call` and `return`: a call follows, or has just returned.
 * - `bulkBytes` and `bulkEntries`: a bulk operation over as many bytes or table entries as the top of the stack follows.
 * - `grow`: replaces the two bytes of `memory.grow`.
 */
export type Edit =
  | { readonly kind: "charge"; readonly at: number; cost: number; sync: boolean }
  | { readonly kind: "canonicalise"; readonly at: number; readonly type: ValueType; isNeeded: boolean }
  | { readonly kind: "call" | "return" | "bulkBytes" | "bulkEntries" | "grow"; readonly at: number };

export type Charge = Extract<Edit, { kind: "charge" }>;
export type Canonicalisation = Extract<Edit, { kind: "canonicalise" }>;

/** A checked function and the edits that meter it. */
export type FunctionPlan = {
  /** Declarations of locals as they stand in the module, without their count. */
  readonly declarations: { readonly count: number; readonly start: number; readonly end: number };
  readonly locals: number;
  /** Where the instructions end: behind the last `end`. */
  readonly end: number;
  /** The largest number of values on the operand stack. */
  readonly operands: number;
  /** Values that a compiler has to merge or save, summed over branches and blocks. */
  readonly merges: number;
  readonly edits: readonly Edit[];
};
