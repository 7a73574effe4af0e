const prefix = "ATOMA_FUZZ ";

/** Successful calls per function in the fuzz campaign that ran in this process, by name. Empty if none ran. */
export function campaignSuccesses(
  environment: NodeJS.ProcessEnv,
): readonly (readonly [name: string, successes: number])[] {
  return Object.entries(environment)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), Number(value)] as const)
    .sort(([a], [b]) => a.localeCompare(b));
}

/** The campaign's successes as a table of text. */
export function campaignTable(environment: NodeJS.ProcessEnv): string {
  const rows = campaignSuccesses(environment);
  const total = rows.reduce((sum, [, successes]) => sum + successes, 0);
  const lines = rows.map(([name, successes]) => `  ${name.padEnd(34)}${String(successes).padStart(8)}`);
  return [`Successful calls in the fuzz campaign, by function (${total} in all):`, ...lines].join("\n");
}
