import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { toFunctionSelector } from "viem";

/** Who may do what besides the admin. Nobody holds a role until the admin grants it. */
const ROLES = [["guardian", 2n, "pauseRequests(uint256)"]] as const;

/**
 * One instance of the network: registries, beacon, disputes, TEE evidence, escrow with its extension, and the access manager
 * of its parameters.
 *
 * The payment token and ATOMA exist before. The deployer wires the contracts once, and stays the access manager's first
 * admin until it hands that role over.
 */
export const Atoma = buildModule("Atoma", (m) => {
  const paymentToken = m.getParameter<string>("paymentToken");
  const atoma = m.getParameter<string>("atoma");
  const treasury = m.getParameter<string>("treasury");

  const authority = m.contract("AccessManager", [m.getAccount(0)]);
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
  const config = {
    token: paymentToken,
    treasury,
    nodeRegistry,
    taskRegistry,
    beacon,
    disputes,
    teeRegistry,
    authority,
    parameters: m.getParameter("parameters"),
  };
  const extension = m.contract("EscrowExtension", [config]);
  const escrow = m.contract("RequestEscrow", [config, extension]);

  m.call(nodeRegistry, "connect", [escrow], { id: "connectNodeRegistry" });
  m.call(taskRegistry, "connect", [escrow], { id: "connectTaskRegistry" });
  m.call(beacon, "connect", [escrow], { id: "connectBeacon" });
  m.call(disputes, "connect", [escrow], { id: "connectDisputes" });

  for (const [name, role, signature] of ROLES) {
    const selector = toFunctionSelector(signature);
    m.call(authority, "setTargetFunctionRole", [escrow, [selector], role], { id: `role_${name}` });
  }
  return {
    ...{ authority, nodeRegistry, taskRegistry, beacon, disputes, extension, escrow },
    ...{ collateral, quoteVerifier, teeRegistry },
  };
});

export default Atoma;
