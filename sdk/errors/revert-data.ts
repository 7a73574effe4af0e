import { type Hex, isHex } from "viem";

/** How deep causes are followed: deeper chains are not made by RPC libraries. */
const maxDepth = 16;

/** The data with which a contract reverted, found in what a library threw: in it, in its `data`, or in one of its causes. */
export function revertDataOf(error: unknown): Hex | undefined {
  let current = error;
  for (let depth = 0; depth < maxDepth && typeof current === "object" && current !== null; depth++) {
    const found = dataIn(current);
    if (found !== undefined) return found;
    current = "cause" in current ? current.cause : undefined;
  }
  return undefined;
}

function dataIn(holder: object): Hex | undefined {
  const raw = "raw" in holder ? holder.raw : undefined;
  const data = "data" in holder ? holder.data : undefined;
  const nested = typeof data === "object" && data !== null && "data" in data ? data.data : undefined;
  return [raw, data, nested].find((value): value is Hex => isHex(value) && value.length >= 10); // at least a selector
}
