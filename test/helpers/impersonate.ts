import type { Market } from "./market.ts";

/** A signer for any address, a contract's or a key's, with money for gas. */
export async function impersonate(
  { networkHelpers, ethers }: Pick<Market, "networkHelpers" | "ethers">,
  address: string,
) {
  await networkHelpers.impersonateAccount(address);
  await networkHelpers.setBalance(address, 10n ** 20n);
  return ethers.getSigner(address);
}
