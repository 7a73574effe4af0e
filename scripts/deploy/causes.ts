import { visible } from "../../keepers/cli/text.ts";

/** An error with what caused it, a line each. Of viem's errors the short message: their long one repeats the causes. */
export function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(visible(shortOf(at)));
  return causes.join("\n  because: ");
}

const shortOf = (error: Error): string => ("shortMessage" in error ? String(error.shortMessage) : error.message);
