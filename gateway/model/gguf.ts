// The GGUF file format (version 3), as far as a model of F32 and Q4_0 tensors needs it: little endian, strings and arrays
// with a 64-bit length before them, tensors aligned to 32 bytes.

export type GgufValue =
  | { readonly type: "u32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "i32s"; readonly value: readonly number[] };

/** `sizes` begins with the length of a row. `data` is `sizes` numbers in the form `type` gives them. */
export type GgufTensor = {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly type: "F32" | "Q4_0";
  readonly data: Uint8Array;
};

export type Gguf = { readonly metadata: ReadonlyMap<string, GgufValue>; readonly tensors: readonly GgufTensor[] };

const magic = 0x46554747; // "GGUF"
const version = 3;
const alignment = 32;
const tensorTypes = { F32: { code: 0, block: 1, bytes: 4 }, Q4_0: { code: 2, block: 32, bytes: 18 } } as const;
const codes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;

const aligned = (length: number): number => Math.ceil(length / alignment) * alignment;

function bytesOfTensor(type: GgufTensor["type"], sizes: readonly number[]): number {
  const { block, bytes } = tensorTypes[type];
  return (sizes.reduce((product, size) => product * size, 1) / block) * bytes;
}

/** Collects the parts of a file. */
function makeWriter() {
  const parts: Buffer[] = [];
  const number = (bytes: 1 | 4 | 8, value: number): void => {
    const part = Buffer.alloc(bytes);
    part.writeUIntLE(value, 0, Math.min(bytes, 6));
    parts.push(part);
  };
  const text = (value: string): void => {
    const bytes = Buffer.from(value);
    number(8, bytes.length);
    parts.push(bytes);
  };
  const float = (value: number): void => void parts.push(Buffer.from(Float32Array.of(value).buffer));
  const list = <T>(code: number, values: readonly T[], write: (value: T) => void): void => {
    [codes.array, code].forEach((one) => number(4, one));
    number(8, values.length);
    values.forEach(write);
  };
  const value = (entry: GgufValue): void => {
    if (entry.type === "strings") return list(codes.string, entry.value, text);
    if (entry.type === "i32s") return list(codes.i32, entry.value, (one) => number(4, one >>> 0));
    number(4, codes[entry.type]);
    if (entry.type === "string") text(entry.value);
    else if (entry.type === "bool") number(1, Number(entry.value));
    else if (entry.type === "f32") float(entry.value);
    else number(4, entry.value);
  };
  return { number, text, value, bytes: () => Buffer.concat(parts) };
}

/** The bytes of a file. The same model gives the same bytes. */
export function encodeGguf({ metadata, tensors }: Gguf): Uint8Array {
  const { number, text, value, bytes } = makeWriter();
  [magic, version].forEach((one) => number(4, one));
  [tensors.length, metadata.size].forEach((one) => number(8, one));
  for (const [key, entry] of metadata) {
    text(key);
    value(entry);
  }
  let offset = 0;
  for (const { name, sizes, type, data } of tensors) {
    if (data.length !== bytesOfTensor(type, sizes)) throw new Error(`tensor ${name} has ${data.length} bytes`);
    text(name);
    number(4, sizes.length);
    sizes.forEach((size) => number(8, size));
    number(4, tensorTypes[type].code);
    number(8, offset);
    offset += aligned(data.length);
  }
  const header = bytes();
  const file = new Uint8Array(aligned(header.length) + offset);
  file.set(header);
  let at = aligned(header.length);
  for (const { data } of tensors) {
    file.set(data, at);
    at += aligned(data.length);
  }
  return file;
}

/** Reads a file from its beginning on; `seek` goes on at another byte. */
function makeReader(file: Uint8Array) {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  let at = 0;
  const take = (length: number): Buffer => {
    if (!(length <= bytes.length - at)) throw new Error("this GGUF file ends too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const u32 = (): number => take(4).readUInt32LE();
  const u64 = (): number => {
    const value = Number(take(8).readBigUInt64LE());
    if (value > bytes.length) throw new Error(`this GGUF file counts ${value} in ${bytes.length} bytes`);
    return value;
  };
  const text = (): string => take(u64()).toString("utf8");
  const list = <T>(read: () => T): T[] => Array.from({ length: u64() }, read);
  const array = (): GgufValue => {
    const code = u32();
    if (code === codes.string) return { type: "strings", value: list(text) };
    if (code === codes.i32) return { type: "i32s", value: list(() => u32() | 0) };
    throw new Error(`this GGUF file has an array of type ${code}`);
  };
  const value = (): GgufValue => {
    const code = u32();
    if (code === codes.array) return array();
    if (code === codes.string) return { type: "string", value: text() };
    if (code === codes.bool) return { type: "bool", value: take(1).readUInt8() === 1 };
    if (code === codes.f32) return { type: "f32", value: take(4).readFloatLE() };
    if (code === codes.u32) return { type: "u32", value: u32() };
    throw new Error(`this GGUF file has a value of type ${code}`);
  };
  return { take, u32, u64, text, value, place: () => at, seek: (place: number) => void (at = place) };
}

/** Reads a file that `encodeGguf` wrote. Throws an error on one that ends early, or has parts this does not know. */
export function decodeGguf(file: Uint8Array): Gguf {
  const { take, u32, u64, text, value, place, seek } = makeReader(file);
  const tensor = () => {
    const name = text();
    const sizes = Array.from({ length: u32() }, u64);
    const code = u32();
    const type = (["F32", "Q4_0"] as const).find((one) => tensorTypes[one].code === code);
    if (type === undefined) throw new Error(`tensor ${name} has the type ${code}`);
    return { name, sizes, type, offset: u64() };
  };
  if (u32() !== magic || u32() !== version) throw new Error("this is no GGUF file of version 3");
  const [tensorCount, valueCount] = [u64(), u64()];
  const metadata = new Map(Array.from({ length: valueCount }, () => [text(), value()] as const));
  const infos = Array.from({ length: tensorCount }, tensor);
  const from = aligned(place());
  const tensors = infos.map(({ offset, ...info }) => {
    seek(from + offset);
    return { ...info, data: new Uint8Array(take(bytesOfTensor(info.type, info.sizes))) };
  });
  return { metadata, tensors };
}
