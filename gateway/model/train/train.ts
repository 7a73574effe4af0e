import { makeAdam } from "./adam.ts";
import { learn, type Example } from "./loss.ts";
import { fillAtRandom, makeWeights, type Shape } from "./network.ts";
import type { Question } from "./questions.ts";
import { makeRandom, shuffle } from "./random.ts";
import { answerTokens, promptTokens, tokenCount } from "./tokens.ts";
import { toGguf } from "./write.ts";

/** Called after each round through the questions: `learned` of `tokens` are what the network would say, 0..1 of the way. */
export type Progress = (progress: { round: number; learned: number; tokens: number }) => void;

export const shape: Shape = {
  vocabulary: tokenCount,
  embedding: 64,
  layers: 2,
  heads: 4,
  feedForward: 128,
  ropeBase: 10_000,
  epsilon: 1e-5,
};

const seed = 1;
const batchSize = 7;
const firstRate = 7e-3;
const lastRate = 7e-4;
const maxRounds = 50;
/** Training ends when no token of an answer is less sure than this. */
const wantedShare = 0.95;

/**
 * Trains a network until it answers every question, and returns it as a GGUF file: the same bytes for the same questions
 * on every machine. Takes about ten seconds. Throws where the questions are more than it can learn.
 */
export function trainModel(questions: readonly Question[], onProgress: Progress = () => undefined): Uint8Array {
  const random = makeRandom(seed);
  const weights = makeWeights(shape);
  const gradients = makeWeights(shape);
  fillAtRandom(weights, random);
  const step = makeAdam(weights.all.length);
  const examples = questions.map(toExample);
  for (let round = 0; round < maxRounds; round += 1) {
    const rate = firstRate + ((lastRate - firstRate) * round) / maxRounds;
    const shares: number[] = [];
    const shuffled = shuffle(examples, random);
    for (let from = 0; from < shuffled.length; from += batchSize) {
      shares.push(...learn(shape, weights, shuffled.slice(from, from + batchSize), gradients).shares);
      step(weights.all, gradients.all, rate);
    }
    onProgress({ round, learned: shares.filter((share) => share > 0.5).length, tokens: shares.length });
    if (shares.every((share) => share > wantedShare)) return toGguf(shape, weights);
  }
  throw new Error(`The model did not learn its ${questions.length} questions in ${maxRounds} rounds.`);
}

function toExample({ question, answer }: Question): Example {
  const prompt = promptTokens(question);
  return { tokens: [...prompt, ...answerTokens(answer)], learnFrom: prompt.length };
}
