/** What is said while something takes long. */
import type { Io } from "./io.ts";

const firstMs = 1_000;
const everyMs = 10_000;

/** Waits for `work`; says what it waits for after a second, and again every ten. */
export const during = async <T>(io: Pick<Io, "err">, what: string, work: Promise<T>): Promise<T> => {
  const startedMs = Date.now();
  const say = (): void => {
    const waitedS = Math.round((Date.now() - startedMs) / 1_000);
    io.err(waitedS < 10 ? `${what} ...` : `${what} ... ${waitedS} s`);
  };
  const first = setTimeout(say, firstMs);
  const more = setInterval(say, everyMs);
  try {
    return await work;
  } finally {
    clearTimeout(first);
    clearInterval(more);
  }
};
