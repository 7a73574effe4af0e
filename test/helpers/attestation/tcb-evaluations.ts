/** The signed list of TCB evaluation data numbers that Intel serves. */
import type { KeyPair } from "../../../keepers/attestation/dev/key.ts";
import { dayText, signText, timeText, type SignedText } from "../../../keepers/attestation/dev/signed-text.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";

export type EvaluationListOptions = {
  readonly tee: Tee;
  readonly issuedAt: number;
  readonly nextUpdate: number;
  /** From the newest to the oldest. */
  readonly numbers: readonly number[];
};

const dayS = 86_400;

export const mintEvaluationList = (
  { tee, issuedAt, nextUpdate, numbers }: EvaluationListOptions,
  signingKey: KeyPair,
): SignedText => {
  const list = {
    id: tee,
    version: 1,
    issueDate: timeText(issuedAt),
    nextUpdate: timeText(nextUpdate),
    tcbEvalNumbers: numbers.map((tcbEvaluationDataNumber, i) => ({
      tcbEvaluationDataNumber,
      tcbRecoveryEventDate: dayText(issuedAt - (180 * i + 1) * dayS),
      tcbDate: dayText(issuedAt - 180 * i * dayS),
    })),
  };
  return signText(JSON.stringify(list), signingKey);
};
