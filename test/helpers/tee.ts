import { concat, type Hex, hexToBytes, keccak256, slice, stringToHex, zeroHash } from "viem";
import { rootOf } from "../../deploy/parameters/parameters.ts";
import { localChainId } from "../../deploy/local/world.ts";
import type { LocalNode } from "../../deploy/local/nodes.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import {
  attestData,
  type AttestMessage,
  bindingHash,
  challengeHash,
  type TeeKeys,
  workloadIdOf,
} from "../../sdk/attestation/binding.ts";
import {
  chainEvidenceOf,
  type RegistrationCall,
  type RevocationCall,
  revocationCallsOf,
} from "../../sdk/attestation/chain-calls.ts";
import { measurementOf } from "../../sdk/attestation/measurement.ts";
import { statusBitmap } from "../../sdk/attestation/status.ts";
import type { WorldQuoteOptions } from "../../keepers/attestation/dev/world-quote.ts";
import { mintWorld, type World, type WorldOptions } from "./attestation/world.ts";
import { runSeed } from "./attestation/seed.ts";
import { timeText } from "../../keepers/attestation/dev/signed-text.ts";
import { type Market, type MarketOptions, useMarket } from "./market.ts";

const yearS = 31_557_600;
const dayS = 86_400;

/** A salt that names the workload of these tests, which the deployer registers. */
export const workloadSalt = keccak256(stringToHex("a workload"));

/** Fields of a workload for TDX that allows UpToDate for thirty days. */
export const plainWorkload = {
  tee: 0x81,
  parts: 0,
  statuses: statusBitmap(["UpToDate"]),
  minEvaluation: 1,
  maxAge: 30 * dayS,
  minIsvSvn: 0,
} as const;
export type WorkloadFields = { -readonly [K in keyof typeof plainWorkload]: number };

/** A machine under the root of the tests' market, whose collateral has months left. */
export function machineOf(name: string, options: Partial<WorldOptions> = {}): World {
  const at = Math.floor(Date.now() / 1_000);
  const lasting = { issueDate: timeText(at - dayS), nextUpdate: timeText(at + yearS) };
  return mintWorld({ seed: `${runSeed} ${name}`, at, ...options, tcbInfo: lasting, qeIdentity: lasting });
}

/** A market whose task names a workload that is not registered yet, and whose root signed this machine's evidence. */
export function useTeeMarket(machine: World, options: MarketOptions = {}): () => Market & { readonly workloadId: Hex } {
  const deployer = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // the first account of every local chain
  const workloadId = workloadIdOf(deployer, workloadSalt);
  const adjust = options.adjust ?? ((p) => p);
  const market = useMarket({
    ...options,
    task: { workloadId, ...options.task },
    adjust: (p) => adjust({ ...p, attestationRoot: rootOf(machine.rootKey) }),
  });
  return () => ({ ...market(), workloadId });
}

/** Where evidence differs from what an honest node shows. */
export type Showing = {
  readonly quote?: WorldQuoteOptions;
  readonly keys?: Partial<TeeKeys>;
  /** What is called with, in place of the keys that were bound. */
  readonly shown?: Partial<TeeKeys>;
  readonly reportData?: Uint8Array;
  readonly challengeBlock?: bigint;
  readonly challenge?: Hex;
  readonly registry?: Hex;
  readonly chainId?: bigint;
  readonly workloadId?: Hex;
  /** The key that signs the registration. */
  readonly signs?: LocalNode["signer"];
  readonly evaluation?: number;
  /** What is signed instead. */
  readonly signed?: Partial<AttestMessage>;
};

/** Sends what has to be on chain before a quote of this machine. */
export async function prepareMachine(market: Market, machine: World, options: WorldQuoteOptions = {}): Promise<void> {
  const tee = options.tee ?? "TDX";
  const { collateral, machine: calls } = chainEvidenceOf(machine.quote(options).bytes, machine.collateral({ tee }));
  for (const call of [...collateral, ...calls]) await send(market, call);
}

/** Proves that the machine's certificate is revoked. */
export async function revokeCertificate(market: Market, machine: World): Promise<void> {
  const pckCrl = { revoked: [{ serial: machine.certificates.pck.serial }] };
  const calls = revocationCallsOf(machine.quote().bytes, machine.collateral({ pckCrl }));
  for (const call of calls) await send(market, call);
}

async function send(
  { ethers, instance }: Market,
  { to, functionName, args }: RegistrationCall | RevocationCall,
): Promise<void> {
  const contract =
    to === "collateral"
      ? await ethers.getContractAt("DcapCollateral", instance.collateral)
      : await ethers.getContractAt("DcapVerifier", instance.quoteVerifier);
  const known = functionName === "postTcbInfo" || functionName === "postQeIdentity" ? ["TcbTextNotNewer"] : [];
  try {
    await (await contract.getFunction(functionName)(...args)).wait();
  } catch (error) {
    const data = (error as { data?: string }).data;
    if (data === undefined || !known.includes(contract.interface.parseError(data)?.name ?? "")) throw error;
  }
}

/** Arguments of `attest` for a node's key in a TD of the machine. */
export async function attestArgs(
  market: Market & { readonly workloadId: Hex },
  machine: World,
  node: LocalNode,
  showing: Showing = {},
) {
  const { world, instance } = market;
  const block = await world.chain.getBlock({
    blockNumber: showing.challengeBlock ?? (await world.chain.getBlockNumber()),
  });
  const workloadId = showing.workloadId ?? market.workloadId;
  const keys: TeeKeys = {
    nodeId: node.nodeId,
    owner: node.owner.account.address,
    signer: node.signer.address,
    hpkeKey: keccak256(stringToHex(`hpke ${node.nodeId}`)),
    gpuId: zeroHash,
    gpuEvidenceHash: zeroHash,
    runtimeHash: zeroHash,
    ...showing.keys,
  };
  const domain = { chainId: showing.chainId ?? localChainId, registry: showing.registry ?? instance.teeRegistry };
  const binding = bindingHash(domain, keys);
  const challenge = showing.challenge ?? challengeHash(block.hash, keys.nodeId, domain.registry);
  const reportData = showing.reportData ?? hexToBytes(concat([binding, challenge]));
  const tee = showing.quote?.tee ?? "TDX";
  const { bytes } = machine.quote({ ...showing.quote, reportData });
  const { quote } = chainEvidenceOf(bytes, machine.collateral({ tee }));
  const shown = { ...keys, ...showing.shown };
  const evaluation = showing.evaluation ?? machine.tcbInfo(tee).tcbEvaluationDataNumber;
  const message = { workloadId, binding, challenge, pckId: quote.pckId, evaluation, ...showing.signed };
  const compact = compactSignature(await (showing.signs ?? node.signer).signTypedData(attestData(domain, message)));
  const words = { challengeBlock: block.number, r: slice(compact, 0, 32), yParityAndS: slice(compact, 32) };
  return [workloadId, { ...shown, ...words }, quote, evaluation] as const;
}

/** The measurement of the machine's TD, of which all quotes of one name have the same. */
export function measuredOf(machine: World, parts = 0, options: WorldQuoteOptions = {}): Hex {
  const { bytes, spans } = machine.quote(options);
  return measurementOf(bytes.subarray(0, spans.body.end), parts);
}

/** Registers the workload that the market's task names. */
export async function registerWorkload(
  { teeRegistry, deployer }: Market,
  machine: World,
  changes: Partial<WorkloadFields> & { readonly measurements?: readonly Hex[]; readonly salt?: Hex } = {},
): Promise<void> {
  const { measurements = [measuredOf(machine, changes.parts)], salt = workloadSalt, ...fields } = changes;
  const workload = { owner: deployer.address, ...plainWorkload, ...fields };
  await teeRegistry.connect(deployer).registerWorkload(workload, [...measurements], salt);
}
