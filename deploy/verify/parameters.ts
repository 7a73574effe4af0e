import { type AbiEvent, type Address, formatUnits, parseAbi } from "viem";
import type { z } from "zod";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { adminRole } from "../../sdk/governance/guarded.ts";
import { priceCover } from "../../sdk/governance/parameters.ts";
import { instanceSchema, type NetworkFile, networkSchema } from "../parameters/schema.ts";
import { networkFaults, supplyFaults } from "../parameters/faults.ts";
import { jsonText } from "../run/files.ts";
import { logsOf } from "../run/logs.ts";
import { resignedAt } from "./authority.ts";
import { originOf } from "./history.ts";
import { type Proof, proof, proofOf } from "./proof.ts";
import type { Subject } from "./subject.ts";

/** A governed value: what the chain says, what the file says, and the events by which governance changes it. */
type Value = {
  readonly title: string;
  readonly found: unknown;
  readonly wanted: unknown;
  readonly address: Address;
  readonly events: readonly AbiEvent[];
};

/** What the contracts hold now, in the shape of the file. */
type Current = Pick<NetworkFile, "instance" | "emissions"> & { readonly values: readonly Value[] };

/** Proves that every parameter is the file's, or was changed by governance since, and in its bounds. */
export async function proveParameters(subject: Subject): Promise<Proof[]> {
  const { values, ...current } = await readInstance(subject);
  const governance = await readGovernance(subject);
  const { chain, record } = subject;
  const fromBlock = await originOf(subject);
  const handOver = await resignedAt({ chain, address: record.authority, fromBlock }, adminRole, record.founder);
  const all = [...values, ...governance.values];
  return [
    ...(await Promise.all(all.map((value) => proveValue(subject, value, handOver)))),
    proveBounds(subject, { ...current, governance: governance.file }),
    await proveUnbonding(subject),
    ...(await proveSupply(subject)),
  ];
}

const same = (a: unknown, b: unknown): boolean => sorted(a) === sorted(b);
const sorted = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([key, inner]) => `${key}=${String(inner)}`)
        .sort()
        .join(" ")
    : String(value);

async function proveValue({ chain }: Subject, value: Value, handOver: bigint | undefined): Promise<Proof> {
  const { title, found, wanted, address, events } = value;
  if (same(found, wanted)) return proof(`${title} as in the file`, true, "");
  const to = await chain.getBlockNumber();
  const from = (handOver ?? to) + 1n;
  const changes = from > to ? [] : await logsOf(chain, { address, events, from, to });
  const last = changes.at(-1);
  const difference = `it is ${sorted(found)} and the file says ${sorted(wanted)}`;
  if (handOver === undefined || last === undefined)
    return proof(`${title} as in the file`, false, `${difference}; governance never changed it`);
  const how = `${last.eventName} in block ${last.blockNumber}, transaction ${last.transactionHash}`;
  return proof(`${title} as governance set it`, true, "", `changed since: ${how}; ${difference}`);
}

/** The budget of emissions is not readable: the last event tells it. */
async function budgetOf(subject: Subject): Promise<bigint> {
  const { chain, record } = subject;
  const events = eventsOf(emissionsAbi, "BudgetSet");
  const [from, to] = [await originOf(subject), await chain.getBlockNumber()];
  const last = (await logsOf(chain, { address: record.emissions, events, from, to })).at(-1);
  return BigInt(String((last?.args as { budget?: bigint } | undefined)?.budget ?? 0n));
}

async function readInstance(subject: Subject): Promise<Current> {
  const { chain, record: r, file } = subject;
  const read = {
    escrow: { address: r.escrow, abi: requestEscrowAbi },
    tasks: { address: r.taskRegistry, abi: taskRegistryAbi },
    nodes: { address: r.nodeRegistry, abi: nodeRegistryAbi },
    disputes: { address: r.disputes, abi: disputesAbi },
    emissions: { address: r.emissions, abi: emissionsAbi },
  } as const;
  const [, , parameters] = await chain.readContract({ ...read.escrow, functionName: "parameters" });
  const [, disputeParameters] = await chain.readContract({ ...read.disputes, functionName: "parameters" });
  const taskSettings = await chain.readContract({ ...read.tasks, functionName: "settings" });
  const stakePrice = await chain.readContract({ ...read.tasks, functionName: "stakePrice" });
  const unbonding = await chain.readContract({ ...read.nodes, functionName: "targetUnbonding" });
  const price = await chain.readContract({ ...read.emissions, functionName: "price" });
  const budget = await budgetOf(subject);
  const i = file.instance;
  const leastPrice = priceCover * stakePrice; // what is below it counts as it
  const wantedPrice = file.emissions.emissionPrice > leastPrice ? file.emissions.emissionPrice : leastPrice;
  const value = (title: string, found: unknown, wanted: unknown, address: Address, events: readonly AbiEvent[]) => ({
    ...{ title, found, wanted, address, events },
  });
  const values = [
    value("escrow.parameters", parameters, i.parameters, r.escrow, eventsOf(requestEscrowAbi, "ParametersSet")),
    value(
      "disputes.parameters",
      disputeParameters,
      i.disputeParameters,
      r.disputes,
      eventsOf(disputesAbi, "DisputeParametersSet"),
    ),
    value(
      "taskRegistry.settings",
      taskSettings,
      i.taskSettings,
      r.taskRegistry,
      eventsOf(taskRegistryAbi, "SettingsSet"),
    ),
    value(
      "taskRegistry.stakePrice",
      stakePrice,
      i.stakePrice,
      r.taskRegistry,
      eventsOf(taskRegistryAbi, "StakePriceSet"),
    ),
    value("nodeRegistry.unbonding", unbonding, i.unbonding, r.nodeRegistry, eventsOf(nodeRegistryAbi, "UnbondingSet")),
    value("emissions.price", price, wantedPrice, r.emissions, eventsOf(emissionsAbi, "PriceSet")),
    value("emissions.budget", budget, 0n, r.emissions, eventsOf(emissionsAbi, "BudgetSet")),
  ];
  const emissions = { ...file.emissions, emissionPrice: price };
  return { emissions, instance: { ...i, parameters, disputeParameters, taskSettings, stakePrice, unbonding }, values };
}

const eventsOf = (abi: readonly { readonly type: string; readonly name?: string }[], name: string): AbiEvent[] =>
  abi.filter((item): item is AbiEvent => item.type === "event" && item.name === name);

async function readGovernance({ chain, record: r, file }: Subject) {
  const at = { address: r.governor, abi: atomaGovernorAbi } as const;
  const found = {
    timelockDelay: Number(
      await chain.readContract({ address: r.timelock, abi: atomaTimelockAbi, functionName: "getMinDelay" }),
    ),
    leastVotingTime: Number(await chain.readContract({ ...at, functionName: "LEAST_VOTING_TIME" })),
    votingDelay: Number(await chain.readContract({ ...at, functionName: "votingDelay" })),
    votingPeriod: Number(await chain.readContract({ ...at, functionName: "votingPeriod" })),
    lateQuorumExtension: Number(await chain.readContract({ ...at, functionName: "lateQuorumVoteExtension" })),
    proposalThreshold: await chain.readContract({ ...at, functionName: "proposalThreshold" }),
    quorumPercent: Number(await chain.readContract({ ...at, functionName: "quorumNumerator" })),
  };
  const guardian = await chain.readContract({ ...at, functionName: "proposalGuardian" });
  const events = parseAbi([
    "event VotingDelaySet(uint256 oldVotingDelay, uint256 newVotingDelay)",
    "event VotingPeriodSet(uint256 oldVotingPeriod, uint256 newVotingPeriod)",
    "event ProposalThresholdSet(uint256 oldProposalThreshold, uint256 newProposalThreshold)",
    "event QuorumNumeratorUpdated(uint256 oldQuorumNumerator, uint256 newQuorumNumerator)",
    "event LateQuorumVoteExtensionSet(uint64 oldVoteExtension, uint64 newVoteExtension)",
    "event ProposalGuardianSet(address oldProposalGuardian, address newProposalGuardian)",
  ]);
  const { timelockDelay, ...settings } = found;
  const { timelockDelay: wantedDelay, ...wanted } = file.governance;
  const delayEvents = parseAbi(["event MinDelayChange(uint256 oldDuration, uint256 newDuration)"]);
  const values: readonly Value[] = [
    { title: "governor.settings", found: settings, wanted, address: r.governor, events },
    { title: "governor.guardian", found: guardian, wanted: file.guardian, address: r.governor, events },
    { title: "timelock.delay", found: timelockDelay, wanted: wantedDelay, address: r.timelock, events: delayEvents },
  ];
  return { values, file: found };
}

/** The bounds of every value that the chain holds now. */
function proveBounds({ file }: Subject, now: Pick<NetworkFile, "instance" | "emissions" | "governance">): Proof {
  const checks: readonly (readonly [string, z.ZodType, unknown])[] = [
    ["instance", instanceSchema, now.instance],
    ["governance", networkSchema.shape.governance, now.governance],
  ];
  const outside = checks.flatMap(([name, schema, value]) => {
    const parsed = schema.safeParse(JSON.parse(jsonText(value)));
    return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${name}.${path.join(".")} ${message}`);
  });
  return proofOf("every parameter is in its bounds", [...outside, ...networkFaults({ ...file, ...now })]);
}

async function proveUnbonding({ chain, record }: Subject): Promise<Proof> {
  const at = { address: record.nodeRegistry, abi: nodeRegistryAbi } as const;
  const unbonding = await chain.readContract({ ...at, functionName: "targetUnbonding" });
  const least = await chain.readContract({ ...at, functionName: "leastUnbonding" }).catch(() => undefined);
  const title = `unbonding of ${unbonding} s is longer than any dispute`;
  if (least === undefined) return proof(title, false, "the registry is not wired");
  return proof(title, BigInt(unbonding) > least, `a dispute can take ${least} s`, `${least} s`);
}

async function proveSupply({ chain, record, file }: Subject): Promise<Proof[]> {
  const read = { address: record.atoma, abi: atomaTokenAbi } as const;
  const supply = await chain.readContract({ ...read, functionName: "totalSupply" });
  const mode = await chain.readContract({ ...read, functionName: "CLOCK_MODE" }).catch(() => "none");
  const wanted = "supply" in file.atoma ? file.atoma.supply : supply;
  const shown = `${formatUnits(supply, 18)} ATOMA`;
  return [
    proof(`atoma: the supply is ${formatUnits(wanted, 18)} ATOMA`, supply === wanted, `it is ${shown}`),
    proof("atoma: votes are counted by time", mode === "mode=timestamp", `its clock is ${mode}`),
    proofOf("governance fits the supply", supplyFaults(file, supply)),
  ];
}
