/** Signing of messages with the node's key. */
import type { Address, Hex } from "viem";
import { attestationData } from "../../sdk/agreement/attestation.ts";
import { commitRootOf } from "../../sdk/agreement/commit-root.ts";
import { commitData } from "../../sdk/agreement/commit.ts";
import { compactSignature } from "../../sdk/agreement/compact-signature.ts";
import type { Signer } from "../runtime/signer.ts";
import type { AttestationMessage, CommitMessage } from "./messages.ts";

/** What signatures are bound to. */
export type SigningInstance = { readonly chainId: bigint; readonly escrow: Address };
export type TypedDataSigner = Pick<Signer, "signTypedData">;

const compact = (signature: Hex): Hex => compactSignature(signature).toLowerCase() as Hex; // as the wire wants it

/** A commit, signed. */
export const signCommit = async (
  signer: TypedDataSigner,
  { chainId, escrow }: SigningInstance,
  commit: Omit<CommitMessage, "signature">,
): Promise<CommitMessage> => {
  const { requestId, level, leaf } = commit;
  const signature = await signer.signTypedData(commitData(chainId, escrow, { requestId, level, leaf }));
  return { ...commit, signature: compact(signature) };
};

/** An attestation over these leaves, with their root, signed. */
export const signAttestation = async (
  signer: TypedDataSigner,
  { chainId, escrow }: SigningInstance,
  attestation: Omit<AttestationMessage, "signature" | "commitRoot">,
): Promise<AttestationMessage> => {
  const commitRoot = commitRootOf(attestation.leaves);
  const { requestId, level, digest, committed } = attestation;
  const data = attestationData(chainId, escrow, { requestId, level, digest, committed, commitRoot });
  return { ...attestation, commitRoot, signature: compact(await signer.signTypedData(data)) };
};
