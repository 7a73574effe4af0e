import { BadModuleError } from "./bad-module.ts";
import { meterModule, type MeteredModule } from "./meter.ts";

/** Metered modules by artifact digest; the least recently used go first. */
export type ModuleCache = ReturnType<typeof makeModuleCache>;

/** Keeps at most `maxBytes` of metered code. */
export function makeModuleCache(maxBytes: number) {
  const entries = new Map<string, MeteredModule | BadModuleError>();
  let totalBytes = 0;

  function sizeOf(entry: MeteredModule | BadModuleError): number {
    return 1_000 + (entry instanceof BadModuleError ? 0 : entry.bytes.length);
  }

  function remember(key: string, entry: MeteredModule | BadModuleError): void {
    entries.set(key, entry);
    totalBytes += sizeOf(entry);
    for (const [oldest, old] of entries) {
      if (totalBytes <= maxBytes) return;
      entries.delete(oldest);
      totalBytes -= sizeOf(old);
    }
  }

  /** The metered module, or why there is none. `digest` must be the artifact's. */
  function get(artifact: Uint8Array, digest: string, maximumPages: number): MeteredModule | BadModuleError {
    const key = `${digest}:${maximumPages}`;
    const known = entries.get(key);
    const entry = known ?? meter(artifact, maximumPages);
    if (known !== undefined) {
      entries.delete(key);
      totalBytes -= sizeOf(known);
    }
    remember(key, entry);
    return entry;
  }

  return { get, bytes: () => totalBytes };
}

function meter(artifact: Uint8Array, maximumPages: number): MeteredModule | BadModuleError {
  try {
    return meterModule(artifact, maximumPages);
  } catch (error) {
    if (error instanceof BadModuleError) return error;
    throw error;
  }
}
