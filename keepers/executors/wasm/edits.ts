import type { ValueType } from "./instructions.ts";
import type { Operands } from "./operands.ts";
import type { Canonicalisation, Charge, Edit } from "./plan.ts";

/** Collects the edits of one function while it is being checked. Code that is never reached gets none. */
export type Edits = ReturnType<typeof makeEdits>;

/** The first stretch of code begins at `start`. */
export function makeEdits(operands: Operands, start: number) {
  const edits: Edit[] = [];
  let current: Charge = begin(start);

  function begin(at: number): Charge {
    const charge: Charge = { kind: "charge", at, cost: 0, sync: false };
    edits.push(charge);
    return charge;
  }

  /** A new stretch of code, which may be entered without passing through the one before. */
  function stretch(at: number): void {
    current = begin(at);
  }

  /** What follows is never reached, up to the next stretch. */
  function pause(): void {
    current = { kind: "charge", at: 0, cost: 0, sync: false };
  }

  function spend(cost: number, sync: boolean): void {
    current.cost += cost;
    if (sync) current.sync = true;
  }

  function canonicalise(at: number, type: ValueType): Canonicalisation | undefined {
    if (operands.top().isUnreachable) return undefined;
    const edit: Canonicalisation = { kind: "canonicalise", at, type, isNeeded: false };
    edits.push(edit);
    return edit;
  }

  function add(kind: "call" | "return" | "bulkBytes" | "bulkEntries" | "grow", at: number): void {
    if (!operands.top().isUnreachable) edits.push({ kind, at });
  }

  /** The edits that have an effect. */
  function finish(): readonly Edit[] {
    return edits.filter((edit) => {
      if (edit.kind === "charge") return edit.cost > 0 || edit.sync;
      return edit.kind !== "canonicalise" || edit.isNeeded;
    });
  }

  return { stretch, pause, spend, canonicalise, add, finish };
}
