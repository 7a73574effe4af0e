/** Says what happens while the demo works. */
export type Progress = {
  /** A chapter begins. */
  readonly step: (title: string) => void;
  /** A fact worth a line. */
  readonly note: (line: string) => void;
};

export type ProgressDeps = { readonly write: (line: string) => void; readonly nowMs: () => number };

/** Writes one line per word, with the seconds since the start in front. */
export function makeProgress({ write, nowMs }: ProgressDeps): Progress {
  const startedMs = nowMs();
  const stamp = (): string => `${((nowMs() - startedMs) / 1_000).toFixed(1).padStart(6)} s`;
  return {
    step: (title) => write(`${stamp()}  ${title}`),
    note: (line) => write(`${stamp()}    ${line}`),
  };
}

export type WaitInput<T> = {
  readonly progress: Progress;
  /** What is waited for, as the error names it. */
  readonly what: string;
  readonly timeoutMs: number;
  /** Between two looks, in milliseconds. */
  readonly everyMs?: number;
  readonly signal: AbortSignal;
  /** Undefined as long as there is nothing yet. */
  readonly look: () => Promise<T | undefined>;
  /** A sentence for each second of waiting; nothing is said where it is absent or gives nothing new. */
  readonly say?: () => Promise<string | undefined> | string | undefined;
};

/** Something that was waited for did not come. */
export class WaitedTooLongError extends Error {
  override readonly name = "WaitedTooLongError";
}

/**
 * Looks again and again until there is something, and says each second how far it is.
 *
 * @throws WaitedTooLongError after `timeoutMs`; the signal's reason when it aborts
 */
export async function waitFor<T>(input: WaitInput<T>): Promise<T> {
  const { progress, what, timeoutMs, everyMs = 250, signal, look, say = () => undefined } = input;
  const endMs = Date.now() + timeoutMs;
  let saidMs = Date.now();
  while (Date.now() < endMs) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() - saidMs >= 1_000) {
      saidMs = Date.now();
      const line = await say();
      if (line !== undefined) progress.note(line);
    }
    await sleep(everyMs, signal);
  }
  throw new WaitedTooLongError(`Waited ${timeoutMs / 1_000} s for ${what}.`);
}

/** Sleeps, or rejects with the signal's reason. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
