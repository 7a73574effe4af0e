/** Manifests, tasks and executors of models for tests. */
import { createHash } from "node:crypto";
import type { ExecutionLimits, ExecutionTask } from "../../../keepers/executors/executor.ts";
import {
  makeOpenAiExecutor,
  type OpenAiExecutor,
  type OpenAiExecutorOptions,
} from "../../../keepers/executors/openai/executor.ts";
import type { ModelManifest } from "../../../keepers/models/manifest.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export type ManifestChanges = Partial<Omit<ModelManifest, "runtime" | "generation">> & {
  readonly runtime?: Partial<ModelManifest["runtime"]>;
  readonly generation?: Partial<ModelManifest["generation"]>;
};

/** A chat model's manifest, as bytes. */
export const manifestOf = ({ runtime, generation, ...changes }: ManifestChanges = {}): Uint8Array =>
  utf8(
    JSON.stringify({
      format: "atoma-model-1",
      kind: "chat",
      name: "test model",
      licence: "MIT",
      files: [{ path: "model.gguf", bytes: 1, sha256: "ab".repeat(32), uris: [] }],
      runtime: {
        engine: "test",
        version: "1",
        hardware: "any",
        settings: {},
        tokenIds: "return_token_ids",
        ...runtime,
      },
      generation: { seed: 7, maxTokens: 32, ...generation },
      ...changes,
    }),
  );

export const taskOf = (artifact: Uint8Array): ExecutionTask => ({
  artifact,
  artifactDigest: `0x${sha256Of(artifact)}`,
});

export const limitsOf = (changes: Partial<ExecutionLimits> = {}): ExecutionLimits => ({
  fuel: 100_000n,
  memoryBytes: 0,
  callDepth: 1,
  maxOutputBytes: 4_096,
  hardOutputBytes: 65_536,
  timeoutMs: 10_000,
  ...changes,
});

export type ExecutorChanges = Partial<OpenAiExecutorOptions> & { readonly urls?: readonly string[] };

/** An executor over servers at these URLs. */
export const executorOf = (manifest: Uint8Array, { urls = [], ...changes }: ExecutorChanges): OpenAiExecutor =>
  makeOpenAiExecutor({
    manifest,
    servedAs: "test",
    backends: urls.map((url) => ({ url, concurrency: 4 })),
    clock: systemClock,
    log: silentLog,
    ...changes,
  });
