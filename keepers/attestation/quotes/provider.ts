/** What makes quotes on this machine. */
export type QuoteProvider = {
  readonly name: string;
  /**
   * A raw DCAP quote whose report carries these 64 bytes. Rejects with QuoteProviderError where this machine makes none,
   * or with the reason of the signal.
   */
  quote(reportData: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
};

/** This machine makes no quote. The message says why and what to do. */
export class QuoteProviderError extends Error {
  override readonly name = "QuoteProviderError";
}

/** Length of report data, bytes. */
export const reportDataBytes = 64;

/** Throws a RangeError unless it has 64 bytes. */
export function checkReportData(reportData: Uint8Array): void {
  if (reportData.length !== reportDataBytes)
    throw new RangeError(`Report data has ${reportDataBytes} bytes, not ${reportData.length}.`);
}
