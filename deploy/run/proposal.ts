import { type Address, encodeFunctionData, type Hex } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { guardedFunctions } from "../../sdk/governance/guarded.ts";
import type { DeploymentRecord } from "./record.ts";

/** A proposal as `AtomaGovernor.propose` takes it. */
export type Proposal = {
  readonly targets: readonly Address[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly Hex[];
  readonly description: string;
};

/** The calls that give the guarded functions of another instance their roles: governance makes them, not the deployer. */
export function rolesProposal(record: DeploymentRecord): Proposal {
  const calldatas = guardedFunctions.map((guarded) =>
    encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "setTargetFunctionRole",
      args: [record[guarded.contract], [guarded.selector], guarded.role],
    }),
  );
  const rows = guardedFunctions.map(
    ({ contract, signature, role }) => `- ${contract} ${record[contract]}: ${signature} for role ${role}`,
  );
  return {
    targets: calldatas.map(() => record.authority),
    values: calldatas.map(() => 0n),
    calldatas,
    description: [`# Roles of instance ${record.instance}`, "", ...rows].join("\n"),
  };
}
