/** What governance has set, read from the chain. */
import { type Address, zeroAddress } from "viem";
import type { Limits } from "../../sdk/governance/parameters.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import type { Io } from "../cli/io.ts";
import { escrowOf, nodesOf, tasksOf } from "../cli/reads.ts";
import { authorityOf, disputesOf, emissionsOf, type Governance, governorOf, timelockOf } from "./contracts.ts";
import { readEvents } from "./events.ts";

/** `limits.values` has every parameter; one of emissions is absent where the record names none. Times are Unix seconds. */
export type GovernedSettings = {
  readonly limits: Limits;
  readonly leastUnbondingS: bigint;
  /** What stake waits that leaves now: longer than the parameter for as long as that was, after it was shortened. */
  readonly unbondingNowS: bigint;
  readonly version: bigint;
  readonly disputesVersion: bigint;
  readonly requestsPausedUntilS: bigint;
  readonly registrationsPausedUntilS: bigint;
  /** Who can cancel proposals; undefined for nobody. */
  readonly guardian: Address | undefined;
  readonly isEscrowClosed: boolean;
};

type Named = readonly (readonly [string, bigint])[];

const named = (fields: Readonly<Record<string, number | bigint>>): Named =>
  Object.entries(fields).map(([name, value]) => [name, BigInt(value)] as const);

const readInstance = async (governance: Governance) => {
  const { session } = governance;
  const { publicClient } = session.context;
  const [escrow, leastTimes, disputes, settings, stakePrice] = await Promise.all([
    publicClient.readContract({ ...escrowOf(session), functionName: "parameters" }),
    publicClient.readContract({ ...escrowOf(session), functionName: "leastTimes" }),
    publicClient.readContract({ ...disputesOf(governance), functionName: "parameters" }),
    publicClient.readContract({ ...tasksOf(session), functionName: "settings" }),
    publicClient.readContract({ ...tasksOf(session), functionName: "stakePrice" }),
  ]);
  const [unbonding, unbondingNow, leastUnbondingS, pausedUntil] = await Promise.all([
    publicClient.readContract({ ...nodesOf(session), functionName: "targetUnbonding" }),
    publicClient.readContract({ ...nodesOf(session), functionName: "unbonding" }),
    publicClient.readContract({ ...nodesOf(session), functionName: "leastUnbonding" }),
    publicClient.readContract({ ...tasksOf(session), functionName: "pausedUntil" }),
  ]);
  const [beaconDelay, chainPhase] = leastTimes;
  const [version, requestsPausedUntilS, parameters] = escrow;
  const [disputesVersion, disputeParameters] = disputes;
  const values = named({ ...parameters, ...disputeParameters, ...settings, stakePrice, unbonding });
  return {
    values,
    leastTimesS: { beaconDelay, chainPhase },
    ...{ version, disputesVersion, requestsPausedUntilS, leastUnbondingS },
    unbondingNowS: BigInt(unbondingNow),
    registrationsPausedUntilS: pausedUntil,
  };
};

/** The budget is not readable, but the last event tells it. */
const budgetOf = async (io: Io, governance: Governance): Promise<bigint> => {
  const { session } = governance;
  const from = session.instance.startBlock;
  const query = { ...emissionsOf(governance), eventName: "BudgetSet", from, what: "The budget is looked up" } as const;
  return (await readEvents(io, session, query)).at(-1)?.args.budget ?? 0n;
};

const readEmissions = async (io: Io, governance: Governance): Promise<{ values: Named; mostBudget: bigint }> => {
  if (governance.addresses.emissions === undefined) return { values: [], mostBudget: 0n };
  const { publicClient } = governance.session.context;
  const [emissionPrice, mostBudget, emissionBudget] = await Promise.all([
    publicClient.readContract({ ...emissionsOf(governance), functionName: "price" }),
    publicClient.readContract({ ...emissionsOf(governance), functionName: "MOST_BUDGET" }),
    budgetOf(io, governance),
  ]);
  return { values: named({ emissionPrice, emissionBudget }), mostBudget };
};

const readGovernor = async (governance: Governance) => {
  const { publicClient } = governance.session.context;
  const governor = governorOf(governance);
  const [votingDelay, votingPeriod, lateQuorumExtension, proposalThreshold, quorum, leastVotingTimeS, guardian] =
    await Promise.all([
      publicClient.readContract({ ...governor, functionName: "votingDelay" }),
      publicClient.readContract({ ...governor, functionName: "votingPeriod" }),
      publicClient.readContract({ ...governor, functionName: "lateQuorumVoteExtension" }),
      publicClient.readContract({ ...governor, functionName: "proposalThreshold" }),
      publicClient.readContract({ ...governor, functionName: "quorumNumerator" }),
      publicClient.readContract({ ...governor, functionName: "LEAST_VOTING_TIME" }),
      publicClient.readContract({ ...governor, functionName: "proposalGuardian" }),
    ]);
  const values = named({ votingDelay, votingPeriod, lateQuorumExtension, proposalThreshold, quorum });
  return { values, leastVotingTimeS, guardian: guardian === zeroAddress ? undefined : guardian };
};

const readTimelock = async (governance: Governance) => {
  const { publicClient } = governance.session.context;
  const { atoma, escrow } = governance.addresses;
  const [timelockDelay, leastDelayS, supply, isEscrowClosed] = await Promise.all([
    publicClient.readContract({ ...timelockOf(governance), functionName: "getMinDelay" }),
    publicClient.readContract({ ...timelockOf(governance), functionName: "LEAST_DELAY" }),
    publicClient.readContract({ address: atoma, abi: atomaTokenAbi, functionName: "totalSupply" }),
    publicClient.readContract({ ...authorityOf(governance), functionName: "isTargetClosed", args: [escrow] }),
  ]);
  return { values: named({ timelockDelay }), leastDelayS, supply, isEscrowClosed };
};

/** Reads everything that governance can set, and what its bounds depend on. */
export const readSettings = async (io: Io, governance: Governance): Promise<GovernedSettings> => {
  const [instance, emissions, governor, timelock] = await Promise.all([
    readInstance(governance),
    readEmissions(io, governance),
    readGovernor(governance),
    readTimelock(governance),
  ]);
  const values = new Map([...instance.values, ...emissions.values, ...governor.values, ...timelock.values]);
  const { leastVotingTimeS, guardian } = governor;
  const { leastDelayS, supply, isEscrowClosed } = timelock;
  return {
    ...instance,
    limits: {
      ...{ values, leastVotingTimeS, leastDelayS, supply },
      leastTimesS: instance.leastTimesS,
      mostBudget: emissions.mostBudget,
    },
    guardian,
    isEscrowClosed,
  };
};
