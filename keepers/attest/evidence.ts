/** Makes a node's evidence: a quote that binds its keys, the collateral that it is judged by, and what both come to. */
import { concat, type Hex, hexToBytes, slice, zeroHash } from "viem";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import { attestData, bindingHash, challengeHash, type TeeKeys } from "../../sdk/attestation/binding.ts";
import { toHex } from "../../sdk/attestation/bytes.ts";
import { parseCertificate } from "../../sdk/attestation/certificate.ts";
import { type ChainEvidence, chainEvidenceOf } from "../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { measurementOf } from "../../sdk/attestation/measurement.ts";
import { normaliseQuote } from "../../sdk/attestation/normalise.ts";
import { parseQuote, type Tee } from "../../sdk/attestation/quote.ts";
import { parseSgxExtension } from "../../sdk/attestation/sgx-extension.ts";
import { statuses } from "../../sdk/attestation/status.ts";
import { parseTcbInfo } from "../../sdk/attestation/tcb-info.ts";
import { type QuoteVerdict, verifyQuote } from "../../sdk/attestation/verify-quote.ts";
import type { CollateralSource } from "../attestation/collateral/source.ts";
import type { Evaluation, PckCa } from "../attestation/collateral/urls.ts";
import type { QuoteProvider } from "../attestation/quotes/provider.ts";
import type { Instance } from "../chain/instance.ts";
import type { Signer } from "../runtime/signer.ts";

/** The machine that made a quote: which collateral to ask for, and when the first of its two certificates ends, Unix seconds. */
export type Machine = { readonly tee: Tee; readonly fmspc: Hex; readonly ca: PckCa; readonly certifiedUntilS: number };

export type Evidence = {
  readonly keys: TeeKeys;
  readonly challengeBlock: bigint;
  /** Both halves of the report data. */
  readonly binding: Hex;
  readonly challenge: Hex;
  readonly quote: Uint8Array;
  readonly machine: Machine;
  readonly collateral: Collateral;
  /** tcbEvaluationDataNumber of the collateral. */
  readonly evaluation: number;
  readonly verdict: QuoteVerdict;
  readonly measurement: Hex;
  readonly onChain: ChainEvidence;
};

/** What a node binds, beside its key and the TEE's. */
export type NodeKeys = Pick<TeeKeys, "nodeId" | "owner" | "signer" | "hpkeKey" | "runtimeHash">;

export type EvidenceDeps = {
  readonly instance: Pick<Instance, "chainId" | "teeRegistry">;
  readonly provider: QuoteProvider;
  readonly source: CollateralSource;
  readonly evaluation: Evaluation;
  readonly signer: Signer;
};

export type EvidenceQuery = {
  readonly node: NodeKeys;
  /** A recent block of which the challenge is made. */
  readonly block: { readonly number: bigint; readonly hash: Hex };
  /** What the workload's measurement covers; see the TEE registry. */
  readonly parts: number;
  /** x || y of the root that the chain pins. */
  readonly rootKey: Uint8Array;
  readonly nowS: number;
};

/** Throws an EvidenceError for what is no quote. */
export const machineOf = (quote: Uint8Array): Machine => {
  const { pckDer, intermediateDer } = normaliseQuote(quote);
  const pck = parseCertificate(pckDer, "The quote's PCK certificate");
  const authority = parseCertificate(intermediateDer, "The quote's intermediate certificate");
  const { fmspc } = parseSgxExtension(pck.sgxExtension, "the PCK certificate");
  const certifiedUntilS = Math.min(pck.notAfter, authority.notAfter);
  const ca = authority.commonName === "Intel SGX PCK Processor CA" ? "processor" : "platform";
  return { tee: parseQuote(quote).tee, fmspc: toHex(fmspc), ca, certifiedUntilS };
};

/** Makes the evidence. Nothing is judged yet: a quote that does not verify is a verdict. Rejects where there is no quote or no collateral. */
export const makeEvidence = async (
  deps: EvidenceDeps,
  { node, block, parts, rootKey, nowS }: EvidenceQuery,
  signal?: AbortSignal,
): Promise<Evidence> => {
  const { instance, provider, source } = deps;
  const keys: TeeKeys = { ...node, gpuId: zeroHash, gpuEvidenceHash: zeroHash };
  const domain = { chainId: BigInt(instance.chainId), registry: instance.teeRegistry };
  const challenge = challengeHash(block.hash, node.nodeId, domain.registry);
  const binding = bindingHash(domain, keys);
  const quote = await provider.quote(hexToBytes(concat([binding, challenge])), signal);
  const machine = machineOf(quote);
  const query = { tee: machine.tee, ca: machine.ca, fmspc: machine.fmspc.slice(2), evaluation: deps.evaluation };
  const collateral = await source.fetch(query, signal);
  return {
    keys,
    challengeBlock: block.number,
    binding,
    challenge,
    quote,
    machine,
    collateral,
    evaluation: parseTcbInfo(collateral.tcb_info).evaluationNumber,
    verdict: verifyQuote({ quote, collateral, at: nowS, rootKey, allowed: statuses }),
    measurement: measurementOf(parseQuote(quote).signedBody, parts),
    onChain: chainEvidenceOf(quote, collateral),
  };
};

/** Arguments of the registry's `attest`, with the signature of the node's key. */
export const attestArgs = async (
  { instance, signer }: Pick<EvidenceDeps, "instance" | "signer">,
  workloadId: Hex,
  { keys, challengeBlock, binding, challenge, evaluation, onChain }: Evidence,
) => {
  const domain = { chainId: BigInt(instance.chainId), registry: instance.teeRegistry };
  const message = { workloadId, binding, challenge, pckId: onChain.quote.pckId, evaluation };
  const compact = compactSignature(await signer.signTypedData(attestData(domain, message)));
  const { nodeId, owner: _, ...others } = keys;
  const signature = { r: slice(compact, 0, 32), yParityAndS: slice(compact, 32) };
  const words = { nodeId: Number(nodeId), challengeBlock: Number(challengeBlock), ...others, ...signature };
  return [workloadId, words, onChain.quote, evaluation] as const;
};
