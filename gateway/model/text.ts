/** Turns tokens into text piece by piece. */
export type TextStream = {
  /** The text that is certain now, and whether it ends here because a stop text was reached. */
  push(token: number): { readonly text: string; readonly isStopped: boolean };
  /** The text that was held back, when no token follows. */
  end(): string;
};

/** The text of `tokens`, which follow those `before`. */
export type Detokenize = (tokens: readonly number[], before: readonly number[]) => string;

/** How many tokens before a text decide what it begins with: some tokenizers leave out a first space. */
const neighbours = 4;

/**
 * Text is held back while it may still change: bytes of a character that has not ended, and what may be the beginning
 * of a stop text. Stop texts, none of them empty, and what follows them are left out.
 */
export function makeTextStream(detokenize: Detokenize, stops: readonly string[]): TextStream {
  let before: readonly number[] = [];
  let held: number[] = [];
  let sent = 0; // characters of the text of `held`
  const push = (token: number) => {
    held.push(token);
    const text = detokenize(held, before);
    const stop = firstOf(text, stops);
    const end = Math.max(sent, stop ?? certainLength(text, stops));
    const piece = text.slice(sent, end);
    sent = end;
    if (sent === text.length) {
      before = [...before, ...held].slice(-neighbours);
      [held, sent] = [[], 0];
    }
    return { text: piece, isStopped: stop !== undefined };
  };
  return { push, end: () => (held.length === 0 ? "" : detokenize(held, before).slice(sent)) };
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
