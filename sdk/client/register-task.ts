import { encodeFunctionData, type Hex, parseEventLogs, size, stringToHex, zeroHash } from "viem";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { approve } from "./approve.ts";
import type { Context } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { type Call, send } from "./send.ts";

/** A task's identity and terms, which never change, and where its artifact is; bounds as in `ITaskRegistry.Task`. */
export type RegisterTaskInput = {
  /** Such as "wasm" or "chat", 1 to 32 bytes. */
  readonly kind: string;
  /** sha256 of the module or of the model's manifest. */
  readonly artifactDigest: Hex;
  readonly artifactUri: string;
  /** Digest of whatever must be equal for outputs to be equal. */
  readonly runtimeDigest: Hex;
  /** The TEE workload that may serve the task; none by default. */
  readonly workloadId?: Hex;
  /** What one unit buys, in the runtime's own measure (fuel, tokens), at least 1. */
  readonly unitSize: bigint;
  /** In units of ATOMA (18 decimals). */
  readonly stakePerNode: bigint;
  /** The publisher's, in basis points of the pay of all members drawn, at most 2000. */
  readonly royaltyBps: bigint;
  /** Asks are multiples of 10^askExponent units of the payment token; 0 to 18. */
  readonly askExponent: bigint;
  /** Of a subscribing node, at most 60000; 0 by default. */
  readonly minReputation?: bigint;
  /** For execution and commits, 1 second to 1 day. */
  readonly windowS: bigint;
  /** Output that is delivered on chain, at most 16384. */
  readonly maxOutputBytes: bigint;
};

/** The call of `registerTask`, which needs an allowance for the bond. Throws InvalidValueError for what does not fit a task. */
export function registerTaskCall({ taskRegistry }: Pick<Deployment, "taskRegistry">, input: RegisterTaskInput): Call {
  return { action: "Cannot register the task", to: taskRegistry, data: dataOf(input) };
}

/**
 * Registers a task that the wallet's account publishes, and approves its bond in ATOMA first where that is needed. Returns
 * the task's id. Throws InvalidValueError for what does not fit a task, CallError where the registry refuses it.
 */
export async function registerTask(context: Context, input: RegisterTaskInput): Promise<bigint> {
  const { publicClient, deployment } = context;
  const { atoma, nodeRegistry, taskRegistry } = deployment;
  const call = registerTaskCall(deployment, input);
  const { publisherBond } = await publicClient.readContract({
    address: taskRegistry,
    abi: taskRegistryAbi,
    functionName: "settings",
  });
  await approve(context, atoma, nodeRegistry, publisherBond);
  const { logs } = await send(context, call);
  const [registered] = parseEventLogs({ abi: taskRegistryAbi, logs, eventName: "TaskRegistered" });
  if (registered === undefined) throw new InvalidValueError("taskRegistry", "it registered no task.");
  return BigInt(registered.args.taskId);
}

function dataOf(input: RegisterTaskInput): Hex {
  const { kind, artifactUri, royaltyBps, askExponent, minReputation = 0n, windowS, maxOutputBytes } = input;
  const { workloadId = zeroHash, artifactDigest, runtimeDigest, unitSize, stakePerNode } = input;
  const task = {
    kind: labelOf(kind),
    artifactDigest,
    runtimeDigest,
    workloadId,
    unitSize,
    stakePerNode,
    royalty: Number(royaltyBps),
    askExponent: Number(askExponent),
    minReputation: Number(minReputation),
    window: Number(windowS),
    maxOutput: Number(maxOutputBytes),
  };
  try {
    return encodeFunctionData({ abi: taskRegistryAbi, functionName: "register", args: [task, artifactUri] });
  } catch (cause) {
    throw new InvalidValueError("task", "a field does not fit its type.", { cause });
  }
}

function labelOf(kind: string): Hex {
  const bytes = size(stringToHex(kind));
  if (bytes < 1 || bytes > 32) throw new InvalidValueError("kind", `it has ${bytes} bytes; 1 to 32 are possible.`);
  return stringToHex(kind, { size: 32 });
}
