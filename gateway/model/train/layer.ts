import { attend, attendBack, rotate, type Place, type Rotations } from "./attention.ts";
import { exp } from "./mathematics.ts";
import { addInto, addRows, makeMatrix, multiply, takeRows, transpose, type Matrix } from "./matrix.ts";
import type { LayerWeights, Shape } from "./network.ts";
import { normalize, normalizeBack } from "./norm.ts";

/** The rows a layer reads, `all`, and those it answers for, `wanted`: in the last layer, only where a token is to be learned. */
export type Rows = { readonly all: readonly Place[]; readonly wanted: readonly Place[] };

type Context = {
  readonly shape: Shape;
  readonly rows: Rows;
  readonly rotations: Rotations;
  readonly weights: LayerWeights;
};

/** The output of a layer, and its gradient: takes that of the output, returns that of the input, adds those of the weights. */
type Layer = { readonly output: Matrix; back(gradient: Matrix, into: LayerWeights): Matrix };

export function runLayer(x: Matrix, context: Context): Layer {
  const attended = runAttention(x, context);
  const fed = runFeedForward(attended.output, context);
  return { output: fed.output, back: (gradient, into) => attended.back(fed.back(gradient, into), into) };
}

function runAttention(x: Matrix, { shape, rows, rotations, weights }: Context): Layer {
  const wanted = rows.wanted.map(({ row }) => row);
  const normed = normalize(x, weights.attentionNorm, shape.epsilon);
  const asking = takeRows(normed, wanted);
  const query = multiply(asking, weights.query);
  const key = multiply(normed, weights.key);
  const value = multiply(normed, weights.value);
  rotate(query, rows.wanted, rotations, 1);
  rotate(key, rows.all, rotations, 1);
  const attention = { places: rows.wanted, heads: shape.heads, query, key, value };
  const shares = attend(attention);
  const output = multiply(shares.mixed, weights.output, takeRows(x, wanted));
  const back = (gradient: Matrix, into: LayerWeights): Matrix => {
    const d = attendBack(attention, shares, linearBack(shares.mixed, weights.output, gradient, into.output));
    rotate(d.query, rows.wanted, rotations, -1);
    rotate(d.key, rows.all, rotations, -1);
    const dNormed = linearBack(normed, weights.key, d.key, into.key);
    addInto(dNormed, linearBack(normed, weights.value, d.value, into.value));
    addRows(dNormed, wanted, linearBack(asking, weights.query, d.query, into.query));
    const dx = normalizeBack(x, weights.attentionNorm, shape.epsilon, dNormed, into.attentionNorm);
    addRows(dx, wanted, gradient);
    return dx;
  };
  return { output, back };
}

function runFeedForward(x: Matrix, { shape, weights }: Context): Layer {
  const normed = normalize(x, weights.feedForwardNorm, shape.epsilon);
  const gate = multiply(normed, weights.gate);
  const up = multiply(normed, weights.up);
  const hidden = makeMatrix(gate.rows, gate.columns);
  for (let i = 0; i < hidden.data.length; i += 1) {
    const g = gate.data[i] as number;
    hidden.data[i] = (g / (1 + exp(-g))) * (up.data[i] as number);
  }
  const output = multiply(hidden, weights.down, makeMatrix(x.rows, x.columns, x.data.slice()));
  const back = (gradient: Matrix, into: LayerWeights): Matrix => {
    const dHidden = linearBack(hidden, weights.down, gradient, into.down);
    const [dGate, dUp] = gateBack(gate, up, dHidden);
    const dNormed = linearBack(normed, weights.gate, dGate, into.gate);
    addInto(dNormed, linearBack(normed, weights.up, dUp, into.up));
    const dx = normalizeBack(x, weights.feedForwardNorm, shape.epsilon, dNormed, into.feedForwardNorm);
    addInto(dx, gradient);
    return dx;
  };
  return { output, back };
}

function gateBack(gate: Matrix, up: Matrix, gradient: Matrix): [Matrix, Matrix] {
  const [dGate, dUp] = [makeMatrix(gate.rows, gate.columns), makeMatrix(gate.rows, gate.columns)];
  for (let i = 0; i < gradient.data.length; i += 1) {
    const [g, u, d] = [gate.data[i] as number, up.data[i] as number, gradient.data[i] as number];
    const open = 1 / (1 + exp(-g));
    dGate.data[i] = d * u * open * (1 + g * (1 - open));
    dUp.data[i] = d * g * open;
  }
  return [dGate, dUp];
}

/** Of y = x W^T: the gradient of x from that of y; adds that of W to `into`. */
export function linearBack(x: Matrix, weights: Matrix, gradient: Matrix, into: Matrix): Matrix {
  multiply(transpose(gradient), transpose(x), into);
  return multiply(gradient, transpose(weights));
}
