/**
 * A model's manifest: the artifact of a model task. It names the files of the model by hash, the runtime that must be equal
 * for outputs to be equal, and what every node has to ask its server for. Its sha256 is the task's `artifactDigest`.
 */
import { createHash } from "node:crypto";
import type { Hex } from "viem";
import { z } from "zod";

/** Version of the rules by which nodes turn inputs into requests and answers into outputs; see docs/serve-a-model.md. */
const rulesVersion = 1;
/** Longest manifest, bytes. */
export const maxManifestBytes = 1_048_576;

/** What models do, which is also the `kind` of their tasks. */
export const modelKinds = ["chat", "completion", "embedding", "image"] as const;
export type ModelKind = (typeof modelKinds)[number];

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");
const sha256OfNothing = createHash("sha256").digest("hex");
/** Relative, without leaving its folder: `weights/model.gguf`. */
const filePath = z
  .string()
  .max(255)
  .regex(
    /^(?!\.)[A-Za-z0-9._-]+(\/(?!\.)[A-Za-z0-9._-]+)*$/,
    "must be a relative path of letters, digits, . _ - and /",
  );
const printable = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\x20-\x7e]+$/, "must be printable ASCII");
const fileUri = z
  .string()
  .max(2_048)
  .regex(/^(https?|ipfs):\/\/[\x21-\x7e]+$/, "must be an http, https or ipfs URI in ASCII");

const file = z.strictObject({
  path: filePath,
  bytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  sha256: sha256Hex,
  /** Where it can be had; none where the publisher gives it out in other ways. */
  uris: z.array(fileUri).max(16),
});

type Files = readonly z.output<typeof file>[];

/** Every path can exist beside all others, on systems that tell no case apart too. */
const arePathsApart = (files: Files): boolean => {
  const paths = new Set(files.map(({ path }) => path.toLowerCase()));
  const foldersOf = (path: string): string[] => path.split("/").map((_, i, parts) => parts.slice(0, i).join("/"));
  return paths.size === files.length && ![...paths].some((path) => foldersOf(path).some((at) => paths.has(at)));
};

const areLengthsOne = (files: Files): boolean =>
  new Set(files.map(({ sha256, bytes }) => `${sha256} ${bytes}`)).size ===
  new Set(files.map(({ sha256 }) => sha256)).size;

const runtime = z.strictObject({
  /** Such as `vllm`, `llama.cpp`. */
  engine: printable(64),
  version: printable(64),
  /** Whose results are equal bit for bit: `NVIDIA H100, tensor parallel 1`, `x86-64, 1 thread`. */
  hardware: printable(200),
  /** Whatever else must be equal: quantisation, batch invariance, attention backend. */
  settings: z.record(printable(64), z.union([printable(200), z.number(), z.boolean()])),
  /**
   * How the server tells token ids, to which outputs then commit: by vLLM's `return_token_ids`, as `id` of each entry of
   * `logprobs.content` (llama.cpp), or not at all.
   */
  tokenIds: z.enum(["return_token_ids", "logprobs", "none"]),
  /** Whether text is asked for as a stream: some servers tell other ids, or none, in one of the two ways. Absent is true, in the digest too. */
  stream: z.boolean().default(true),
});

const generation = z.strictObject({
  seed: z.int().min(0).max(2_147_483_647),
  /** Most tokens of one answer, and what is asked for where the input does not say. */
  maxTokens: z.int().min(1).max(1_048_576),
  /** Precedes every conversation. */
  system: z.string().max(65_536).optional(),
  stop: z.array(z.string().min(1).max(64)).max(4).optional(),
  /** Longer inputs are refused by every node alike, 1 MiB where absent. Choose it so that any input fits the context. */
  maxInputBytes: z.int().min(1).max(16_777_216).optional(),
  /** Of an embedding: nodes use no vector of another length. */
  dimensions: z.int().min(1).max(65_536).optional(),
});

const manifestSchema = z.strictObject({
  format: z.literal("atoma-model-1"),
  kind: z.enum(modelKinds),
  name: printable(100),
  /** An SPDX identifier, or where the licence's text is. */
  licence: printable(200),
  files: z
    .array(file)
    .min(1)
    .max(512)
    .refine(arePathsApart, "must not repeat a path, in whatever case, nor have a file where another has its folder")
    .refine(areLengthsOne, "must not give one sha256 two lengths"),
  tokenizer: z.strictObject({ sha256: sha256Hex }).optional(),
  runtime,
  generation,
  /** A question whose answer shows that a server runs this very model: nodes ask it before they trust a server. */
  check: z
    .strictObject({
      input: z.string().min(1).max(4_096),
      outputSha256: sha256Hex.refine((hex) => hex !== sha256OfNothing, "is the sha256 of nothing, which is no output"),
    })
    .optional(),
});

export type ModelManifest = z.output<typeof manifestSchema>;
export type ModelFile = ModelManifest["files"][number];

/** The bytes are no manifest. The message says what is wrong, for the publisher. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

/** Reads a manifest. Throws ManifestError. */
export const parseManifest = (bytes: Uint8Array): ModelManifest => {
  if (bytes.length > maxManifestBytes) throw new ManifestError(`the manifest has more than ${maxManifestBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ManifestError("the manifest is not JSON in UTF-8", { cause });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "manifest"}: ${message}`);
  throw new ManifestError(problems.join("; "));
};

/** The same value always gives the same text: keys in order, no spaces. */
const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
};

/** The task's `runtimeDigest`: sha256 of the runtime, the kind and the version of the rules, as canonical JSON. */
export const modelRuntimeDigest = ({ kind, runtime: given }: Pick<ModelManifest, "kind" | "runtime">): Hex =>
  `0x${createHash("sha256")
    .update(canonicalJson({ rules: rulesVersion, kind, runtime: given }))
    .digest("hex")}`;
