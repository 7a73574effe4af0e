/** The digests by which a task names a model. */
import { createHash } from "node:crypto";
import type { Hex } from "viem";
import { type ModelManifest, modelRuntimeDigest } from "./manifest.ts";

export type ModelDigests = { readonly artifactDigest: Hex; readonly runtimeDigest: Hex };

/** Of a manifest, as bytes and as what they say. */
export const digestsOf = (bytes: Uint8Array, manifest: ModelManifest): ModelDigests => ({
  artifactDigest: `0x${createHash("sha256").update(bytes).digest("hex")}`,
  runtimeDigest: modelRuntimeDigest(manifest),
});
