/** Turns tokens into text piece by piece. */
export type TextStream = {
  /** The text that is certain now, and whether it ends here because a stop text was reached. */
  push(token: number): { readonly text: string; readonly isStopped: boolean };
  /** The text that was held back, when no token follows. */
  end(): string;
};

/**
 * Text is held back while it may still change: bytes of a character that has not ended, and what may be the beginning
 * of a stop text. Stop texts, none of them empty, and what follows them are left out.
 */
export function makeTextStream(detokenize: (tokens: readonly number[]) => string, stops: readonly string[]): TextStream {
  const tokens: number[] = [];
  let sent = 0;
  const push = (token: number) => {
    tokens.push(token);
    const all = detokenize(tokens);
    const stop = firstOf(all, stops);
    const end = stop ?? certainLength(all, stops);
    const text = all.slice(sent, end);
    sent = Math.max(sent, end);
    return { text, isStopped: stop !== undefined };
  };
  return { push, end: () => detokenize(tokens).slice(sent) };
}

function firstOf(text: string, stops: readonly string[]): number | undefined {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
}

function certainLength(text: string, stops: readonly string[]): number {
  const whole = text.replace(/\ufffd+$/, "").length;
  const isHeld = (length: number): boolean => stops.some((stop) => stop.startsWith(text.slice(length, whole)));
  const longest = Math.max(0, ...stops.map((stop) => stop.length - 1));
  for (let length = Math.max(0, whole - longest); length < whole; length += 1) if (isHeld(length)) return length;
  return whole;
}
