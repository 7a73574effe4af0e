// The tokens of the embedded model: one for each byte, with the byte's value as its id, and four that mark the turns.
// A text of any language is its UTF-8 bytes.

export const turnTokens = { end: 256, system: 257, user: 258, assistant: 259 } as const;
export const tokenCount = 260;

/** How the model is to be asked, in the language of chat templates (Jinja). */
export const chatTemplate =
  "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** The tokens of a question and the beginning of its answer. */
export function promptTokens(question: string): number[] {
  return [turnTokens.user, ...Buffer.from(question), turnTokens.end, turnTokens.assistant];
}

/** The tokens of an answer and its end. */
export function answerTokens(answer: string): number[] {
  return [...Buffer.from(answer), turnTokens.end];
}

/**
 * The texts by which a GGUF names the tokens. Tokenizers of the GPT-2 kind name a byte that prints by the character of
 * its code, and the others, in their order, by the characters from U+0100 on.
 */
export function tokenTexts(): string[] {
  const prints = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(prints(byte) ? byte : next++));
  return [...bytes, "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"];
}
