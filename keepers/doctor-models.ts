/** Doctor's look at model servers: whether each can be reached, has the model, and runs it as the manifest says. */
import { backendsOf } from "./executors/openai/backends.ts";
import { examineServer, outputSha256 } from "./executors/openai/check.ts";
import { BackendError } from "./executors/openai/fault.ts";
import type { Backend } from "./executors/openai/pool.ts";
import { within } from "./executors/openai/time.ts";
import { executorOptionsOf, type ModelSource, readModels } from "./models/services.ts";
import { systemClock } from "./runtime/clock.ts";
import { silentLog } from "./runtime/log.ts";
import type { Settings } from "./settings.ts";

/** What was found at one server. */
export type ServerFinding = { readonly verdict: "ok" | "warn" | "bad"; readonly text: string };

const timeoutMs = 60_000;
/** Asked where the manifest has no question. */
const sampleInputOf = ({ kind }: ModelSource["manifest"]): string =>
  kind === "image" ? '{"prompt":"A tree.","size":"256x256"}' : "Say hello.";

const tokenIdsText = { return_token_ids: "return_token_ids", logprobs: "logprobs", none: "no token ids" } as const;

const lookAtServer = async (
  { server }: Backend,
  { manifest }: ModelSource,
  signal: AbortSignal,
): Promise<ServerFinding> => {
  const { isProven } = await examineServer(server, manifest, signal);
  const how = tokenIdsText[manifest.runtime.tokenIds];
  if (isProven) return { verdict: "ok", text: `has the model, passes its check, ${how}` };
  const sampleInput = sampleInputOf(manifest);
  const { sha256 } = await outputSha256(server, manifest, sampleInput, signal);
  const text = `has the model, ${how}, but the manifest has no check question; sha256 of the output for ${JSON.stringify(sampleInput)} is ${sha256}: compare it with other nodes`;
  return { verdict: "warn", text };
};

const lookAtModel = async (source: ModelSource): Promise<readonly ServerFinding[]> => {
  const { manifest } = source;
  const backends = backendsOf(executorOptionsOf(source, { clock: systemClock, log: silentLog }));
  const late = (): BackendError => new BackendError("slow", `did not answer within ${timeoutMs / 1_000} s`);
  const found = await Promise.all(
    backends.map((one) =>
      within(systemClock, timeoutMs, late, undefined, (signal) => lookAtServer(one, source, signal)).catch(
        (error: unknown): ServerFinding => {
          if (error instanceof BackendError) return { verdict: "bad", text: error.message };
          throw error;
        },
      ),
    ),
  );
  const isServed = found.some(({ verdict }) => verdict !== "bad");
  return found.map(({ verdict, text }, i) => ({
    verdict: isServed && verdict === "bad" ? "warn" : verdict,
    text: `${manifest.name} at ${backends[i]?.name}: ${text}`,
  }));
};

/** Looks at every server of every model. Rejects with ConfigError where the models' files are not as they must be. */
export const examineModels = async (settings: Pick<Settings, "models">): Promise<readonly ServerFinding[]> =>
  (await Promise.all(readModels(settings).map(lookAtModel))).flat();
