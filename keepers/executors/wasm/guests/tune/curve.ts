/**
 * A lending-rate curve and how well it would have steered utilisation. All numbers are in billionths ("nano"),
 * so that 1_000_000_000 is 100%; losses are in units of 1e-15.
 */

export const one: i64 = 1_000_000_000;
export const maxSamples = 1024;

/** Fall of utilisation for a rise of the rate: one percentage point of rate moves utilisation by this many. */
const elasticity: i64 = 2;
/** Too little liquidity left is worse than idle liquidity by this factor. */
const shortageWeight: i64 = 3;

export class Curve {
  base: i64 = 0;
  slope1: i64 = 0;
  slope2: i64 = 0;
}

const samples = new StaticArray<i64>(maxSamples);
const currentRates = new StaticArray<i64>(maxSamples);
let sampleCount = 0;
let target: i64 = 0;
let kink: i64 = 0;

/** Sets what all curves are measured by. */
export function setGoal(wantedUtilisation: i64, kinkUtilisation: i64): void {
  target = wantedUtilisation;
  kink = kinkUtilisation;
}

/** Adds a past utilisation, 0..one, and the rate that the current curve gave it. */
export function addSample(utilisation: i64, current: Curve): void {
  samples[sampleCount] = utilisation;
  currentRates[sampleCount++] = rateAt(utilisation, current);
}

/** The rate of a curve: rises by slope1 up to the kink and by slope2 from there to full utilisation. */
function rateAt(utilisation: i64, curve: Curve): i64 {
  const below = min(utilisation, kink);
  const above = utilisation - below;
  return curve.base + (curve.slope1 * below) / kink + (curve.slope2 * above) / (one - kink);
}

/** Mean weighted square of the distance from the target, had this curve been in force. */
export function lossOf(curve: Curve): i64 {
  let sum: i64 = 0;
  for (let index = 0; index < sampleCount; index++) {
    const utilisation = unchecked(samples[index]);
    const change = rateAt(utilisation, curve) - unchecked(currentRates[index]);
    const expected = max<i64>(0, min(one, utilisation - elasticity * change));
    const distance = expected - target;
    const weight = distance > 0 ? shortageWeight : 1;
    sum += weight * ((distance * distance) / 1000);
  }
  return sum / sampleCount;
}
