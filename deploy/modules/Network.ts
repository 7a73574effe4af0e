import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { addEmissions, addGovernance, addHandOver, addInstance, addRoles, inOrder } from "./parts.ts";

/**
 * A whole network: access manager, timelock, governor and treasury, the first instance and its emissions, and then the
 * hand-over, after which the deployer holds nothing. ATOMA and the payment token exist before.
 */
export const Network = buildModule("Network", (builder) => {
  const m = inOrder(builder);
  const authority = m.contract("AccessManager", [m.getAccount(0)]);
  const atoma = m.getParameter<string>("atoma");
  const governance = addGovernance(m, authority, atoma);
  const { treasury } = governance.contracts;
  const ground = { authority, paymentToken: m.getParameter<string>("paymentToken"), atoma, treasury };
  const instance = addInstance(m, ground);
  const emissions = addEmissions(m, ground, instance);
  const roles = addRoles(m, authority, instance);
  const { timelock } = governance.contracts;
  addHandOver(m, authority, timelock, [...governance.grants, ...instance.wiring, ...roles, emissions]);
  return { authority, ...governance.contracts, ...instance.contracts, emissions };
});

export default Network;
