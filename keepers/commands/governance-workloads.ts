import { Command } from "commander";
import { zeroAddress } from "viem";
import { formatDuration } from "../../sdk/governance/values.ts";
import type { Io } from "../cli/io.ts";
import { connected } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import { type ConnectionOptions, openSession } from "../cli/session.ts";
import { dateOf, jsonLine } from "../cli/text.ts";
import { readWorkloads, type WorkloadFacts } from "../governance/workloads.ts";

/** `atoma governance workloads`. */
export function workloadsCommand(io: Io): Command {
  const command = new Command("workloads").description(
    "Lists what may run in trusted execution environments, and which tasks ask for it",
  );
  return connected(command).action(async (options: ConnectionOptions) => io.exit(await list(io, options)));
}

const list = async (io: Io, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  const [workloads, nowS] = await Promise.all([readWorkloads(io, session), chainNowS(session)]);
  if (options.json === true) io.out(jsonLine({ workloads }));
  else if (workloads.length === 0) io.out("No workload is registered.");
  else for (const one of workloads) for (const line of linesOf(one, nowS)) io.out(line);
  return 0;
};

const names: Readonly<Record<number, string>> = { 0: "SGX", 129: "TDX" };

const statusesOf = (statuses: number): string =>
  [...Array(8).keys()].filter((bit) => (statuses >> bit) % 2 === 1).join(", ");

const linesOf = (one: WorkloadFacts, nowS: bigint): readonly string[] => [
  `${one.workloadId}${one.isRevoked ? "  REVOKED" : ""}`,
  `  ${names[one.tee] ?? `TEE ${one.tee}`}, owner ${one.owner === zeroAddress ? "nobody" : one.owner}`,
  `  TCB statuses ${one.isRevoked ? "none" : statusesOf(one.statuses)}, collateral from evaluation ${one.minEvaluation}, bindings live ${formatDuration(BigInt(one.maxAgeS))}`,
  ...one.measurements.map(
    ({ measurement, activeAtS }) =>
      `  measurement ${measurement} ${activeAtS <= nowS ? "active" : `from ${dateOf(activeAtS)}`}`,
  ),
  `  ${one.taskIds.length === 0 ? "no task asks for it" : `tasks ${one.taskIds.join(", ")}`}`,
];
