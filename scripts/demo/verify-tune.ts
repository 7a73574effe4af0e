import { decodeAbiParameters, type Hex, parseAbiParameters } from "viem";

/** What the market asked with. Fixed point, 1e18 = 100%. */
export type TuneQuestion = {
  readonly target: bigint;
  readonly kink: bigint;
  readonly curve: Curve;
  readonly history: readonly bigint[];
};

export type Curve = { readonly base: bigint; readonly slope1: bigint; readonly slope2: bigint };
type Answer = { readonly curve: Curve; readonly loss: bigint };

/** The model counts in billionths, losses in 1e-15 of the square. */
const nano = 1_000_000_000n;
const reach = [-4n, -3n, -2n, -1n, 0n, 1n, 2n, 3n, 4n];
const caps: Curve = { base: nano, slope1: 5n * nano, slope2: 5n * nano };

const clamp = (value: bigint, most: bigint): bigint => (value < 0n ? 0n : value > most ? most : value);

function rateAt(utilisation: bigint, { base, slope1, slope2 }: Curve, kink: bigint): bigint {
  const below = utilisation < kink ? utilisation : kink;
  return base + (slope1 * below) / kink + (slope2 * (utilisation - below)) / (nano - kink);
}

/** Mean square of the distance from the target; a percentage point of rate moves utilisation by two; shortage weighs three. */
function lossOf(curve: Curve, { target, kink, curve: current, history }: TuneQuestion): bigint {
  const terms = history.map((utilisation) => {
    const change = rateAt(utilisation, curve, kink) - rateAt(utilisation, current, kink);
    const distance = clamp(utilisation - 2n * change, nano) - target;
    return (distance > 0n ? 3n : 1n) * ((distance * distance) / 1_000n);
  });
  return terms.reduce((sum, term) => sum + term, 0n) / BigInt(history.length);
}

function moved(current: bigint, steps: bigint, most: bigint): bigint {
  const step = current / 40n > 1_000_000n ? current / 40n : 1_000_000n; // at least 0.1 percentage points
  return clamp(current + steps * step, most);
}

function inNano({ target, kink, curve, history }: TuneQuestion): TuneQuestion {
  const { base, slope1, slope2 } = curve;
  const scaled = { base: base / nano, slope1: slope1 / nano, slope2: slope2 / nano };
  return { target: target / nano, kink: kink / nano, curve: scaled, history: history.map((sample) => sample / nano) };
}

/** The best curve within reach, found by trying every one: the first of equals, and the current one unless another beats it. */
export function bestCurve(question: TuneQuestion): Answer {
  const small = inNano(question);
  const { curve: now } = small;
  let best: Answer = { curve: now, loss: lossOf(now, small) };
  for (const i of reach) {
    for (const j of reach) {
      for (const k of reach) {
        const base = moved(now.base, i, caps.base);
        const slope1 = moved(now.slope1, j, caps.slope1);
        const curve = { base, slope1, slope2: moved(now.slope2, k, caps.slope2) };
        const loss = lossOf(curve, small) + (i * i + j * j + k * k) * nano;
        if (loss < best.loss) best = { curve, loss };
      }
    }
  }
  const { base, slope1, slope2 } = best.curve;
  return { curve: { base: base * nano, slope1: slope1 * nano, slope2: slope2 * nano }, loss: best.loss * 1_000n };
}

const layout = parseAbiParameters("uint256 base, uint256 slope1, uint256 slope2, uint256 loss");

/** What is wrong with an answer to a tuning; undefined if nothing is. */
export function faultOfTune(question: TuneQuestion, output: Hex): string | undefined {
  try {
    const answer = decodeAbiParameters(layout, output);
    const { curve, loss } = bestCurve(question);
    const expected = [curve.base, curve.slope1, curve.slope2, loss];
    return answer.every((value, index) => value === expected[index])
      ? undefined
      : `the curve is ${answer.join(", ")} and should be ${expected.join(", ")}`;
  } catch (error) {
    return `the output is no curve: ${error instanceof Error ? error.message : String(error)}`;
  }
}
