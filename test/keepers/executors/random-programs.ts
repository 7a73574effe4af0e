import { assemble, body, I32, leb, op } from "./assemble.ts";
import { seededRandom } from "./fixtures.ts";

/**
 * Random programs together with a plain interpretation of them that shares no code with the rewriter: what they leave
 * in memory, whether they trap, and the fuel of exactly the instructions that were executed.
 */

/** What an interpretation changes. */
export type State = { locals: Int32Array; readonly memory: DataView; cost: number };

export class Trapped extends Error {}

type Expression = { readonly code: readonly number[]; evaluate(state: State): number };
/** `execute` returns how many labels a branch leaves, or nothing when the code runs on. */
type Statement = { readonly code: readonly number[]; execute(state: State): number | undefined };
type Callable = { readonly index: number; run(argument: number, state: State): number };
type Scope = {
  readonly callables: readonly Callable[];
  readonly labels: readonly ("block" | "loop")[];
  readonly depth: number;
};

const localCount = 8;
const price = { plain: 1, memory: 2, division: 8, call: 8, table: 4 };

/** A program as a module, and its interpretation on a zeroed page of memory. */
export type Program = { readonly module: Uint8Array; interpret(): State };

export function makeProgram(seed: number): Program {
  const random = seededRandom(seed);
  const below = (count: number): number => random() % count;
  const pick = <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0];

  function expression(scope: Scope, depth: number): Expression {
    if (depth === 0) return pick([constant, local])();
    const callable = scope.callables[below(Math.max(1, scope.callables.length))];
    const choices = [
      () => binary(scope, depth),
      () => binary(scope, depth),
      () => loaded(scope, depth),
      () => selected(scope, depth),
    ] as const;
    if (callable !== undefined && below(5) === 0) return called(callable, scope, depth);
    return below(90) === 0 ? divided(scope, depth) : pick(choices)();
  }

  function constant(): Expression {
    const value = pick([below(16), random() | 0, -1, 0]);
    return { code: op.i32(value), evaluate: (state) => spend(state, price.plain, value) };
  }

  function local(): Expression {
    const index = below(localCount);
    return { code: op.get(index), evaluate: (state) => spend(state, price.plain, state.locals[index] ?? 0) };
  }

  function binary(scope: Scope, depth: number): Expression {
    const [opcode, compute] = pick<[number, (a: number, b: number) => number]>([
      [0x6a, (a, b) => (a + b) | 0],
      [0x6b, (a, b) => (a - b) | 0],
      [0x6c, Math.imul],
      [0x73, (a, b) => a ^ b],
      [0x74, (a, b) => a << (b & 31)],
      [0x48, (a, b) => Number(a < b)],
      [0x49, (a, b) => Number(a >>> 0 < b >>> 0)],
    ]);
    const [left, right] = [expression(scope, depth - 1), expression(scope, depth - 1)];
    const evaluate = (state: State): number =>
      spend(state, price.plain, compute(left.evaluate(state), right.evaluate(state)));
    return { code: [...left.code, ...right.code, opcode], evaluate };
  }

  function divided(scope: Scope, depth: number): Expression {
    const [left, right] = [expression(scope, depth - 1), expression(scope, depth - 1)];
    function evaluate(state: State): number {
      const [a, b] = [left.evaluate(state) >>> 0, right.evaluate(state) >>> 0];
      if (b === 0) throw new Trapped();
      return spend(state, price.division, Math.floor(a / b) | 0);
    }
    return { code: [...left.code, ...right.code, 0x6e], evaluate };
  }

  /** An address within the first 256 bytes, a multiple of four. */
  function address(scope: Scope, depth: number): Expression {
    const inner = expression(scope, depth - 1);
    const evaluate = (state: State): number => spend(state, 2 * price.plain, inner.evaluate(state) & 252);
    return { code: [...inner.code, ...op.i32(252), 0x71], evaluate };
  }

  function loaded(scope: Scope, depth: number): Expression {
    const at = address(scope, depth);
    return {
      code: [...at.code, 0x28, 2, 0],
      evaluate: (state) => spend(state, price.memory, state.memory.getInt32(at.evaluate(state), true)),
    };
  }

  function selected(scope: Scope, depth: number): Expression {
    const [a, b, condition] = [
      expression(scope, depth - 1),
      expression(scope, depth - 1),
      expression(scope, depth - 1),
    ];
    function evaluate(state: State): number {
      const [first, second] = [a.evaluate(state), b.evaluate(state)];
      return spend(state, price.plain, condition.evaluate(state) !== 0 ? first : second);
    }
    return { code: [...a.code, ...b.code, ...condition.code, 0x1b], evaluate };
  }

  function called(callable: Callable, scope: Scope, depth: number): Expression {
    const argument = expression(scope, depth - 1);
    const evaluate = (state: State): number => callable.run(argument.evaluate(state), spendState(state, price.call));
    return { code: [...argument.code, ...op.call(callable.index)], evaluate };
  }

  function statement(scope: Scope): Statement {
    const simple = [assignment, stored, assignment] as const;
    if (scope.depth === 0) return pick(simple)(scope);
    return pick([...simple, conditional, block, loop, branchIf, branchTable, leave])(scope);
  }

  function assignment(scope: Scope): Statement {
    const [index, value] = [below(localCount), expression(scope, 3)];
    function execute(state: State): undefined {
      const result = value.evaluate(state);
      state.locals[index] = spend(state, price.plain, result);
    }
    return { code: [...value.code, ...op.set(index)], execute };
  }

  function stored(scope: Scope): Statement {
    const [at, value] = [address(scope, 2), expression(scope, 2)];
    function execute(state: State): undefined {
      const [where, what] = [at.evaluate(state), value.evaluate(state)];
      state.memory.setInt32(where, spend(state, price.memory, what), true);
    }
    return { code: [...at.code, ...value.code, 0x36, 2, 0], execute };
  }

  function list(scope: Scope, label: "block" | "loop" | undefined): Statement {
    const inner = {
      ...scope,
      depth: scope.depth - 1,
      labels: label === undefined ? scope.labels : [label, ...scope.labels],
    };
    const parts = Array.from({ length: 1 + below(4) }, () => statement(inner));
    function execute(state: State): number | undefined {
      for (const part of parts) {
        const left = part.execute(state);
        if (left !== undefined) return left;
      }
      return undefined;
    }
    return { code: parts.flatMap(({ code }) => code), execute };
  }

  /** Leaves one label: a branch to it ends here. */
  const caught = (left: number | undefined): number | undefined =>
    left === undefined || left === 0 ? undefined : left - 1;

  function conditional(scope: Scope): Statement {
    const [condition, yes] = [expression(scope, 2), list(scope, "block")];
    const no = below(2) === 0 ? undefined : list(scope, "block");
    function execute(state: State): number | undefined {
      const isYes = spend(state, price.plain, condition.evaluate(state)) !== 0;
      return caught((isYes ? yes : no)?.execute(state));
    }
    return {
      code: [...condition.code, 0x04, 0x40, ...yes.code, ...(no === undefined ? [] : [0x05, ...no.code]), 0x0b],
      execute,
    };
  }

  function block(scope: Scope): Statement {
    const inner = list(scope, "block");
    return { code: [0x02, 0x40, ...inner.code, 0x0b], execute: (state) => caught(inner.execute(state)) };
  }

  /** Runs its body a few times, counting down in a local of its own depth, which the body may change: it ends anyway. */
  function loop(scope: Scope): Statement {
    const counter = localCount + scope.depth;
    const [rounds, inner] = [1 + below(5), list(scope, "loop")];
    const down = [...op.get(counter), ...op.i32(1), 0x6b, 0x22, ...leb(counter), ...op.brIf(0)];
    function execute(state: State): number | undefined {
      spend(state, 2 * price.plain, 0);
      for (let left = rounds; left > 0; left--) {
        const leaving = inner.execute(state);
        if (leaving !== undefined) return caught(leaving);
        spend(state, 5 * price.plain, 0);
      }
      return undefined;
    }
    return { code: [...op.i32(rounds), ...op.set(counter), 0x03, 0x40, ...inner.code, ...down, 0x0b], execute };
  }

  /** The depth of a label that may be left: a block's, or the function's own. */
  function target({ labels }: Scope): number {
    const depth = below(labels.length + 1);
    return labels[depth] === "loop" ? labels.length : depth;
  }

  function branchIf(scope: Scope): Statement {
    const [condition, depth] = [expression(scope, 2), target(scope)];
    const isWhole = depth === scope.labels.length; // the function's label carries a result
    const carried = isWhole ? op.get(0) : [];
    function execute(state: State): number | undefined {
      const value = isWhole ? spend(state, price.plain, 0) : 0;
      const isTaken = spend(state, price.plain, condition.evaluate(state)) !== 0;
      if (!isTaken && isWhole) spend(state, price.plain, value);
      return isTaken ? depth : undefined;
    }
    return { code: [...carried, ...condition.code, ...op.brIf(depth), ...(isWhole ? [op.drop] : [])], execute };
  }

  function branchTable(scope: Scope): Statement {
    const index = expression(scope, 2);
    const arms = [list(scope, "block"), list(scope, "block")] as const;
    // block block (br_table 0 1 1) end arm0 end arm1-like code behind: arm 1 runs in both cases
    const code = [0x02, 0x40, 0x02, 0x40, ...index.code, 0x0e, 2, 0, 1, 0, 0x0b, ...arms[0].code, 0x0b];
    function execute(state: State): number | undefined {
      const chosen = spend(state, price.table, index.evaluate(state)) >>> 0;
      return chosen === 1 ? undefined : caught(arms[0].execute(state));
    }
    return { code, execute };
  }

  function leave(scope: Scope): Statement {
    const [condition, value] = [expression(scope, 1), expression(scope, 1)];
    const code = [...condition.code, 0x04, 0x40, ...value.code, 0x0f, 0x0b];
    function execute(state: State): number | undefined {
      if (spend(state, price.plain, condition.evaluate(state)) === 0) return undefined;
      state.locals[0] = value.evaluate(state);
      spend(state, price.plain, 0);
      return scope.labels.length;
    }
    return { code, execute };
  }

  function callable(index: number, callables: readonly Callable[]): { code: number[]; self: Callable } {
    const inner = list({ callables, labels: [], depth: 5 }, undefined);
    function run(argument: number, state: State): number {
      const outer = state.locals;
      state.locals = new Int32Array(localCount + 8);
      state.locals[0] = argument;
      const left = inner.execute(state);
      if (left === undefined) spend(state, price.plain, 0); // the final local.get
      const result = state.locals[0] ?? 0;
      state.locals = outer;
      return result;
    }
    return { code: body([[localCount + 7, I32]], [...inner.code, ...op.get(0)]), self: { index, run } };
  }

  return assembleProgram(callable);
}

type MakeCallable = (index: number, callables: readonly Callable[]) => { code: number[]; self: Callable };

/** Three functions, each calling only earlier ones, and an entry that calls the last and stores what it returns. */
function assembleProgram(makeCallable: MakeCallable): Program {
  const made: { code: number[]; self: Callable }[] = [];
  for (let index = 1; index <= 3; index++)
    made.push(
      makeCallable(
        index,
        made.map(({ self }) => self),
      ),
    );
  const last = made[made.length - 1]?.self;
  const entry = body([], [...op.i32(256), ...op.i32(7), ...op.call(3), 0x36, 2, 0]);
  const functions = [[0, entry] as const, ...made.map(({ code }) => [1, code] as const)];
  const module = assemble({ types: [[[I32], [I32]]], functions, pages: [1] });
  function interpret(): State {
    const state = {
      locals: new Int32Array(),
      memory: new DataView(new ArrayBuffer(512)),
      cost: 2 * price.plain + price.call + price.memory,
    };
    state.memory.setInt32(256, last?.run(7, state) ?? 0, true);
    return state;
  }
  return { module, interpret };
}

function spend(state: State, cost: number, value: number): number {
  state.cost += cost;
  return value;
}

function spendState(state: State, cost: number): State {
  state.cost += cost;
  return state;
}
