// Models that are not the one they claim to be: real GGUF files, with other weights. For tests of who is caught.
import { readFileSync, writeFileSync } from "node:fs";
import { decodeGguf, encodeGguf, type GgufTensor } from "./gguf.ts";
import { makeRandom } from "./train/random.ts";

const block = 32;
const bytesPerBlock = 18;

/** Reads an F32 model, changes its matrices, and writes it to `file`. */
function rewrite(modelFile: string, file: string, change: (tensor: GgufTensor) => GgufTensor): void {
  const { metadata, tensors } = decodeGguf(readFileSync(modelFile));
  const isMatrix = ({ sizes, type }: GgufTensor): boolean => sizes.length === 2 && type === "F32";
  writeFileSync(file, encodeGguf({ metadata, tensors: tensors.map((one) => (isMatrix(one) ? change(one) : one)) }));
}

const numbersOf = ({ data }: GgufTensor): Float32Array =>
  new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));

/**
 * Writes the model with noise on every weight of its matrices: normal, `strength` times the root mean square of the
 * matrix. 0.1 changes hardly an answer, 0.5 some, 1 nearly all. The same seed gives the same file.
 */
export function writePerturbed(modelFile: string, file: string, options: { seed: number; strength: number }): void {
  const random = makeRandom(options.seed);
  rewrite(modelFile, file, (tensor) => {
    const numbers = numbersOf(tensor);
    const meanSquare = numbers.reduce((sum, one) => sum + one * one, 0) / numbers.length;
    const scale = options.strength * Math.sqrt(meanSquare);
    return { ...tensor, data: new Uint8Array(numbers.map((one) => one + scale * random.normal()).buffer) };
  });
}

/**
 * Writes the model with its matrices in four bits per weight, type Q4_0 of llama.cpp, as a thrifty operator would serve it.
 * What it learned it still says; what it was not taught, often no more.
 */
export function writeQuantised(modelFile: string, file: string): void {
  rewrite(modelFile, file, (tensor) => ({ ...tensor, type: "Q4_0", data: quantise(numbersOf(tensor)) }));
}

/** Blocks of 32 weights: a scale in half precision, then 4 bits each, those of the second half above those of the first. */
function quantise(numbers: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((numbers.length / block) * bytesPerBlock);
  for (let from = 0, at = 0; from < numbers.length; from += block, at += bytesPerBlock) {
    const weights = numbers.subarray(from, from + block);
    const farthest = weights.reduce((far, one) => (Math.abs(one) > Math.abs(far) ? one : far), 0);
    const scale = farthest / -8;
    bytes.writeUInt16LE(halfPrecision(scale), at);
    const level = (one = 0): number => (scale === 0 ? 8 : Math.max(0, Math.min(15, Math.round(one / scale + 8))));
    for (let i = 0; i < block / 2; i += 1) bytes[at + 2 + i] = level(weights[i]) | (level(weights[i + block / 2]) << 4);
  }
  return bytes;
}

/** The 16 bits of the nearest number of half precision; 0 for what is below its normal range of 2^-14. */
function halfPrecision(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  const magnitude = (((bits & 0x7fff_ffff) + 0x1000) >>> 13) - (112 << 10);
  return magnitude < 0x400 ? 0 : ((bits >>> 16) & 0x8000) | magnitude;
}
