import { makeRotations, softmax, type Place } from "./attention.ts";
import { linearBack, runLayer } from "./layer.ts";
import { addRows, multiply, rowOf, takeRows, type Matrix } from "./matrix.ts";
import type { Shape, Weights } from "./network.ts";
import { normalize, normalizeBack } from "./norm.ts";

/** Tokens of a text, and the index of the first one that is to be learned. */
export type Example = { readonly tokens: readonly number[]; readonly learnFrom: number };

/** How sure the network was of the tokens to be learned, 0..1: `shares` one by one. */
export type Outcome = { readonly shares: readonly number[] };

type Batch = {
  readonly tokens: readonly number[];
  readonly all: readonly Place[];
  readonly wanted: readonly Place[];
  readonly targets: readonly number[];
};

function makeBatch(examples: readonly Example[]): Batch {
  const tokens: number[] = [];
  const all: Place[] = [];
  const wanted: Place[] = [];
  const targets: number[] = [];
  for (const example of examples) {
    const start = tokens.length;
    example.tokens.slice(0, -1).forEach((token, i) => {
      const place = { start, row: start + i };
      tokens.push(token);
      all.push(place);
      if (i + 1 < example.learnFrom) return;
      wanted.push(place);
      targets.push(example.tokens[i + 1] ?? 0);
    });
  }
  return { tokens, all, wanted, targets };
}

/** Runs the examples, and adds to `gradients` those of the mean of -log(share) over the tokens to be learned. */
export function learn(shape: Shape, weights: Weights, examples: readonly Example[], gradients: Weights): Outcome {
  const { tokens, all, wanted, targets } = makeBatch(examples);
  const positions = Math.max(...examples.map((example) => example.tokens.length));
  const rotations = makeRotations(positions, shape.embedding / shape.heads, shape.ropeBase);
  let x = takeRows(weights.embedding, tokens);
  const layers = weights.layers.map((layerWeights, i) => {
    const rows = { all, wanted: i === weights.layers.length - 1 ? wanted : all };
    const layer = runLayer(x, { shape, rows, rotations, weights: layerWeights });
    x = layer.output;
    return layer;
  });
  const normed = normalize(x, weights.finalNorm, shape.epsilon);
  const scores = multiply(normed, weights.head);
  const shares = scoresBack(scores, targets);
  const dNormed = linearBack(normed, weights.head, scores, gradients.head);
  let gradient = normalizeBack(x, weights.finalNorm, shape.epsilon, dNormed, gradients.finalNorm);
  for (let i = layers.length - 1; i >= 0; i -= 1) {
    const [layer, into] = [layers[i], gradients.layers[i]];
    if (layer !== undefined && into !== undefined) gradient = layer.back(gradient, into);
  }
  addRows(gradients.embedding, tokens, gradient);
  return { shares };
}

/** Turns scores into the gradient of the loss, in place; returns the share of each target. */
function scoresBack(scores: Matrix, targets: readonly number[]): number[] {
  return targets.map((target, i) => {
    const row = rowOf(scores, i);
    softmax(row, 0, row.length);
    const share = row[target] ?? 0;
    row[target] = share - 1;
    for (let k = 0; k < row.length; k += 1) row[k] = (row[k] as number) / targets.length;
    return share;
  });
}
