/**
 * Bounds on the structure of a module. They keep compilation time and stack use in proportion to the artifact's size,
 * and lie below every limit of the engine, so that the engine never decides what is acceptable.
 */
export const bounds = {
  moduleBytes: 4 * 1024 * 1024,
  types: 4_096,
  parameters: 128,
  results: 16,
  imports: 64,
  functions: 20_000,
  globals: 4_096,
  exports: 4_096,
  /** Entries of the only table, declared and initialised. */
  tableEntries: 65_536,
  segments: 10_000,
  /** Parameters and locals of one function, each taking 8 bytes of stack or less. */
  locals: 2_048,
  /** Values on the operand stack of one function. */
  operands: 2_048,
  functionBytes: 1024 * 1024,
  /** Nested blocks, loops and ifs. */
  nesting: 1_024,
  branchTargets: 16_384,
  /** Sum, over a function's branches and blocks, of the live values that a compiler must merge there. */
  merges: 4 * 1024 * 1024,
  nameBytes: 1_024,
  memoryPages: 65_536,
  /** Any executor of this kind refuses longer inputs. */
  inputBytes: 16 * 1024 * 1024,
} as const;

export const pageBytes = 65_536;
