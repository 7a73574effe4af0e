import { UsageError } from "../commands/usage-error.ts";

/** Throws UsageError unless the URI is of one of the schemes: nodes could fetch nothing else. */
export const checkScheme = (option: string, uri: string, schemes: readonly string[]): void => {
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri) ?? [];
  if (scheme === undefined || !schemes.includes(scheme.toLowerCase()) || !URL.canParse(uri))
    throw new UsageError(
      `${option} must be a URI that nodes can fetch: ${schemes.join(", ")}. It is "${uri.slice(0, 100)}".`,
    );
};
