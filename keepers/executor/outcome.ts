/** From what an executor returned to what is committed to. */
import { randomBytes } from "node:crypto";
import { type Hex, keccak256 } from "viem";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { digestsRootOf } from "../../sdk/merkle/bundle.ts";
import { statusSuccess } from "../../sdk/words/head.ts";
import { type ExecutionResult, ExecutionStatus } from "../executors/executor.ts";
import type { Result } from "../network/results.ts";
import { hexOfBytes } from "../runtime/hex.ts";
import type { OwnResult } from "./plan.ts";

/** The digest of one item. */
export const itemDigest = ({ status, usage, output }: Result): Hex =>
  digestOf({ status, usage, outputHash: keccak256(output) });

/** An execution's outcome with its whole output. */
export const itemOf = ({ status, usage, output }: ExecutionResult): Result => ({
  status: BigInt(status),
  usage,
  output: hexOfBytes(output),
});

/** What is committed to, and the form in which a settlement shows it. */
export type Outcome = { readonly digest: Hex; readonly result: Result };

/** The outcome of a bundle: the root over its items' digests. */
export const concludeBundle = (digests: readonly Hex[]): Outcome => {
  const root = digestsRootOf(digests);
  return { digest: root, result: { status: statusSuccess, usage: 0n, output: root } };
};

/** The outcome of a request with one item: its output, or the hash of a long one. */
export const concludeItem = (item: Result): Outcome => {
  const isLong = item.status === BigInt(ExecutionStatus.SuccessLong);
  return { digest: itemDigest(item), result: isLong ? { ...item, output: keccak256(item.output) } : item };
};

/** The result with a fresh salt and the leaf that both give. */
export const saltResult = (
  { requestId, level, nodeId }: { readonly requestId: Hex; readonly level: bigint; readonly nodeId: bigint },
  { digest, result }: Outcome,
): OwnResult => {
  const salt = hexOfBytes(randomBytes(16));
  return { digest, salt, leaf: leafOf({ requestId, level, digest, nodeId, salt }), result };
};
