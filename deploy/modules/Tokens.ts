import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** The two tokens of a network that has none: ATOMA, and a payment token with six decimals that anyone can mint. */
export const LocalTokens = buildModule("LocalTokens", (m) => {
  const holder = m.getAccount(0);
  const atoma = m.contract("AtomaToken", [holder, m.getParameter("supply", 1_000_000_000n * 10n ** 18n)]);
  const paymentToken = m.contract("LocalUsd");
  return { atoma, paymentToken };
});

export default LocalTokens;
