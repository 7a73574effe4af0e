/** Every known difference, in the order of the page. */
import { differencesInCertificates } from "./certificates.ts";
import type { Difference } from "./difference.ts";
import { differencesInQuotes } from "./quotes.ts";
import { differencesInStatuses } from "./statuses.ts";
import { differencesInTexts } from "./texts.ts";

export const differences: readonly Difference[] = [
  ...differencesInQuotes,
  ...differencesInCertificates,
  ...differencesInTexts,
  ...differencesInStatuses,
];
