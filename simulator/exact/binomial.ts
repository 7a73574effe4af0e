/** Probability of exactly x of n when each has probability p. */
export function binomial(n: number, x: number, p: number): number {
  return choose(n, x) * p ** x * (1 - p) ** (n - x);
}

/** Probability of at least x of n. */
export function binomialTail(n: number, x: number, p: number): number {
  let sum = 0;
  for (let i = n; i >= Math.max(0, x); i--) sum += binomial(n, i, p); // smallest first
  return sum;
}

/** Mean of the number of n, given that it is at least x. */
export function binomialMeanFrom(n: number, x: number, p: number): number {
  let sum = 0;
  for (let i = n; i >= x; i--) sum += i * binomial(n, i, p);
  return sum / binomialTail(n, x, p);
}

/** Ways to choose x of n; exact below 2^53. */
export function choose(n: number, x: number): number {
  if (x < 0 || x > n) return 0;
  let ways = 1;
  for (let i = 1; i <= Math.min(x, n - x); i++) ways = (ways * (n - i + 1)) / i;
  return ways;
}
