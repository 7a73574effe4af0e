/** Identity of the quoting enclave (version 2) in the form and key order of Intel's service. */
import type { KeyPair, SChoice } from "./key.ts";
import { enclaveStatuses, mintLevels, type Level } from "./levels.ts";
import type { Random } from "./random.ts";
import { signText, timeText, upperHex, type SignedText } from "./signed-text.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";
import type { Status } from "../../../sdk/attestation/status.ts";

export type QeIdentity = {
  readonly id: string;
  readonly version: number;
  readonly issueDate: string;
  readonly nextUpdate: string;
  readonly tcbEvaluationDataNumber: number;
  readonly miscselect: string;
  readonly miscselectMask: string;
  readonly attributes: string;
  readonly attributesMask: string;
  readonly mrsigner: string;
  readonly isvprodid: number;
  readonly tcbLevels: readonly Level<{ readonly isvsvn: number }>[];
};

/** The quoting enclave of a platform. */
export type QuotingEnclave = {
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
};

export type QeIdentityOptions = {
  readonly tee: Tee;
  readonly issuedAt: number;
  readonly nextUpdate: number;
  readonly evaluation: number;
  readonly reached: Status;
};

export const qeIdentityOf = (random: Random, enclave: QuotingEnclave, options: QeIdentityOptions): QeIdentity => ({
  id: options.tee === "TDX" ? "TD_QE" : "QE",
  version: 2,
  issueDate: timeText(options.issuedAt),
  nextUpdate: timeText(options.nextUpdate),
  tcbEvaluationDataNumber: options.evaluation,
  miscselect: "00000000",
  miscselectMask: "FFFFFFFF",
  attributes: "11000000000000000000000000000000",
  attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
  mrsigner: upperHex(enclave.mrSigner),
  isvprodid: enclave.isvProdId,
  tcbLevels: mintLevels(random, {
    at: options.issuedAt,
    reached: options.reached,
    statuses: enclaveStatuses,
    above: () => ({ isvsvn: enclave.isvSvn + random.integer(1, 3) }),
    within: (depth) => ({ isvsvn: Math.max(0, enclave.isvSvn - random.integer(depth, depth + 1)) }),
  }),
});

export const mintQeIdentity = (identity: QeIdentity, signingKey: KeyPair, s?: SChoice): SignedText =>
  signText(JSON.stringify(identity), signingKey, s);
