/**
 * The instructions that guests may use: WebAssembly 1.0, sign extension, saturating truncation, bulk memory and
 * multiple values. Everything else is refused: vectors and relaxed operations (results differ between machines),
 * threads, exceptions, tail calls, references and garbage collection.
 */

export const i32 = 0x7f;
export const i64 = 0x7e;
export const f32 = 0x7d;
export const f64 = 0x7c;
export type ValueType = typeof i32 | typeof i64 | typeof f32 | typeof f64;

/** A fixed-signature instruction. */
export type Instruction = {
  readonly pops: readonly ValueType[];
  readonly push: ValueType | undefined;
  /** Natural alignment of a memory access as a power of two, or undefined for other instructions. */
  readonly alignment: number | undefined;
  readonly canTrap: boolean;
  /** Whether the result may be a NaN whose bits the WebAssembly specification leaves open. */
  readonly makesNaN: boolean;
  /** Whether results do not depend on which NaN an operand is. */
  readonly ignoresNaNBits: boolean;
  /** Fuel. */
  readonly cost: number;
};

/** Fuel of instructions outside the table below, and the unit prices of bulk work. Changing one is a new runtime. */
export const costs = {
  plain: 1,
  memoryAccess: 2,
  division: 8,
  branchTable: 4,
  call: 8,
  callIndirect: 16,
  bulk: 16,
  /** Bulk operations cost one unit per this many bytes, rounded up. */
  bulkBytesPerUnit: 4,
  tableEntry: 1,
  /** Each 64 KiB page, at start and when memory grows: it has to be zeroed. */
  page: 8_192,
  grow: 512,
  /** Each byte of the artifact, which has to be compiled. */
  moduleByte: 4,
  /** Each value that the compiler has to merge at a branch or block. */
  mergedValue: 32,
  /** Every call of the host, and one unit per `hostBytesPerUnit` bytes that it moves. */
  hostCall: 256,
  hostBytesPerUnit: 2,
} as const;

const codes: Readonly<Record<string, ValueType>> = { i: i32, I: i64, f: f32, F: f64 };
const table: (Instruction | undefined)[] = [];

type Traits = Partial<Pick<Instruction, "alignment" | "canTrap" | "makesNaN" | "ignoresNaNBits" | "cost">>;

/** Adds instructions `first`.. to the table: one per word of `signatures`, such as "ii:i" (pops two i32, pushes one). */
function define(first: number, signatures: string, traits: Traits = {}): void {
  const types = (letters: string): ValueType[] => [...letters].flatMap((letter) => codes[letter] ?? []);
  const base = { alignment: undefined, canTrap: false, makesNaN: false, ignoresNaNBits: false, cost: costs.plain };
  signatures.split(" ").forEach((signature, index) => {
    const [pops = "", push = ""] = signature.split(":");
    table[first + index] = { ...base, pops: types(pops), push: types(push)[0], ...traits };
  });
}

function defineAccess(first: number, signature: string, alignments: readonly number[]): void {
  const traits = { canTrap: true, cost: costs.memoryAccess };
  alignments.forEach((alignment, index) => define(first + index, signature, { ...traits, alignment }));
}

const repeat = (signature: string, count: number): string => Array<string>(count).fill(signature).join(" ");
const float: Traits = { makesNaN: true, ignoresNaNBits: true };
const compare: Traits = { ignoresNaNBits: true };
const divide: Traits = { canTrap: true, cost: costs.division };
const truncate: Traits = { canTrap: true, ignoresNaNBits: true };

/** Opcodes behind the prefix 0xfc stand at 256 and above. */
export const prefixed = 256;

defineAccess(0x28, "i:i", [2]);
defineAccess(0x29, "i:I", [3]);
defineAccess(0x2a, "i:f", [2]);
defineAccess(0x2b, "i:F", [3]);
defineAccess(0x2c, "i:i", [0, 0, 1, 1]);
defineAccess(0x30, "i:I", [0, 0, 1, 1, 2, 2]);
defineAccess(0x36, "ii:", [2]);
defineAccess(0x37, "iI:", [3]);
defineAccess(0x38, "if:", [2]);
defineAccess(0x39, "iF:", [3]);
defineAccess(0x3a, "ii:", [0, 1]);
defineAccess(0x3c, "iI:", [0, 1, 2]);
define(0x45, `i:i ${repeat("ii:i", 10)} I:i ${repeat("II:i", 10)}`); // eqz and comparisons of integers
define(0x5b, `${repeat("ff:i", 6)} ${repeat("FF:i", 6)}`, compare);
define(0x67, `${repeat("i:i", 3)} ${repeat("ii:i", 3)}`); // clz ctz popcnt add sub mul
define(0x6d, repeat("ii:i", 4), divide);
define(0x71, repeat("ii:i", 8)); // and or xor shl shr_s shr_u rotl rotr
define(0x79, `${repeat("I:I", 3)} ${repeat("II:I", 3)}`);
define(0x7f, repeat("II:I", 4), divide);
define(0x83, repeat("II:I", 8));
define(0x8b, "f:f f:f"); // abs neg: change one bit, whatever the value
define(0x8d, repeat("f:f", 4), float);
define(0x91, "f:f", { ...float, cost: costs.division }); // sqrt
define(0x92, repeat("ff:f", 3), float);
define(0x95, "ff:f", { ...float, cost: costs.division });
define(0x96, "ff:f ff:f", float);
define(0x98, "ff:f"); // copysign
define(0x99, "F:F F:F");
define(0x9b, repeat("F:F", 4), float);
define(0x9f, "F:F", { ...float, cost: costs.division });
define(0xa0, repeat("FF:F", 3), float);
define(0xa3, "FF:F", { ...float, cost: costs.division });
define(0xa4, "FF:F FF:F", float);
define(0xa6, "FF:F");
define(0xa7, "I:i");
define(0xa8, "f:i f:i F:i F:i", truncate);
define(0xac, "i:I i:I");
define(0xae, "f:I f:I F:I F:I", truncate);
define(0xb2, "i:f i:f I:f I:f");
define(0xb6, "F:f", float);
define(0xb7, "i:F i:F I:F I:F");
define(0xbb, "f:F", float);
define(0xbc, "f:i F:I i:f I:F"); // reinterpret
define(0xc0, "i:i i:i I:I I:I I:I"); // sign extension
define(prefixed, "f:i f:i F:i F:i f:I f:I F:I F:I", compare); // saturating truncation

/** The fixed-signature instruction of an opcode, or undefined where there is none. */
export function instructionOf(opcode: number): Instruction | undefined {
  return table[opcode];
}

/** A description of every rule above, for the runtime's digest. */
export function describeInstructions(): string {
  return JSON.stringify({ costs, table: table.map((entry, opcode) => [opcode, entry]).filter(([, entry]) => entry) });
}
