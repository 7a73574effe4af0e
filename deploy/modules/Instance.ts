import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { addEmissions, addInstance, inOrder } from "./parts.ts";

/**
 * Another instance beside those there are, under their governance: a new version. The deployer has no power over it at any
 * time but to wire it; the roles of its guarded functions come by proposal.
 */
export const Instance = buildModule("Instance", (builder) => {
  const m = inOrder(builder);
  const authority = m.contractAt("AccessManager", m.getParameter<string>("authority"));
  const ground = {
    authority,
    paymentToken: m.getParameter<string>("paymentToken"),
    atoma: m.getParameter<string>("atoma"),
    treasury: m.getParameter<string>("treasury"),
  };
  const instance = addInstance(m, ground);
  const emissions = addEmissions(m, ground, instance);
  return { authority, ...instance.contracts, emissions };
});

export default Instance;
