/** Manifests for tests: everything is real but the weights, which are bytes without a meaning. */
import type { ModelManifest } from "../../../keepers/models/manifest.ts";
import { sha256Of } from "./file-server.ts";

export type SampleFile = { readonly path: string; readonly bytes: Uint8Array; readonly uris?: readonly string[] };

/** A manifest of these files. */
export const manifestOf = (files: readonly SampleFile[], changes: Partial<ModelManifest> = {}): ModelManifest => ({
  format: "atoma-model-1",
  kind: "chat",
  name: "Sample",
  licence: "MIT",
  files: files.map(({ path, bytes, uris = [] }) => ({
    path,
    bytes: bytes.length,
    sha256: sha256Of(bytes),
    uris: [...uris],
  })),
  runtime: {
    engine: "llama.cpp",
    version: "b1",
    hardware: "x86-64",
    settings: { threads: 1 },
    tokenIds: "logprobs",
    stream: true,
  },
  generation: { seed: 1, maxTokens: 64 },
  ...changes,
});

export const bytesOf = (manifest: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(manifest));
