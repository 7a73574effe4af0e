/** How much more than the least the answer may be: one part of so many. */
const precision = 64n;
const leastGas = 21_000n;

/**
 * A gas limit with which the call succeeds, found by trying: at most a 64th above the least. Undefined where not even
 * `most` suffices.
 */
export const searchGas = async (
  succeedsWith: (gas: bigint) => Promise<boolean>,
  most: bigint,
): Promise<bigint | undefined> => {
  if (!(await succeedsWith(most))) return undefined;
  let [failing, enough] = [leastGas < most ? leastGas : most, most];
  while (enough - failing > enough / precision) {
    const middle = (failing + enough) / 2n;
    if (await succeedsWith(middle)) enough = middle;
    else failing = middle;
  }
  return enough;
};
