/** The digests by which a task names a model. */
import type { Hex } from "viem";
import { sha256 } from "../runtime/sha256.ts";
import { type ModelManifest, modelRuntimeDigest } from "./manifest.ts";

export type ModelDigests = { readonly artifactDigest: Hex; readonly runtimeDigest: Hex };

/** Of a manifest, as bytes and as what they say. */
export const digestsOf = (bytes: Uint8Array, manifest: ModelManifest): ModelDigests => ({
  artifactDigest: sha256(bytes),
  runtimeDigest: modelRuntimeDigest(manifest),
});
