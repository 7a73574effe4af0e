/** Calls of the disputes contract, put into the outbox once. */
import { encodeFunctionData, type Hex, slice } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import type { JobDeps } from "../job.ts";
import type { AttestationMessage } from "../network/messages.ts";
import type { TxStatus } from "../runtime/tx-types.ts";

type DisputesCall = Parameters<typeof encodeFunctionData<typeof disputesAbi>>[0];

/** Calldata of one of the functions of the disputes contract. */
export const disputesCall = (call: Omit<DisputesCall, "abi">): Hex =>
  encodeFunctionData({ abi: disputesAbi, ...call } as DisputesCall);

/** A 64-byte signature as the contract takes it. */
export const halvesOf = (signature: Hex): { r: Hex; yParityAndS: Hex } => ({
  r: slice(signature, 0, 32),
  yParityAndS: slice(signature, 32, 64),
});

/** An attestation as the contract takes it. The seat is not looked at where two words of one node are compared. */
export const evidenceOf = ({ digest, committed, commitRoot, signature }: AttestationMessage, seat = 0n) => ({
  seat,
  digest,
  committed,
  commitRoot,
  ...halvesOf(signature),
});

/** What is called, about what, and until when. */
export type DisputesIntent = {
  readonly subject: string;
  readonly action: string;
  readonly data: Hex;
  readonly deadlineS: bigint;
  /** When the chain refuses it, it is asked again after so long. */
  readonly retryAfterMs: number;
};

export type SubmitDeps = Pick<JobDeps, "transactions" | "instance">;

const isOver = (status: TxStatus | undefined): boolean =>
  status === undefined ||
  (status.kind === "refused" && status.retryAtMs === undefined) ||
  ((status.kind === "reverted" || status.kind === "cancelled") && status.final);

/** `started`: put into the outbox now. `refused`: the chain does not take it so far. `known`: under way, or done. */
export type Submitted = "started" | "refused" | "known";

/** Puts the call into the outbox unless it is there, and has not failed for good. */
export const submitOnce = async (
  { transactions, instance }: SubmitDeps,
  { subject, action, data, deadlineS, retryAfterMs }: DisputesIntent,
): Promise<Submitted> => {
  const key = { contract: instance.disputes, subject, action };
  const status = (await transactions.find(key))?.status;
  if (!isOver(status)) return status?.kind === "refused" ? "refused" : "known";
  await transactions.submit({ ...key, data, deadlineS: Number(deadlineS), retryAfterMs }, { again: true });
  return "started";
};

/** Calls off what the chain refuses so far, because nobody needs it any more. */
export const dropRefused = async (
  { transactions, instance }: SubmitDeps,
  subject: string,
  action: string,
): Promise<void> => {
  const known = await transactions.find({ contract: instance.disputes, subject, action });
  if (known?.status.kind !== "refused" || known.status.retryAtMs === undefined) return;
  await transactions.cancel(known.id, "it was done by somebody else");
};
