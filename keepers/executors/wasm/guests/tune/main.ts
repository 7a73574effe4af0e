import { readInput, refuseInput, storeWord, writeOutput } from "../host";
import { addSample, Curve, lossOf, maxSamples, one, setGoal } from "./curve";

/** Words before the history: five numbers, the offset of the array, and its length. */
const headWords = 7;
const capacity = 32 * (headWords + maxSamples);
const input = new StaticArray<u8>(capacity + 1);
const output: usize = memory.data(128);

/** Each parameter moves by at most this many steps. */
const mostSteps = 4;
/** A step is a fortieth of the parameter, at least 0.1 percentage points. */
const stepParts: i64 = 40;
const leastStep: i64 = 1_000_000;
const maxBase: i64 = one;
const maxSlope: i64 = 5 * one;
/** Loss added per squared step, in units of 1e-15: moves must be worth it. */
const stepPenalty: i64 = 1_000_000_000;

/** The word at `index` of the input as a plain number; refuses what is above `limit`. */
function wordAt(index: i32, limit: u64): u64 {
  const at = changetype<usize>(input) + 32 * index;
  if ((load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16)) != 0) refuseInput();
  const value = bswap<u64>(load<u64>(at, 24));
  if (value > limit) refuseInput();
  return value;
}

/** The fixed-point word (1e18 = 100%) at `index`, rounded down to billionths. */
function fractionAt(index: i32, limit: i64): i64 {
  return <i64>(wordAt(index, <u64>limit * <u64>one) / <u64>one);
}

function moved(current: i64, steps: i32, limit: i64): i64 {
  const step = max(current / stepParts, leastStep);
  return max<i64>(0, min(limit, current + <i64>steps * step));
}

/** The best curve within reach of the current one; of equally good ones the first, none at all before any. */
function improve(current: Curve, best: Curve): i64 {
  const curve = new Curve();
  let least = lossOf(current);
  for (let i = -mostSteps; i <= mostSteps; i++) {
    curve.base = moved(current.base, i, maxBase);
    for (let j = -mostSteps; j <= mostSteps; j++) {
      curve.slope1 = moved(current.slope1, j, maxSlope);
      for (let k = -mostSteps; k <= mostSteps; k++) {
        curve.slope2 = moved(current.slope2, k, maxSlope);
        const loss = lossOf(curve) + <i64>(i * i + j * j + k * k) * stepPenalty;
        if (loss >= least) continue;
        least = loss;
        best.base = curve.base;
        best.slope1 = curve.slope1;
        best.slope2 = curve.slope2;
      }
    }
  }
  return least;
}

function readHistory(length: i32, current: Curve): void {
  if (wordAt(5, 1024) != 6 * 32) refuseInput();
  const count = <i32>wordAt(6, maxSamples);
  if (count == 0 || length != 32 * (headWords + count)) refuseInput();
  for (let index = 0; index < count; index++) addSample(fractionAt(headWords + index, one), current);
}

/** Input and output are ABI-encoded; the operator's documentation has the model in formulas. */
export function _start(): void {
  const length = readInput(changetype<usize>(input), capacity);
  if (length > capacity || length < 32 * headWords) refuseInput();
  const target = fractionAt(0, one);
  const kink = fractionAt(4, one);
  if (kink == 0 || kink == one) refuseInput();
  const current: Curve = {
    base: fractionAt(1, maxBase),
    slope1: fractionAt(2, maxSlope),
    slope2: fractionAt(3, maxSlope),
  };
  setGoal(target, kink);
  readHistory(length, current);
  const best: Curve = { base: current.base, slope1: current.slope1, slope2: current.slope2 };
  const loss = improve(current, best);
  storeWord(output, <u64>(best.base * one));
  storeWord(output + 32, <u64>(best.slope1 * one));
  storeWord(output + 64, <u64>(best.slope2 * one));
  storeWord(output + 96, <u64>(loss * 1000));
  writeOutput(output, 128);
}
