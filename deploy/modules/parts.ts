import type {
  CallOptions,
  CallableContractFuture,
  ContractFuture,
  Future,
  IgnitionModuleBuilder,
  ModuleParameterRuntimeValue,
} from "@nomicfoundation/ignition-core";
import { adminRole, guardedFunctions, guardianRole } from "../../sdk/governance/guarded.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";

/** A contract of the module, or the address of one that exists. */
type AddressOf = ContractFuture<string> | ModuleParameterRuntimeValue<string>;

/** What an instance stands on. */
export type Ground = {
  readonly authority: CallableContractFuture<string>;
  readonly paymentToken: AddressOf;
  readonly atoma: AddressOf;
  readonly treasury: AddressOf;
};

/** Contracts of an instance. */
export type InstanceParts = ReturnType<typeof addInstance>;

/**
 * A builder whose transactions follow one another as they stand in the module. Ignition sends independent ones side by side, and
 * after an interruption in another order, which would change addresses.
 */
export function inOrder(m: IgnitionModuleBuilder): IgnitionModuleBuilder {
  let last: readonly Future[] = [];
  const following = <T extends Pick<CallOptions, "after">>(options: T): T => ({
    ...options,
    after: [...(options.after ?? []), ...last],
  });
  const ordered = Object.create(m) as IgnitionModuleBuilder;
  ordered.contract = ((name: string, args: [] = [], options: object = {}) => {
    const future = m.contract(name, args, following(options));
    last = [future];
    return future;
  }) as IgnitionModuleBuilder["contract"];
  ordered.call = (contract, name, args = [], options = {}) => {
    const future = m.call(contract, name, args, following(options));
    last = [future];
    return future;
  };
  return ordered;
}

/** Adds an instance: registries, beacon, disputes, TEE evidence, escrow with its extension. The deployer wires them once. */
export function addInstance(m: IgnitionModuleBuilder, ground: Ground) {
  const { authority, paymentToken, atoma, treasury } = ground;
  const nodeRegistry = m.contract("NodeRegistry", [atoma, authority, m.getParameter("unbonding")]);
  const taskRegistry = m.contract("TaskRegistry", [
    nodeRegistry,
    authority,
    m.getParameter("taskSettings"),
    m.getParameter("stakePrice"),
  ]);
  const beacon = m.contract("DrandBeacon", [
    m.getParameter("beaconGenesis"),
    m.getParameter("beaconPeriod"),
    m.getParameter("beaconPublicKey"),
  ]);
  const disputes = m.contract("Disputes", [
    nodeRegistry,
    taskRegistry,
    beacon,
    authority,
    m.getParameter("disputeParameters"),
  ]);
  const collateral = m.contract("DcapCollateral", [m.getParameter("attestationRoot")]);
  const quoteVerifier = m.contract("DcapVerifier", [collateral]);
  const teeRegistry = m.contract("TeeRegistry", [nodeRegistry, taskRegistry, quoteVerifier, authority]);
  const registries = { nodeRegistry, taskRegistry, beacon, disputes, teeRegistry };
  const config = { token: paymentToken, treasury, ...registries, authority, parameters: m.getParameter("parameters") };
  const extension = m.contract("EscrowExtension", [config]);
  const escrow = m.contract("RequestEscrow", [config, extension]);
  const wiring = [
    m.call(nodeRegistry, "connect", [escrow], { id: "connectNodeRegistry" }),
    m.call(taskRegistry, "connect", [escrow], { id: "connectTaskRegistry" }),
    m.call(beacon, "connect", [escrow], { id: "connectBeacon" }),
    m.call(disputes, "connect", [escrow], { id: "connectDisputes" }),
  ];
  return {
    contracts: { ...registries, extension, escrow, collateral, quoteVerifier },
    wiring: wiring as readonly Future[],
  };
}

/** Gives the guarded functions of an instance their roles. By an admin of the access manager. */
export function addRoles(
  m: IgnitionModuleBuilder,
  authority: CallableContractFuture<string>,
  { contracts }: InstanceParts,
): readonly Future[] {
  return guardedFunctions.map(({ contract, signature, selector, role }) => {
    const id = `role_${signature.split("(")[0] ?? signature}`;
    return m.call(authority, "setTargetFunctionRole", [contracts[contract], [selector], role], { id });
  });
}

/** Adds what decides: timelock and governor, who is given its roles, and the treasury. */
export function addGovernance(m: IgnitionModuleBuilder, authority: CallableContractFuture<string>, atoma: AddressOf) {
  const timelock = m.contract("AtomaTimelock", [m.getParameter("timelockDelay"), m.getAccount(0)]);
  const governor = m.contract("AtomaGovernor", [
    atoma,
    timelock,
    m.getParameter("guardian"),
    m.getParameter("governorSettings"),
  ]);
  const treasury = m.contract("Treasury", [authority]);
  const grants = (["PROPOSER", "CANCELLER"] as const).map((name) =>
    m.call(timelock, "grantRole", [timelockRoles[name], governor], { id: `grant_${name}_ROLE` }),
  );
  return { contracts: { timelock, governor, treasury }, grants: grants as readonly Future[] };
}

/** Adds the emissions of an instance. */
export function addEmissions(m: IgnitionModuleBuilder, ground: Ground, { contracts, wiring }: InstanceParts) {
  return m.contract(
    "Emissions",
    [
      ground.atoma,
      contracts.escrow,
      ground.authority,
      m.getParameter("epochLength"),
      m.getParameter("mostBudget"),
      m.getParameter("emissionPrice"),
    ],
    { after: [...wiring] },
  );
}

/** The deployer gives up all that it holds, after everything else: nothing is left but what governance decides. */
export function addHandOver(
  m: IgnitionModuleBuilder,
  authority: CallableContractFuture<string>,
  timelock: CallableContractFuture<string>,
  before: readonly Future[],
): readonly Future[] {
  const deployer = m.getAccount(0);
  const guardian = m.call(authority, "grantRole", [guardianRole, m.getParameter("guardian"), 0], {
    id: "grantGuardian",
    after: [...before],
  });
  const admin = m.call(authority, "grantRole", [adminRole, timelock, 0], { id: "grantAdmin", after: [guardian] });
  const resigned = m.call(authority, "renounceRole", [adminRole, deployer], { id: "renounceAdmin", after: [admin] });
  const done = m.call(timelock, "renounceRole", [timelockRoles.DEFAULT_ADMIN, deployer], {
    id: "renounceTimelock",
    after: [resigned],
  });
  return [guardian, admin, resigned, done];
}
