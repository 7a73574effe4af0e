import type { NetworkConnection } from "hardhat/types/network";
import { type Address, getAddress } from "viem";
import type { Instance } from "../../deploy/deploy.ts";
import { makeWorld, type World, type WorldOptions } from "../../deploy/local/world.ts";
import Network from "../../deploy/modules/Network.ts";
import type { InstanceParameters } from "../../deploy/parameters/parameters.ts";
import { type Market, type MarketOptions, openMarket } from "./market.ts";

/** Times of decisions, in seconds, as on a public network. */
export const day = 86_400n;
export const votingDelayS = day;
export const votingPeriodS = 5n * day;
export const timelockDelayS = 2n * day;
export const epochS = 7n * day;
export const mostBudget = 100_000n * 10n ** 18n;

/** The governance of a network. */
export type Governance = {
  readonly timelock: Address;
  readonly governor: Address;
  readonly treasury: Address;
  readonly emissions: Address;
};

/** A world under governance: its deployer has handed everything over. Account 6 is the guardian. */
export type GovernedWorld = World & { readonly governance: Governance };

/** What the deployment module is given for governance. */
export function governanceParameters(guardian: string, { stakePrice }: InstanceParameters) {
  return {
    guardian,
    timelockDelay: timelockDelayS,
    governorSettings: {
      leastVotingTime: day,
      votingDelay: votingDelayS,
      votingPeriod: votingPeriodS,
      lateQuorumExtension: day,
      proposalThreshold: 10n ** 22n,
      quorumPercent: 4n,
    },
    epochLength: epochS,
    mostBudget,
    emissionPrice: 10n * stakePrice,
  };
}

/** Deploys tokens as `make` does, and a whole network through the deployment module. */
export async function makeGovernedWorld(
  connection: NetworkConnection<"l1">,
  options: WorldOptions = {},
  make = makeWorld,
): Promise<GovernedWorld> {
  const world = await make(connection, options);
  const { paymentToken, atoma, parameters } = world;
  const guardian = (await connection.ethers.getSigners())[guardianAccount];
  if (guardian === undefined) throw new Error("The chain has no account for the guardian.");
  const values = { ...parameters, beaconPublicKey: [...parameters.beaconPublicKey] };
  const deployed = await connection.ignition.deploy(Network, {
    parameters: {
      Network: { paymentToken, atoma, ...values, ...governanceParameters(guardian.address, parameters) },
    },
  });
  const entries = await Promise.all(
    Object.entries(deployed).map(async ([name, contract]) => [name, getAddress(await contract.getAddress())] as const),
  );
  const addresses = Object.fromEntries(entries) as Instance & Governance; // the names that the module returns
  return { ...world, instance: addresses, governance: addresses, treasury: addresses.treasury };
}

export const guardianAccount = 6;

/** What of a market can be chosen under governance; `make` chooses its tokens. */
export type GovernedOptions = Pick<MarketOptions, "nodes" | "asks" | "task" | "make">;

/** A market under governance, with the contracts that govern it. Accounts 7 to 9 hold 5%, 5% and 1% of ATOMA, delegated to themselves. */
export async function openGovernedMarket({ make: makeTokens, ...options }: GovernedOptions = {}) {
  const governed: GovernedWorld[] = [];
  const make = async (connection: NetworkConnection<"l1">, worldOptions?: WorldOptions): Promise<World> => {
    const world = await makeGovernedWorld(connection, worldOptions, makeTokens);
    governed.push(world);
    return world;
  };
  const market = await openMarket({ ...options, make });
  const { governance } = governed[0] as GovernedWorld; // openMarket makes one world
  const { ethers, atoma, deployer, account } = market;
  const supply = await atoma.totalSupply();
  const voters = [7, 8, 9].map(account) as [Market["owner"], Market["owner"], Market["owner"]];
  for (const [i, voter] of voters.entries()) {
    await atoma.connect(deployer).transfer(voter, (supply * (i < 2 ? 5n : 1n)) / 100n);
    await atoma.connect(voter).delegate(voter);
  }
  await market.networkHelpers.mine();
  return {
    ...market,
    governance,
    voters,
    guardian: account(guardianAccount),
    timelock: await ethers.getContractAt("AtomaTimelock", governance.timelock),
    governor: await ethers.getContractAt("AtomaGovernor", governance.governor),
    treasuryContract: await ethers.getContractAt("Treasury", governance.treasury),
    emissions: await ethers.getContractAt("Emissions", governance.emissions),
  };
}

export type GovernedMarket = Awaited<ReturnType<typeof openGovernedMarket>>;

/** A governed market per describe block, put back before every test. */
export function useGovernedMarket(options: GovernedOptions = {}) {
  let market: GovernedMarket;
  let restore: () => Promise<void>;
  before(async () => {
    market = await openGovernedMarket(options);
    const snapshot = await market.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());
  return () => market;
}
