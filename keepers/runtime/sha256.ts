import { createHash } from "node:crypto";
import type { Hex } from "viem";

/** The sha256 of some bytes. */
export const sha256 = (bytes: Uint8Array): Hex => `0x${createHash("sha256").update(bytes).digest("hex")}`;
