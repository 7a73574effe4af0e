/** An embedding's answer, and the vector in bytes. */
import { z } from "zod";
import { garbage } from "./fault.ts";
import { checkModel } from "./text.ts";

const most = 65_536;
const answer = z.object({
  model: z.string().nullish(),
  data: z.tuple([z.object({ embedding: z.array(z.number()).min(1).max(most) })]),
  usage: z.object({ prompt_tokens: z.int().min(1).max(4_294_967_295) }),
});

export type VectorRules = {
  readonly servedAs: string;
  readonly mostPromptTokens: number;
  readonly dimensions: number | undefined;
};

/** Half away from zero, which `Math.round` does for positive numbers only. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

/**
 * The vector at unit length, each component times 127 and rounded, as int8. Sums go in order and use nothing but IEEE 754
 * operations, so equal vectors give equal bytes everywhere. Undefined where there is no direction.
 */
export const quantise = (vector: readonly number[]): Uint8Array | undefined => {
  const largest = vector.reduce((acc, value) => Math.max(acc, Math.abs(value)), 0);
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return undefined;
  const scaled = vector.map((value) => value / largest); // so that no square overflows
  const length = Math.sqrt(scaled.reduce((acc, value) => acc + value * value, 0));
  return new Uint8Array(Int8Array.from(scaled, (value) => round((value / length) * 127)).buffer);
};

/** Reads the answer to an embedding. Throws BackendError. */
export const readVector = (value: unknown, rules: VectorRules): { vector: Uint8Array; promptTokens: number } => {
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw garbage("the answer is no embedding of finite numbers with its usage");
  const { model, data, usage } = parsed.data;
  if (!checkModel(model, rules.servedAs)) throw garbage("the answer does not name its model");
  const { embedding } = data[0];
  if (rules.dimensions !== undefined && embedding.length !== rules.dimensions)
    throw garbage(`the vector has ${embedding.length} dimensions, not ${rules.dimensions}`);
  if (usage.prompt_tokens > rules.mostPromptTokens)
    throw garbage(`the prompt cannot have ${usage.prompt_tokens} tokens`);
  const vector = quantise(embedding);
  if (vector === undefined) throw garbage("the vector has no direction");
  return { vector, promptTokens: usage.prompt_tokens };
};
