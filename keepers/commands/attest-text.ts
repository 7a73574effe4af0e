import { type Hex, size } from "viem";
import type { Evidence, NodeKeys } from "../attest/evidence.ts";
import type { Look } from "../attest/look.ts";

/** What a program learns of one workload. Times in Unix seconds; `boundUntil` is 0 where nothing is bound. */
export type LookSummary = {
  readonly workloadId: Hex;
  readonly boundUntil: number;
  readonly refused?: string;
  /** Whether the keeper would send the calls and bind now. */
  readonly isDue?: boolean;
  readonly measurement?: Hex;
  readonly status?: string | null;
  readonly evaluation?: number;
  readonly collateralUntil?: number;
  /** Calls that have to come before the binding, in order. */
  readonly missing?: readonly string[];
};

export const summaryOf = (look: Look): LookSummary => {
  const { workloadId, binding } = look;
  const base = { workloadId, boundUntil: binding.until };
  if (look.kind === "live") return base;
  const { measurement, verdict, evaluation } = look.evidence;
  const { validUntil } = verdict.facts;
  return {
    ...base,
    ...(look.kind === "refused"
      ? { refused: look.why }
      : { isDue: look.isDue, missing: look.missing.map(({ what }) => what) }),
    measurement,
    status: verdict.status,
    evaluation,
    ...(validUntil === undefined ? {} : { collateralUntil: validUntil }),
  };
};

/** What was found out about a workload, several lines with an end. */
export const explainLook = (look: Look, node: NodeKeys): string => `${linesOf(look, node).join("\n")}\n`;

const linesOf = (look: Look, { nodeId, signer, hpkeKey }: NodeKeys): string[] => {
  const { workloadId, binding } = look;
  return [
    `Workload ${workloadId}`,
    line("node", `${nodeId}, key ${signer}`),
    line("HPKE key", hpkeKey),
    line("bound until", binding.until === 0 ? "never: nothing is bound" : dateOf(binding.until)),
    ...(look.kind === "live" ? [] : [...evidenceLines(look.evidence), ...callLines(look)]),
  ];
};

const evidenceLines = ({ machine, verdict, measurement, evaluation }: Evidence): string[] => {
  const { ppid, validUntil } = verdict.facts;
  const until = validUntil === undefined ? "" : `, by collateral that is valid until ${dateOf(validUntil)}`;
  return [
    line("machine", `${machine.tee}, FMSPC ${machine.fmspc}, PPID ${ppid ?? "unknown"}`),
    line("measurement", measurement),
    line("TCB status", `${verdict.status ?? "none"} in evaluation ${evaluation}${until}`),
  ];
};

const callLines = (look: Exclude<Look, { kind: "live" }>): string[] => {
  if (look.kind === "refused") return [line("REFUSED", look.why)];
  if (!look.isDue) return [line("to be sent", "nothing yet: the binding lives on")];
  const calls = look.missing.map(({ what, to, data }) => `${what} (${to}, ${size(data)} bytes)`);
  return ["  to be sent", ...[...calls, "Bind the node's keys (registry)"].map((call, i) => `    ${i + 1}. ${call}`)];
};

const dateOf = (unixS: number): string => new Date(unixS * 1_000).toISOString();
const line = (name: string, value: string): string => `  ${name.padEnd(12)} ${value}`;
