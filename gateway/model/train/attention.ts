import { cosineAndSine, exp } from "./mathematics.ts";
import { makeMatrix, type Matrix } from "./matrix.ts";

/** Where a row stands: the row its text starts at, and its own. Its position in the text is the difference. */
export type Place = { readonly start: number; readonly row: number };

/** Cosines and sines by which the pairs of a head are turned, for each position. */
export type Rotations = { readonly cosines: Matrix; readonly sines: Matrix };

/** Rotations as llama.cpp makes them: pair i of a head turns by base^(-2i / head size) radians per position. */
export function makeRotations(positions: number, headSize: number, base: number): Rotations {
  const pairs = headSize / 2;
  let ratio = base;
  for (let size = pairs; size > 1; size /= 2) ratio = Math.sqrt(ratio);
  const [cosines, sines] = [makeMatrix(positions, pairs), makeMatrix(positions, pairs)];
  for (let [pair, angle] = [0, 1]; pair < pairs; pair += 1, angle /= ratio) {
    const step = cosineAndSine(angle);
    for (let [position, cosine, sine] = [0, 1, 0]; position < positions; position += 1) {
      cosines.data[position * pairs + pair] = cosine;
      sines.data[position * pairs + pair] = sine;
      [cosine, sine] = [cosine * step.cosine - sine * step.sine, sine * step.cosine + cosine * step.sine];
    }
  }
  return { cosines, sines };
}

/** Turns each row in place by its position; `direction` -1 turns back. */
export function rotate(x: Matrix, places: readonly Place[], { cosines, sines }: Rotations, direction: 1 | -1): void {
  const pairs = cosines.columns;
  places.forEach(({ start, row }, i) => {
    const turn = (row - start) * pairs;
    for (let k = 0; k < x.columns; k += 2) {
      const at = i * x.columns + k;
      const [a, b] = [x.data[at] as number, x.data[at + 1] as number];
      const cosine = cosines.data[turn + ((k / 2) % pairs)] as number;
      const sine = direction * (sines.data[turn + ((k / 2) % pairs)] as number);
      x.data[at] = a * cosine - b * sine;
      x.data[at + 1] = a * sine + b * cosine;
    }
  });
}

export type Attention = {
  /** The rows of `query`: a query looks at the keys from its start to its own row. */
  readonly places: readonly Place[];
  readonly heads: number;
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
};

/** How much each query looks at each key: for each place and head, the numbers of its keys, one after the other. */
type Shares = { readonly shares: Float64Array; readonly mixed: Matrix };

const dot = (a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number => {
  let sum = 0;
  for (let i = 0; i < length; i += 1) sum += (a[atA + i] as number) * (b[atB + i] as number);
  return sum;
};

const addScaled = (
  into: Float64Array,
  at: number,
  from: Float64Array,
  atFrom: number,
  scale: number,
  length: number,
) => {
  for (let i = 0; i < length; i += 1) into[at + i] = (into[at + i] as number) + scale * (from[atFrom + i] as number);
};

/** Turns the numbers from..to into shares that add up to 1. */
export function softmax(values: Float64Array, from: number, to: number): void {
  let highest = -Infinity;
  for (let i = from; i < to; i += 1) highest = Math.max(highest, values[i] as number);
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += values[i] = exp((values[i] as number) - highest);
  for (let i = from; i < to; i += 1) values[i] = (values[i] as number) / sum;
}

/** Calls back for each place and head with the offset of its shares. */
function forEachHead(
  { places, heads, query }: Attention,
  visit: (place: Place, queryAt: number, headAt: number, sharesAt: number) => void,
): number {
  const size = query.columns / heads;
  let sharesAt = 0;
  places.forEach((place, i) => {
    for (let head = 0; head < heads; head += 1, sharesAt += place.row - place.start + 1)
      visit(place, i * query.columns + head * size, head * size, sharesAt);
  });
  return sharesAt;
}

/** What each query gathers: the values of the keys it looks at, by their shares. */
export function attend(attention: Attention): Shares {
  const { query, key, value, heads } = attention;
  const wide = query.columns;
  const size = wide / heads;
  const scale = 1 / Math.sqrt(size);
  const shares = new Float64Array(forEachHead(attention, () => undefined));
  const mixed = makeMatrix(query.rows, wide);
  forEachHead(attention, ({ start, row }, queryAt, headAt, sharesAt) => {
    for (let j = start; j <= row; j += 1)
      shares[sharesAt + j - start] = scale * dot(query.data, queryAt, key.data, j * wide + headAt, size);
    softmax(shares, sharesAt, sharesAt + row - start + 1);
    for (let j = start; j <= row; j += 1)
      addScaled(mixed.data, queryAt, value.data, j * wide + headAt, shares[sharesAt + j - start] as number, size);
  });
  return { shares, mixed };
}

/** The gradients of query, key and value, from that of `mixed`. */
export function attendBack(
  attention: Attention,
  { shares }: Shares,
  gradient: Matrix,
): { query: Matrix; key: Matrix; value: Matrix } {
  const { query, key, value, heads } = attention;
  const wide = query.columns;
  const size = wide / heads;
  const scale = 1 / Math.sqrt(size);
  const [dQuery, dKey, dValue] = [query, key, value].map(({ rows }) => makeMatrix(rows, wide)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  forEachHead(attention, ({ start, row }, queryAt, headAt, sharesAt) => {
    let mean = 0;
    const slopes = new Float64Array(row - start + 1);
    for (let j = start; j <= row; j += 1) {
      const share = shares[sharesAt + j - start] as number;
      const slope = dot(gradient.data, queryAt, value.data, j * wide + headAt, size);
      slopes[j - start] = slope;
      mean += share * slope;
      addScaled(dValue.data, j * wide + headAt, gradient.data, queryAt, share, size);
    }
    for (let j = start; j <= row; j += 1) {
      const pull = scale * (shares[sharesAt + j - start] as number) * ((slopes[j - start] as number) - mean);
      addScaled(dQuery.data, queryAt, key.data, j * wide + headAt, pull, size);
      addScaled(dKey.data, j * wide + headAt, query.data, queryAt, pull, size);
    }
  });
  return { query: dQuery, key: dKey, value: dValue };
}
