/** What a task is of: said by options, or by a model's manifest. */
import type { Hex } from "viem";
import type { RegisterTaskInput } from "../../sdk/client/register-task.ts";
import { UsageError } from "../commands/usage-error.ts";
import { modelRuntimeDigest, type ModelManifest, parseManifest } from "../models/manifest.ts";
import { errorLine } from "../runtime/errors.ts";
import { sha256 } from "../runtime/sha256.ts";

/** What the options say. */
export type IdentityOptions = {
  readonly kind?: string;
  readonly artifactDigest?: Hex;
  readonly runtimeDigest?: Hex;
  readonly unitSize?: bigint;
};

type Identity = Pick<RegisterTaskInput, "kind" | "artifactDigest" | "runtimeDigest" | "unitSize">;

/** Units of work that one unit buys where nobody says. */
const usualUnitSize = 1_000_000n;

/** Undefined where the bytes do not claim to be one. Throws UsageError where they are a broken one. */
const manifestIn = (bytes: Uint8Array): ModelManifest | undefined => {
  try {
    return parseManifest(bytes);
  } catch (cause) {
    if (!/"format"\s*:\s*"atoma-model-/.test(Buffer.from(bytes).toString("latin1"))) return undefined;
    throw new UsageError(`--artifact would be a model's manifest, but: ${errorLine(cause)}.`, { cause });
  }
};

const ofManifest = (given: IdentityOptions, manifest: ModelManifest): Omit<Identity, "artifactDigest"> => {
  const { kind } = manifest;
  const runtimeDigest = modelRuntimeDigest(manifest);
  const { unitSize } = given;
  if (given.kind !== undefined && given.kind !== kind)
    throw new UsageError(`--kind is ${given.kind}, but the manifest's kind is ${kind}: no node would serve the task.`);
  if (given.runtimeDigest !== undefined && given.runtimeDigest !== runtimeDigest)
    throw new UsageError(
      `--runtime-digest is not the manifest's, ${runtimeDigest}: no node would serve the task. Leave it out.`,
    );
  if (unitSize === undefined)
    throw new UsageError("--unit-size is missing: the usual 1000000 is for wasm; a model's units are of its tokens.");
  return { kind, runtimeDigest, unitSize };
};

/**
 * The task's identity. `artifact` holds the artifact's bytes where they are at hand. Throws UsageError for what is missing, and
 * for what a manifest contradicts.
 */
export const identityOf = (given: IdentityOptions, artifact: Uint8Array | undefined): Identity => {
  const artifactDigest: Hex | undefined = artifact === undefined ? given.artifactDigest : sha256(artifact);
  if (artifactDigest === undefined) throw new UsageError("Give either --artifact FILE or --artifact-digest.");
  const manifest = artifact === undefined ? undefined : manifestIn(artifact);
  if (manifest !== undefined) return { artifactDigest, ...ofManifest(given, manifest) };
  const { kind, runtimeDigest, unitSize = usualUnitSize } = given;
  if (kind === undefined || runtimeDigest === undefined)
    throw new UsageError("--kind and --runtime-digest are missing: only a model's manifest in --artifact says them.");
  return { artifactDigest, kind, runtimeDigest, unitSize };
};
