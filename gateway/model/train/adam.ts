/** Moves weights against their gradients, each by a step of its own size (Kingma and Ba, 2015), and clears the gradients. */
export function makeAdam(length: number, { fast = 0.9, slow = 0.99 } = {}) {
  const mean = new Float64Array(length);
  const square = new Float64Array(length);
  let [fastPower, slowPower] = [1, 1];
  return (weights: Float64Array, gradients: Float64Array, rate: number): void => {
    fastPower *= fast;
    slowPower *= slow;
    for (let i = 0; i < length; i += 1) {
      const gradient = gradients[i] as number;
      const m = fast * (mean[i] as number) + (1 - fast) * gradient;
      const s = slow * (square[i] as number) + (1 - slow) * gradient * gradient;
      mean[i] = m;
      square[i] = s;
      weights[i] = (weights[i] as number) - (rate * m) / (1 - fastPower) / (Math.sqrt(s / (1 - slowPower)) + 1e-8);
    }
    gradients.fill(0);
  };
}
