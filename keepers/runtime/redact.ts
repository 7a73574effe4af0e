/** Removes secrets from what is about to be logged or shown: by field name, by known value, and inside URLs. */

const hidden = "[redacted]";
const secretName =
  /^(priv(ate)?[-_]?key|pass(word|phrase)?|secret.*|.*[-_]?secret|mnemonic|seed(phrase)?|authorization|cookie|api[-_]?key|(access|auth|api|bearer)[-_]?token|salt)$/i;
const urlText = /\b(?:https?|wss?|postgres(?:ql)?):\/\/[^\s"'<>)\]}]+/gi;
const longToken = 16;

/**
 * The URL without user info, and with path segments and query values of 16 or more characters hidden (hosted RPCs carry
 * their API keys there). Text that is no URL comes back as "[redacted]".
 */
export const redactUrl = (text: string): string => {
  if (!URL.canParse(text)) return hidden;
  const url = new URL(text);
  const path = url.pathname.split("/").map((part) => (part.length >= longToken ? hidden : part));
  const query = [...url.searchParams].map(([key, value]) => {
    const isSecret = value.length >= longToken || secretName.test(key) || /^(key|token)$/i.test(key);
    return `${key}=${isSecret ? hidden : value}`;
  });
  return `${url.protocol}//${url.host}${path.join("/")}${query.length === 0 ? "" : `?${query.join("&")}`}`;
};

export type Redactor = (value: unknown) => unknown;

const scrubError = (error: Error, scrub: Redactor): Record<string, unknown> => ({
  type: error.name,
  message: scrub(error.message),
  stack: scrub(error.stack),
  ...("code" in error ? { code: scrub(error.code) } : {}),
  ...(error.cause === undefined ? {} : { cause: scrub(error.cause) }),
});

/**
 * A function that copies a value with every secret replaced: fields with a secret's name, the given secret values
 * wherever they occur in text (values shorter than 4 characters are ignored), and credentials in URLs. bigint becomes
 * text. Depth, width and text length are bounded, cycles are cut, and it never throws because of a getter.
 */
export const makeRedactor = (secrets: readonly string[] = []): Redactor => {
  const known = secrets.filter((secret) => secret.length >= 4).toSorted((a, b) => b.length - a.length);
  const text = (value: string): string => {
    const bounded = value.length > 8_000 ? `${value.slice(0, 8_000)}...` : value;
    const cleaned = known.reduce((acc, secret) => acc.replaceAll(secret, hidden), bounded);
    return cleaned.replace(urlText, redactUrl);
  };
  const scrub = (value: unknown, depth: number, seen: ReadonlySet<object>): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return value.toString();
    if (typeof value !== "object" || value === null) return value;
    if (depth > 8 || seen.has(value)) return "[...]";
    const inside = new Set([...seen, value]);
    const next: Redactor = (item) => scrub(item, depth + 1, inside);
    if (value instanceof Error) return scrubError(value, next);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return value.slice(0, 100).map(next);
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, 200)
        .map(([key, item]) => [key, secretName.test(key) ? hidden : next(item)]),
    );
  };
  return (value) => {
    try {
      return scrub(value, 0, new Set());
    } catch {
      return "[unreadable]";
    }
  };
};
