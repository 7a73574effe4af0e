/** From what an executor returned to what is committed to. */
import { randomBytes } from "node:crypto";
import { bytesToHex, type Hex, keccak256 } from "viem";
import { digestOf } from "../../sdk/agreement/digest.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { digestsRootOf } from "../../sdk/merkle/bundle.ts";
import { statusSuccess } from "../../sdk/words/head.ts";
import { type ExecutionResult, ExecutionStatus } from "../executors/executor.ts";
import type { Result } from "../network/results.ts";
import type { OwnResult } from "./plan.ts";

/** The digest of one item. */
export const itemDigest = ({ status, usage, output }: Result): Hex =>
  digestOf({ status, usage, outputHash: keccak256(output) });

/** An execution's outcome with its whole output. */
export const itemOf = ({ status, usage, output }: ExecutionResult): Result => ({
  status: BigInt(status),
  usage,
  output: bytesToHex(output),
});

/** What the items together stand for on chain: the root of a bundle, else the one item with its output or its hash. */
export const conclude = (items: readonly Result[], isBundle: boolean): { digest: Hex; result: Result } => {
  const digests = items.map(itemDigest);
  const [item, digest] = [items[0], digests[0]];
  if (item === undefined || digest === undefined) throw new Error("an execution has at least one item");
  if (isBundle) {
    const root = digestsRootOf(digests);
    return { digest: root, result: { status: statusSuccess, usage: 0n, output: root } };
  }
  const isLong = item.status === BigInt(ExecutionStatus.SuccessLong);
  return { digest, result: isLong ? { ...item, output: keccak256(item.output) } : item };
};

/** The result with a fresh salt and the leaf that both give. */
export const saltResult = (
  { requestId, level, nodeId }: { readonly requestId: Hex; readonly level: bigint; readonly nodeId: bigint },
  { digest, result }: { digest: Hex; result: Result },
): OwnResult => {
  const salt = bytesToHex(randomBytes(16));
  return { digest, salt, leaf: leafOf({ requestId, level, digest, nodeId, salt }), result };
};
