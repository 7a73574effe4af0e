/**
 * Quotes from the Linux kernel's interface for confidential guests, configfs-tsm (Documentation/ABI/testing/configfs-tsm-report):
 * a folder is made, report data is written to `inblob`, the quote is read from `outblob`. `generation` counts writes: a
 * quote counts only if nobody else wrote in between. Needs Linux 6.7 or later in a TDX guest whose host runs Intel's
 * quote generation service.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorLine } from "../../runtime/errors.ts";
import { checkReportData, type QuoteProvider, QuoteProviderError } from "./provider.ts";

/** Of the file system, as `node:fs/promises` has them. */
export type TsmFiles = {
  readonly mkdir: (path: string) => Promise<unknown>;
  readonly rmdir: (path: string) => Promise<unknown>;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly writeFile: (path: string, data: Uint8Array) => Promise<unknown>;
};

export const tsmPath = "/sys/kernel/config/tsm/report";

/** The kernel's name of quotes of TDX. */
const tdxProvider = "tdx_guest";
/** Somebody else wrote in between: so often a report is made anew. */
const attempts = 3;
/** The largest quote that a kernel gives out. */
const maxQuoteBytes = 32_768;

/** Makes quotes in a TDX guest. */
export function tsmProvider(
  path: string = tsmPath,
  files: TsmFiles = { mkdir, rmdir, readFile, writeFile },
): QuoteProvider {
  return {
    name: "configfs-tsm",
    quote: async (reportData, signal) => {
      checkReportData(reportData);
      const folder = join(path, `atoma-${randomUUID()}`);
      await orExplain(
        () => files.mkdir(folder),
        `${folder} cannot be made: is this a TDX guest with configfs-tsm mounted?`,
      );
      try {
        return await orExplain(() => quoteIn(folder, reportData, files, signal), "the kernel gave no quote");
      } finally {
        await files.rmdir(folder).catch(() => undefined); // the kernel forgets it at the next start
      }
    },
  };
}

async function quoteIn(
  folder: string,
  reportData: Uint8Array,
  files: TsmFiles,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const textOf = async (name: string): Promise<string> =>
    new TextDecoder().decode(await files.readFile(join(folder, name))).trim();
  const provider = await textOf("provider");
  if (provider !== tdxProvider)
    throw new QuoteProviderError(`the kernel's reports come from ${provider}: only ${tdxProvider} gives DCAP quotes`);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    signal?.throwIfAborted();
    const before = BigInt(await textOf("generation"));
    await files.writeFile(join(folder, "inblob"), reportData);
    const quote = await files.readFile(join(folder, "outblob"));
    if (BigInt(await textOf("generation")) !== before + 1n) continue;
    if (quote.length > maxQuoteBytes) throw new QuoteProviderError(`the kernel's quote has ${quote.length} bytes`);
    return quote;
  }
  throw new QuoteProviderError(`somebody else writes to ${folder}: its quotes are not of this report data`);
}

async function orExplain<T>(what: () => Promise<T>, sentence: string): Promise<T> {
  try {
    return await what();
  } catch (cause) {
    if (cause instanceof QuoteProviderError) throw cause;
    throw new QuoteProviderError(`${sentence} (${errorLine(cause)})`, { cause });
  }
}
