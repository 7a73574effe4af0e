import {
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  keccak256,
  slice,
  stringToHex,
  zeroHash,
} from "viem";
import { devRoot } from "../../keepers/attestation/dev/network.ts";
import { timeText } from "../../keepers/attestation/dev/signed-text.ts";
import { mintWorld, type World as Machine } from "../../keepers/attestation/dev/world.ts";
import { localChainId, localEvidenceSeed } from "../../deploy/local/world.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { attestData, bindingHash, challengeHash, workloadIdOf } from "../../sdk/attestation/binding.ts";
import {
  calldataOf,
  chainEvidenceOf,
  type RegistrationCall,
  type RevocationCall,
  revocationCallsOf,
} from "../../sdk/attestation/chain-calls.ts";
import { measurementOf } from "../../sdk/attestation/measurement.ts";
import { statusBitmap } from "../../sdk/attestation/status.ts";
import { type Lab, makeLab } from "./lab.ts";
import { type Figures, measureAlone } from "./measure.ts";

const dayS = 86_400;
/** As many entries as the list of Intel's Platform CA had in 2026. */
const revokedEntries = 57;
/** A seed whose TCB info is as long as Intel's longest of the kind in 2025: 4,770 bytes. */
const seed = "bench 2";
const workload = {
  tee: 0x81,
  parts: 0,
  statuses: statusBitmap(["UpToDate"]),
  minEvaluation: 1,
  maxAge: 7 * dayS,
  minIsvSvn: 0,
} as const;

/**
 * Evidence of a TDX machine, from the start: certificate and attestation key in one transaction and the binding in another
 * (`tdx.first`); a transaction that verifies a later quote (`tdx.repeat`); one that renews the binding by it (`tdx.renew`); a
 * TCB info; the settlement of a request that this machine answers alone (`settle.tee.k1`); a revocation. Once more on a chain without P256VERIFY.
 */
export async function measureAttestation(): Promise<Figures> {
  const lab = await makeTeeLab("osaka");
  const own = await measureEvidence(lab);
  const settled = { "settle.tee.k1": await measureAlone(lab) };
  const without = await measureEvidence(await makeLab(1, "prague"));
  const renamed = Object.entries(without).map(([name, gas]) => [`${name}.noPrecompile`, gas] as const);
  return { ...own, ...settled, ...Object.fromEntries(renamed) };
}

/** A lab with one node and a task that names a TEE workload. */
export function makeTeeLab(hardfork: string): Promise<Lab> {
  const deployer = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // the first account of every local chain
  return makeLab(1, hardfork, { workloadId: workloadIdOf(deployer, zeroHash) });
}

/** A machine's evidence and its collateral, on the lab's chain. */
export async function measureEvidence(lab: Lab): Promise<Figures> {
  const { timestamp } = await lab.world.chain.getBlock();
  const machine = machineAt(Number(timestamp));
  const quote = machine.quote().bytes;
  const { collateral, machine: calls } = chainEvidenceOf(quote, machine.collateral());
  const posts: bigint[] = [];
  for (const call of collateral) posts.push(await send(lab, call));
  const registered = await sendTogether(lab, calls);
  const workloadId = await registerWorkload(lab, machine);
  const first = await attest(lab, machine, workloadId);
  const repeat = await verify(lab, machine);
  const renew = await attest(lab, machine, workloadId);
  const [revocation] = revocationCallsOf(quote, machine.collateral({ pckCrl: { revoked: revokedSerials(machine) } }));
  if (revocation === undefined) throw new Error("The list does not hold the machine's certificate.");
  const postOf = (name: string) => posts[collateral.findIndex(({ functionName }) => functionName === name)] ?? 0n;
  return {
    "tdx.first": registered + first,
    "tdx.repeat": repeat,
    "tdx.renew": renew,
    "tcb.post": postOf("postTcbInfo"),
    "qe.post": postOf("postQeIdentity"),
    "pck.revoke": await send(lab, revocation),
  };
}

function machineAt(at: number): Machine {
  const root = { key: devRoot(localEvidenceSeed) };
  const lasting = { issueDate: timeText(at - dayS), nextUpdate: timeText(at + 30 * dayS) };
  return mintWorld({ seed, at, certificates: { root }, tcbInfo: lasting, qeIdentity: lasting });
}

const revokedSerials = ({ certificates }: Machine) => [
  ...Array.from({ length: revokedEntries - 1 }, (_, i) => ({ serial: BigInt(keccak256(`0x${i + 10}`)) >> 96n })),
  { serial: certificates.pck.serial },
];

async function send(lab: Lab, call: RegistrationCall | RevocationCall): Promise<bigint> {
  const { instance } = lab.world;
  const { collateral, quoteVerifier } = instance;
  return transact(lab, call.to === "collateral" ? collateral : quoteVerifier, calldataOf(call));
}

function sendTogether(lab: Lab, calls: readonly RegistrationCall[]): Promise<bigint> {
  const data = encodeFunctionData({ abi: dcapVerifierAbi, functionName: "multicall", args: [calls.map(calldataOf)] });
  return transact(lab, lab.world.instance.quoteVerifier, data);
}

async function transact({ world, gasOf }: Lab, to: Address, data: Hex): Promise<bigint> {
  return (await gasOf(await world.deployer.sendTransaction({ to, data }))).gas;
}

async function registerWorkload(lab: Lab, machine: Machine): Promise<Hex> {
  const { deployer, instance } = lab.world;
  const { bytes, spans } = machine.quote();
  const owner = deployer.account.address;
  const args = [{ owner, ...workload }, [measurementOf(bytes.subarray(0, spans.body.end), 0)], zeroHash] as const;
  await transact(lab, instance.teeRegistry, encodeFunctionData({ abi: teeRegistryAbi, functionName: "registerWorkload", args })); // prettier-ignore
  return workloadIdOf(owner, zeroHash);
}

function verify(lab: Lab, machine: Machine): Promise<bigint> {
  const { quote } = chainEvidenceOf(machine.quote({ name: "a later one" }).bytes, machine.collateral());
  const args = [quote, machine.tcbInfo("TDX").tcbEvaluationDataNumber] as const;
  const data = encodeFunctionData({ abi: dcapVerifierAbi, functionName: "verifyQuote", args });
  return transact(lab, lab.world.instance.quoteVerifier, data);
}

async function attest(lab: Lab, machine: Machine, workloadId: Hex): Promise<bigint> {
  const [node] = lab.nodes;
  if (node === undefined) throw new Error("There is no node.");
  const { chain, instance } = lab.world;
  const block = await chain.getBlock();
  const domain = { chainId: localChainId, registry: instance.teeRegistry };
  const keys = {
    ...{ nodeId: node.nodeId, owner: node.owner.account.address, signer: node.signer.address },
    ...{ hpkeKey: keccak256(stringToHex("an HPKE key")), gpuId: zeroHash, gpuEvidenceHash: zeroHash },
    runtimeHash: keccak256(stringToHex("a runtime")),
  };
  const binding = bindingHash(domain, keys);
  const challenge = challengeHash(block.hash, node.nodeId, instance.teeRegistry);
  const { bytes } = machine.quote({ reportData: hexToBytes(concat([binding, challenge])) });
  const { quote } = chainEvidenceOf(bytes, machine.collateral());
  const evaluation = machine.tcbInfo("TDX").tcbEvaluationDataNumber;
  const message = { workloadId, binding, challenge, pckId: quote.pckId, evaluation };
  const signed = compactSignature(await node.signer.signTypedData(attestData(domain, message)));
  const shown = { ...keys, nodeId: Number(keys.nodeId), challengeBlock: Number(block.number) };
  const signature = { r: slice(signed, 0, 32), yParityAndS: slice(signed, 32) };
  const args = [workloadId, { ...shown, ...signature }, quote, evaluation] as const;
  return transact(lab, instance.teeRegistry, encodeFunctionData({ abi: teeRegistryAbi, functionName: "attest", args }));
}
