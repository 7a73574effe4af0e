import {
  type Address,
  decodeFunctionData,
  type Hex,
  hexToBytes,
  isAddressEqual,
  type PublicClient,
  size,
  slice,
} from "viem";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { bindingHash, challengeHash } from "../../sdk/attestation/binding.ts";
import { measurementOf } from "../../sdk/attestation/measurement.ts";
import { statuses } from "../../sdk/attestation/status.ts";

/** Which key of which node is asked about, where the instance is, and what you know yourself. */
export type Question = {
  readonly teeRegistry: Address;
  readonly nodeRegistry: Address;
  /** DcapVerifier. */
  readonly verifier: Address;
  readonly workloadId: Hex;
  readonly nodeId: bigint;
  readonly signer: Address;
  /** Measurements of builds that you have looked at. */
  readonly known: readonly Hex[];
  /** By which of Intel's evaluations to judge the machine now. */
  readonly evaluation: number;
  readonly fromBlock: bigint;
};

/** Looks again at the evidence of a node's key. Throws an Error that says what is wrong. */
export async function checkNode(chain: PublicClient, question: Question) {
  const { teeRegistry, nodeRegistry, verifier, workloadId, nodeId, signer, known, evaluation, fromBlock } = question;
  const registry = { address: teeRegistry, abi: teeRegistryAbi } as const;
  const key = [workloadId, Number(nodeId), signer] as const;
  const until = await chain.readContract({ ...registry, functionName: "liveUntil", args: key });
  if (until === 0n) throw new Error("The key is not bound to the workload now.");

  // the evidence is in the calldata of the transaction that bound the key last
  const event = {
    ...registry,
    eventName: "NodeAttested",
    args: { workloadId, nodeId: Number(nodeId), signer },
  } as const;
  const shown = (await chain.getContractEvents({ ...event, fromBlock })).at(-1);
  if (shown === undefined) throw new Error("There is no NodeAttested: look from an earlier block.");
  const { to, input } = await chain.getTransaction({ hash: shown.transactionHash });
  const call = decodeFunctionData({ abi: teeRegistryAbi, data: input });
  if (to === null || !isAddressEqual(to, teeRegistry) || call.functionName !== "attest")
    throw new Error("The evidence is inside a call of another contract.");
  const [workload, keys, quote] = call.args;
  if (workload !== workloadId || BigInt(keys.nodeId) !== nodeId || !isAddressEqual(keys.signer, signer))
    throw new Error("The call is about another key.");

  // what the TEE was asked to have signed, from what is known elsewhere
  const domain = { chainId: BigInt(await chain.getChainId()), registry: teeRegistry };
  const nodes = { address: nodeRegistry, abi: nodeRegistryAbi } as const;
  const owner = await chain.readContract({ ...nodes, functionName: "ownerOf", args: [Number(nodeId)] });
  const { hash } = await chain.getBlock({ blockNumber: BigInt(keys.challengeBlock) });
  const isTd15 = size(quote.signedBody) === 702; // its report goes on for 64 bytes after the report data
  const reportData = slice(quote.signedBody, isTd15 ? -128 : -64, isTd15 ? -64 : undefined);
  if (slice(reportData, 0, 32) !== bindingHash(domain, { ...keys, nodeId, owner }))
    throw new Error("The quote binds other keys, or the node's owner has changed since.");
  if (slice(reportData, 32) !== challengeHash(hash, nodeId, teeRegistry)) throw new Error("It is of another block.");

  const { parts } = await chain.readContract({ ...registry, functionName: "workloadOf", args: [workloadId] });
  const measurement = measurementOf(hexToBytes(quote.signedBody), parts);
  const { hpkeKey, runtimeHash } = keys;
  const isShown = shown.args.measurement === measurement && shown.args.hpkeKey === hpkeKey;
  if (!isShown || shown.args.pckId !== quote.pckId) throw new Error("The event tells of another quote than the call.");
  if (!known.includes(measurement)) throw new Error(`Nobody here has looked at the build ${measurement}.`);

  // verified again, by what is on chain now: reverts if the certificate was revoked or there are no current texts
  const dcap = { address: verifier, abi: dcapVerifierAbi } as const;
  const now = await chain.readContract({ ...dcap, functionName: "verifyQuote", args: [quote, evaluation] });
  return { until, hpkeKey, runtimeHash, measurement, ppid: now.ppid, status: statuses[now.status - 1] };
}
