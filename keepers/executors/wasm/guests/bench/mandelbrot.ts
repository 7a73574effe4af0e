import { writeChecksum } from "./checksum";

/** Counts the iterations of the Mandelbrot set over a grid: floating-point arithmetic without memory. */
export function _start(): void {
  const size = 400;
  const most = 300;
  let total: u64 = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const re = (<f64>column * 3.0) / size - 2.0;
      const im = (<f64>row * 2.0) / size - 1.0;
      let x = 0.0;
      let y = 0.0;
      let count = 0;
      while (count < most && x * x + y * y <= 4.0) {
        const next = x * x - y * y + re;
        y = 2.0 * x * y + im;
        x = next;
        count++;
      }
      total += count;
    }
  }
  writeChecksum(total);
}
