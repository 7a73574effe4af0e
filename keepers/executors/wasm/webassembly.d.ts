/** The part of the engine's interface that measurements and tests use; Node's type declarations leave it out. */
declare namespace WebAssembly {
  type ImportFunction = (...values: never[]) => number | undefined;
  type ModuleImports = Record<string, ImportFunction>;
  type Exports = Readonly<Record<string, unknown>>;

  function validate(bytes: Uint8Array): boolean;

  class Module {
    constructor(bytes: Uint8Array);
    readonly [Symbol.toStringTag]: string;
  }

  class Instance {
    constructor(module: Module, imports?: Record<string, ModuleImports>);
    readonly exports: Exports;
  }

  interface Memory {
    readonly buffer: ArrayBuffer;
  }

  interface Global<T> {
    value: T;
  }

  class CompileError extends Error {}
  class RuntimeError extends Error {}
}
