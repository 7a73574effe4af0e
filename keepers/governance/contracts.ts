/** The contracts that govern an instance: found from the deployment record, and checked against the instance. */
import { type Address, getAddress, isAddressEqual } from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { emissionsAbi } from "../../sdk/abi/emissions.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { treasuryAbi } from "../../sdk/abi/treasury.ts";
import type { GovernedAddresses } from "../../sdk/governance/contracts.ts";
import { adminRole } from "../../sdk/governance/guarded.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import type { Payment } from "../../sdk/governance/values.ts";
import type { Session } from "../cli/session.ts";
import { UsageError } from "../commands/usage-error.ts";

/** `fromBlock` is not after the governor: its events begin there. */
export type Governance = {
  readonly session: Session;
  readonly addresses: GovernedAddresses;
  readonly fromBlock: bigint;
  readonly payment: Payment;
};

export const governorOf = ({ addresses }: Governance) =>
  ({ address: addresses.governor, abi: atomaGovernorAbi }) as const;
export const timelockOf = ({ addresses }: Governance) =>
  ({ address: addresses.timelock, abi: atomaTimelockAbi }) as const;
export const authorityOf = ({ addresses }: Governance) =>
  ({ address: addresses.authority, abi: accessManagerAbi }) as const;
export const treasuryOf = ({ addresses }: Governance) => ({ address: addresses.treasury, abi: treasuryAbi }) as const;
export const disputesOf = ({ addresses }: Governance) => ({ address: addresses.disputes, abi: disputesAbi }) as const;

/** Throws UsageError where the deployment record names no emissions. */
export const emissionsOf = ({ addresses }: Governance) => {
  if (addresses.emissions !== undefined) return { address: addresses.emissions, abi: emissionsAbi } as const;
  throw new UsageError("The deployment record names no emissions: use the record that the deployment wrote.");
};

const foreign = (what: string): UsageError =>
  new UsageError(`${what}. The deployment record is not of this instance: use the one that its deployment wrote.`);

/** Throws UsageError unless the governor's timelock holds the power over the instance, and the governor over the timelock. */
const checkPower = async (governance: Governance): Promise<void> => {
  const { publicClient } = governance.session.context;
  const { timelock, governor, authority } = governance.addresses;
  const proposes = [timelockRoles.PROPOSER, governor] as const;
  const [[isAdmin], decides] = await Promise.all([
    publicClient.readContract({ ...authorityOf(governance), functionName: "hasRole", args: [adminRole, timelock] }),
    publicClient.readContract({ ...timelockOf(governance), functionName: "hasRole", args: proposes }),
  ]);
  if (!isAdmin) throw foreign(`The timelock ${timelock} is no admin of the instance's authority ${authority}`);
  if (!decides) throw foreign(`The governor ${governor} cannot schedule in the timelock ${timelock}`);
};

const checkEmissions = async (session: Session, emissions: Address, authority: Address): Promise<void> => {
  const read = { address: emissions, abi: emissionsAbi, functionName: "authority" } as const;
  const found = await session.context.publicClient.readContract(read);
  if (!isAddressEqual(found, authority)) throw foreign(`The emissions ${emissions} obey another authority, ${found}`);
};

/** Finds what governs the session's instance. Throws UsageError where the record does not say, or the chain contradicts. */
export const openGovernance = async (session: Session): Promise<Governance> => {
  const { instance, context, tokens } = session;
  const { governor, emissions, authorityBlock, startBlock } = instance;
  if (governor === undefined)
    throw new UsageError(
      "The deployment record names no governor: give the record that the deployment wrote, with --deployment FILE or ATOMA_DEPLOYMENT.",
    );
  const read = { address: governor, abi: atomaGovernorAbi } as const;
  const { publicClient, deployment } = context;
  const [timelock, atoma, authority] = await Promise.all([
    publicClient.readContract({ ...read, functionName: "timelock" }),
    publicClient.readContract({ ...read, functionName: "token" }),
    publicClient.readContract({ address: instance.escrow, abi: requestEscrowAbi, functionName: "authority" }),
  ]).catch((cause: unknown) => {
    throw new UsageError(`The contract ${governor} does not answer as a governor: check the deployment record.`, {
      cause,
    });
  });
  const { escrow, nodeRegistry, taskRegistry, disputes, teeRegistry, treasury } = instance;
  const addresses: GovernedAddresses = {
    ...{ escrow, nodeRegistry, taskRegistry, disputes, teeRegistry, treasury },
    ...{ authority, governor, timelock: getAddress(timelock), atoma, token: deployment.token },
    ...(emissions === undefined ? {} : { emissions }),
  };
  const governance = { session, addresses, fromBlock: authorityBlock ?? startBlock, payment: tokens.payment };
  await checkPower(governance);
  if (emissions !== undefined) await checkEmissions(session, emissions, authority);
  return governance;
};
