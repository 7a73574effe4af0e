import { formatUnits } from "viem";
import { priceCover } from "../../sdk/governance/parameters.ts";
import type { NetworkFile } from "./schema.ts";
import { publicFaults } from "./parameters.ts";
import { leastUnbondingS } from "./unbonding.ts";

const dayS = 86_400;

/** A sentence where a condition does not hold. */
const unless = (holds: boolean, sentence: string): string[] => (holds ? [] : [sentence]);

/** What is wrong with a network's file besides the bounds of single values. One sentence each; none if it can be deployed. */
export function networkFaults(file: NetworkFile): string[] {
  const { kind, paymentToken, atoma, instance } = file;
  const least = leastUnbondingS(instance);
  const isPublic = kind === "public";
  const supply = "supply" in atoma ? atoma.supply : undefined;
  return [
    ...(isPublic ? publicFaults(instance).map((fault) => `instance: ${fault}.`) : []),
    ...(isPublic ? [...publicGovernance(file), ...blockFaults(file)] : []),
    ...unless(
      isPublic || instance.unbonding > least,
      `instance.unbonding must be more than the ${least} s that a request and a dispute over it can take.`,
    ),
    ...unless(!isPublic || paymentToken !== "deploy", 'paymentToken cannot be "deploy": anybody can mint that token.'),
    ...unless(
      !isPublic || !("holder" in atoma) || atoma.holder !== "deployer",
      "atoma.holder cannot be the deployer: its key would hold every vote.",
    ),
    ...unless(
      paymentToken !== "deploy" || ("holder" in atoma && atoma.holder === "deployer"),
      'paymentToken "deploy" goes with atoma.holder "deployer": both are deployed together.',
    ),
    ...unless(
      paymentToken === "deploy" || !("holder" in atoma) || atoma.holder !== "deployer",
      "atoma.holder must be an address where the payment token exists.",
    ),
    ...unless(!("holder" in atoma) || atoma.holder !== file.guardian, "guardian must not hold the supply as well."),
    ...governanceFaults(file),
    ...(supply === undefined ? [] : supplyFaults(file, supply)),
  ];
}

function governanceFaults({ governance: g, emissions, instance }: NetworkFile): string[] {
  const floor = priceCover * instance.stakePrice;
  return [
    ...unless(
      g.votingDelay >= g.leastVotingTime,
      `governance.votingDelay must be at least leastVotingTime, ${g.leastVotingTime} s.`,
    ),
    ...unless(
      g.votingPeriod >= g.leastVotingTime,
      `governance.votingPeriod must be at least leastVotingTime, ${g.leastVotingTime} s.`,
    ),
    ...unless(
      g.lateQuorumExtension <= g.votingPeriod,
      `governance.lateQuorumExtension must be at most votingPeriod, ${g.votingPeriod} s.`,
    ),
    ...unless(
      emissions.emissionPrice >= floor,
      `emissions.emissionPrice must be at least four times instance.stakePrice, ${floor}.`,
    ),
  ];
}

function publicGovernance({ governance: g }: NetworkFile): string[] {
  return [
    ...unless(
      g.timelockDelay >= 2 * dayS,
      "governance.timelockDelay must be at least two days: time to see and to leave.",
    ),
    ...unless(g.leastVotingTime >= dayS, "governance.leastVotingTime must be at least a day: it can never be changed."),
  ];
}

function blockFaults({ blockTime, instance: { parameters, beaconPeriod } }: NetworkFile): string[] {
  const delayS = 2 * blockTime + Number(beaconPeriod);
  return [
    ...unless(
      parameters.beaconDelay >= delayS,
      `instance.parameters.beaconDelay must be at least two blocks and a period of the beacon, ${delayS} s.`,
    ),
    ...unless(
      parameters.chainPhase >= 5 * blockTime,
      `instance.parameters.chainPhase must be at least five blocks, ${5 * blockTime} s.`,
    ),
  ];
}

/** Bounds that depend on the supply of ATOMA, in units of 10^-18. */
export function supplyFaults({ governance, emissions }: NetworkFile, supply: bigint): string[] {
  const [least, most] = [supply / 100_000n, supply / 100n];
  const { proposalThreshold: threshold } = governance;
  const shown = (value: bigint) => `${value} (${formatUnits(value, 18)} ATOMA)`;
  return [
    ...unless(
      threshold >= least && threshold <= most,
      `governance.proposalThreshold must be from ${shown(least)} to ${shown(most)}: a hundred-thousandth to a hundredth of the supply.`,
    ),
    ...unless(
      emissions.mostBudget <= most,
      `emissions.mostBudget must be at most a hundredth of the supply, ${shown(most)}.`,
    ),
  ];
}
