import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** ATOMA, whose whole supply goes to one holder. */
export const Token = buildModule("Token", (m) => {
  const atoma = m.contract("AtomaToken", [m.getParameter<string>("holder"), m.getParameter<bigint>("supply")]);
  return { atoma };
});

export default Token;
