import { writeChecksum } from "./checksum";

const size = 224;
const left = new StaticArray<f64>(size * size);
const right = new StaticArray<f64>(size * size);
const product = new StaticArray<f64>(size * size);

/** Multiplies two matrices: floating-point arithmetic on memory. */
export function _start(): void {
  for (let index = 0; index < size * size; index++) {
    left[index] = <f64>(index % 17) * 0.25;
    right[index] = <f64>(index % 13) - 6.0;
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0.0;
      for (let index = 0; index < size; index++) {
        sum += unchecked(left[row * size + index]) * unchecked(right[index * size + column]);
      }
      product[row * size + column] = sum;
    }
  }
  let trace = 0.0;
  for (let index = 0; index < size; index++) trace += product[index * size + index];
  writeChecksum(reinterpret<u64>(trace));
}
