// What training needs beyond + - * / and square roots, made of these alone. The language fixes their results to the
// last bit and leaves those of Math.exp, Math.sin and Math.log to the engine: a file that must be the same byte for
// byte on every machine may use none of them.

const lowestPower = -1100;
const highestPower = 1023;
const powersOfTwo = new Float64Array(highestPower - lowestPower + 1);
for (let [power, value] = [0, 1]; power <= highestPower; power += 1, value *= 2)
  powersOfTwo[power - lowestPower] = value;
for (let [power, value] = [-1, 0.5]; power >= lowestPower; power -= 1, value *= 0.5)
  powersOfTwo[power - lowestPower] = value;

/** e to the x; 0 far below and the largest power of two far above. */
export function exp(x: number): number {
  const power = Math.round(x * 1.4426950408889634);
  if (power < lowestPower) return 0;
  const r = x - power * 0.6931471805599453; // |r| <= 0.35, where ten terms of the series reach the last bits
  let sum = 1;
  for (let n = 11; n >= 1; n -= 1) sum = 1 + (sum * r) / n;
  return sum * (powersOfTwo[Math.min(power, highestPower) - lowestPower] ?? 0);
}

/** Cosine and sine of an angle in radians, 0 <= angle <= 1. */
export function cosineAndSine(angle: number): { cosine: number; sine: number } {
  const square = angle * angle;
  let cosine = 1;
  let sine = 1;
  for (let n = 20; n >= 2; n -= 2) {
    cosine = 1 - (cosine * square) / (n * (n - 1));
    sine = 1 - (sine * square) / (n * (n + 1));
  }
  return { cosine, sine: sine * angle };
}
