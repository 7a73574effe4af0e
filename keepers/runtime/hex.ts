import type { Hex } from "viem";

/**
 * Bytes as hex, in one flat string. viem's `bytesToHex` builds its text by concatenation, which V8 keeps as a tree of
 * some 35 times the size of the bytes: use this one for anything that may be long.
 */
export const hexOfBytes = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
