import type { Facts } from "../../sdk/attestation/facts.ts";
import { dateOf } from "../../sdk/attestation/validity.ts";
import type { QuoteVerdict } from "../../sdk/attestation/verify-quote.ts";

/** A verdict in sentences, several lines with an end. */
export function explainVerdict(verdict: QuoteVerdict, at: number): string {
  return `${[...verdictLines(verdict, at), ...reportLines(verdict), ...machineLines(verdict.facts)].join("\n")}\n`;
}

function verdictLines({ verdict, status, advisories, reason, facts }: QuoteVerdict, at: number): string[] {
  const isAccepted = verdict === "accept";
  const advised = advisories.length === 0 ? "It names no advisory." : `It names ${advisories.join(", ")}.`;
  return [
    isAccepted ? `ACCEPTED at ${dateOf(at)}.` : `REJECTED at ${dateOf(at)} (${reason?.code ?? "unknown"}).`,
    ...(reason === undefined ? [] : [reason.sentence]),
    status === null
      ? "No TCB status was reached."
      : `Intel's collateral gives the machine the status ${status}. ${advised}`,
    ...validityLines(facts, isAccepted),
  ];
}

function validityLines({ validFrom, validUntil }: Facts, isAccepted: boolean): string[] {
  if (validFrom === undefined || validUntil === undefined) return [];
  const period = `from ${dateOf(validFrom)} until ${dateOf(validUntil)}`;
  return [isAccepted ? `With this collateral the verdict holds ${period}.` : `The collateral is valid ${period}.`];
}

function reportLines({ verdict, facts }: QuoteVerdict): string[] {
  const { version, tee, body, measurements, reportData, attestationKey } = facts;
  if (version === undefined || measurements === undefined) return ["Nothing could be read from the quote."];
  const what = tee === body ? `${tee}` : `${tee} (${body ?? ""})`;
  const caution = verdict === "accept" ? "" : ", of which nothing is proven";
  return [
    `The quote, of version ${version} from ${what}, says${caution}:`,
    ...Object.entries(measurements).map(([name, value]) => line(name, value)),
    line("reportData", reportData),
    line("attestationKey", attestationKey),
  ];
}

function machineLines(facts: Facts): string[] {
  const { ppid, fmspc, pceId, pceSvn, cpuSvn, platformType, pckSerial } = facts;
  if (ppid === undefined) return [];
  const machine = { ppid, fmspc, pceId, pceSvn, cpuSvn, platformType, pckSerial };
  const { tcbEvaluationNumber, qeEvaluationNumber } = facts;
  const evaluations =
    tcbEvaluationNumber === undefined
      ? []
      : [
          `Evaluation numbers: ${tcbEvaluationNumber} of the TCB info, ${qeEvaluationNumber ?? "none"} of the QE identity.`,
        ];
  return [
    "Its machine, by the PCK certificate:",
    ...Object.entries(machine).map(([name, value]) => line(name, value)),
    ...evaluations,
  ];
}

function line(name: string, value: string | number | undefined): string {
  return `  ${name.padEnd(16)} ${value ?? ""}`;
}
