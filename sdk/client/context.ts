import type { Account, Chain, PublicClient, Transport, WalletClient } from "viem";
import type { Deployment } from "./deployment.ts";

/** What every reading action needs. */
export type ReadContext = {
  readonly publicClient: PublicClient<Transport, Chain>;
  readonly deployment: Deployment;
};

/** What every sending action needs: a wallet whose account signs. */
export type Context = ReadContext & { readonly walletClient: WalletClient<Transport, Chain, Account> };
