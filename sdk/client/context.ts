import type { Account, Chain, PublicClient, Transport, WalletClient } from "viem";
import type { Deployment } from "./deployment.ts";

/** What every reading action needs: the contracts that follow from an escrow. */
export type ReadContext = {
  readonly publicClient: PublicClient<Transport, Chain>;
  readonly deployment: Pick<Deployment, "chainId" | "escrow" | "nodeRegistry" | "taskRegistry" | "beacon" | "token">;
};

/** What a transaction needs: a wallet whose account signs. */
export type SendContext = Pick<ReadContext, "publicClient"> & {
  readonly walletClient: WalletClient<Transport, Chain, Account>;
};

/** What every sending action needs. */
export type Context = ReadContext & SendContext & { readonly deployment: Deployment };
