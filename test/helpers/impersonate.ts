import type { Market } from "./market.ts";

/** A signer for a contract's address, which pays its own gas. */
export async function impersonate(
  { networkHelpers, ethers }: Pick<Market, "networkHelpers" | "ethers">,
  address: string,
) {
  await networkHelpers.impersonateAccount(address);
  await networkHelpers.setBalance(address, 10n ** 20n);
  return ethers.getSigner(address);
}
