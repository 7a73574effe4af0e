import { makeMatrix, rowOf, type Matrix } from "./matrix.ts";

/** Each row over the root of its mean square, times the gains. */
export function normalize(x: Matrix, gains: Matrix, epsilon: number): Matrix {
  const y = makeMatrix(x.rows, x.columns);
  for (let row = 0; row < x.rows; row += 1) {
    const [from, to] = [rowOf(x, row), rowOf(y, row)];
    const scale = scaleOf(from, epsilon);
    for (let i = 0; i < to.length; i += 1) to[i] = (from[i] as number) * scale * (gains.data[i] as number);
  }
  return y;
}

function scaleOf(row: Float64Array, epsilon: number): number {
  let sum = 0;
  for (let i = 0; i < row.length; i += 1) sum += (row[i] as number) * (row[i] as number);
  return 1 / Math.sqrt(sum / row.length + epsilon);
}

/** The gradient of `normalize`: returns that of `x`, adds that of the gains to `gainsGradient`. */
export function normalizeBack(
  x: Matrix,
  gains: Matrix,
  epsilon: number,
  gradient: Matrix,
  gainsGradient: Matrix,
): Matrix {
  const result = makeMatrix(x.rows, x.columns);
  for (let row = 0; row < x.rows; row += 1) {
    const [from, dy, dx] = [rowOf(x, row), rowOf(gradient, row), rowOf(result, row)];
    const scale = scaleOf(from, epsilon);
    let dot = 0;
    for (let i = 0; i < dx.length; i += 1) {
      const product = (dy[i] as number) * (from[i] as number);
      gainsGradient.data[i] = (gainsGradient.data[i] as number) + product * scale;
      dot += product * (gains.data[i] as number);
    }
    const pull = (dot * scale * scale * scale) / dx.length;
    for (let i = 0; i < dx.length; i += 1)
      dx[i] = (dy[i] as number) * (gains.data[i] as number) * scale - (from[i] as number) * pull;
  }
  return result;
}
