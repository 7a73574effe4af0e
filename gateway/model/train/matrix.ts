/** Numbers in rows, one row after the other. */
export type Matrix = { readonly rows: number; readonly columns: number; readonly data: Float64Array };

export function makeMatrix(rows: number, columns: number, data = new Float64Array(rows * columns)): Matrix {
  if (data.length !== rows * columns) throw new Error(`${data.length} numbers are no ${rows} x ${columns} matrix`);
  return { rows, columns, data };
}

/** `a` times `b` transposed: each row of `a` with each row of `b`, added to `into`. Columns of the result: a multiple of 4. */
export function multiply(a: Matrix, b: Matrix, into = makeMatrix(a.rows, b.rows)): Matrix {
  if (a.columns !== b.columns || b.rows % 4 !== 0) throw new Error("these matrices cannot be multiplied");
  addProducts(a.data, b.data, into.data, a.rows, a.columns, b.rows);
  return into;
}

/** Two rows with four at a time: eight sums in registers make this several times as fast as the plain loop. */
function addProducts(a: Float64Array, b: Float64Array, c: Float64Array, rows: number, inner: number, columns: number) {
  for (let row = 0; row < rows; row += 2) {
    const isPair = row + 1 < rows;
    const a0 = row * inner;
    const a1 = isPair ? a0 + inner : a0;
    for (let column = 0; column < columns; column += 4) {
      const b0 = column * inner;
      const b1 = b0 + inner;
      const b2 = b1 + inner;
      const b3 = b2 + inner;
      let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let k = 0; k < inner; k += 1) {
        const x = a[a0 + k] as number;
        const y = a[a1 + k] as number;
        const p = b[b0 + k] as number;
        const q = b[b1 + k] as number;
        const r = b[b2 + k] as number;
        const s = b[b3 + k] as number;
        s0 += x * p;
        s1 += x * q;
        s2 += x * r;
        s3 += x * s;
        t0 += y * p;
        t1 += y * q;
        t2 += y * r;
        t3 += y * s;
      }
      const at = row * columns + column;
      addFour(c, at, s0, s1, s2, s3);
      if (isPair) addFour(c, at + columns, t0, t1, t2, t3);
    }
  }
}

function addFour(c: Float64Array, at: number, s0: number, s1: number, s2: number, s3: number): void {
  c[at] = (c[at] as number) + s0;
  c[at + 1] = (c[at + 1] as number) + s1;
  c[at + 2] = (c[at + 2] as number) + s2;
  c[at + 3] = (c[at + 3] as number) + s3;
}

export function transpose({ rows, columns, data }: Matrix): Matrix {
  const turned = new Float64Array(data.length);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      turned[column * rows + row] = data[row * columns + column] as number;
  return makeMatrix(columns, rows, turned);
}

export function addInto(into: Matrix, other: Matrix): void {
  for (let i = 0; i < into.data.length; i += 1) into.data[i] = (into.data[i] as number) + (other.data[i] as number);
}

/** The rows of the given numbers, copied. */
export function takeRows(from: Matrix, rows: readonly number[]): Matrix {
  const taken = makeMatrix(rows.length, from.columns);
  rows.forEach((row, i) => taken.data.set(rowOf(from, row), i * from.columns));
  return taken;
}

/** Adds row i of `other` to row `rows[i]` of `into`. */
export function addRows(into: Matrix, rows: readonly number[], other: Matrix): void {
  rows.forEach((row, i) => {
    const [target, source] = [rowOf(into, row), rowOf(other, i)];
    for (let k = 0; k < target.length; k += 1) target[k] = (target[k] as number) + (source[k] as number);
  });
}

export function rowOf({ columns, data }: Matrix, row: number): Float64Array {
  return data.subarray(row * columns, (row + 1) * columns);
}
