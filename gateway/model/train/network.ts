import { makeMatrix, type Matrix } from "./matrix.ts";
import type { Random } from "./random.ts";

/** The sizes of a network of the llama architecture. `embedding` is a multiple of 4 and of `heads`, half a head a power of two. */
export type Shape = {
  readonly vocabulary: number;
  readonly embedding: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly ropeBase: number;
  /** What is added to a mean square before its root is taken. */
  readonly epsilon: number;
};

export type LayerWeights = {
  readonly attentionNorm: Matrix;
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
  readonly output: Matrix;
  readonly feedForwardNorm: Matrix;
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
};

/** All weights in one array `all`, and views into it. A weight matrix has a row for each output. */
export type Weights = {
  readonly all: Float64Array;
  readonly embedding: Matrix;
  readonly layers: readonly LayerWeights[];
  readonly finalNorm: Matrix;
  readonly head: Matrix;
};

/** Weights of a network, all 0. Gradients have the same form. */
export function makeWeights(shape: Shape): Weights {
  const { vocabulary, embedding: wide, feedForward } = shape;
  const layerSize = 2 * wide + 4 * wide * wide + 3 * wide * feedForward;
  const all = new Float64Array(2 * vocabulary * wide + wide + shape.layers * layerSize);
  let taken = 0;
  const take = (rows: number, columns: number): Matrix => {
    const from = taken;
    taken += rows * columns;
    return makeMatrix(rows, columns, all.subarray(from, taken));
  };
  const takeLayer = (): LayerWeights => ({
    attentionNorm: take(1, wide),
    query: take(wide, wide),
    key: take(wide, wide),
    value: take(wide, wide),
    output: take(wide, wide),
    feedForwardNorm: take(1, wide),
    gate: take(feedForward, wide),
    up: take(feedForward, wide),
    down: take(wide, feedForward),
  });
  return {
    all,
    embedding: take(vocabulary, wide),
    layers: Array.from({ length: shape.layers }, takeLayer),
    finalNorm: take(1, wide),
    head: take(vocabulary, wide),
  };
}

/** Where training starts: norms at 1, all else at random around 0. */
export function fillAtRandom(weights: Weights, random: Random): void {
  const fill = ({ data, columns }: Matrix, scale = 1 / Math.sqrt(columns)): void => {
    for (let i = 0; i < data.length; i += 1) data[i] = random.normal() * scale;
  };
  fill(weights.embedding, 0.5);
  for (const layer of weights.layers) {
    layer.attentionNorm.data.fill(1);
    layer.feedForwardNorm.data.fill(1);
    for (const matrix of [layer.query, layer.key, layer.value, layer.output, layer.gate, layer.up, layer.down])
      fill(matrix);
  }
  weights.finalNorm.data.fill(1);
  fill(weights.head);
}
