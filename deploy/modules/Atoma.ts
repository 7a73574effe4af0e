import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { addInstance, addRoles } from "./parts.ts";

/**
 * One instance of the network under an access manager of its own, whose first admin is the deployer: for local networks.
 *
 * The payment token, ATOMA and the treasury exist before.
 */
export const Atoma = buildModule("Atoma", (m) => {
  const authority = m.contract("AccessManager", [m.getAccount(0)]);
  const instance = addInstance(m, {
    authority,
    paymentToken: m.getParameter<string>("paymentToken"),
    atoma: m.getParameter<string>("atoma"),
    treasury: m.getParameter<string>("treasury"),
  });
  addRoles(m, authority, instance);
  return { authority, ...instance.contracts };
});

export default Atoma;
