import { existsSync } from "node:fs";
import { DeploymentError } from "../parameters/network-file.ts";
import { openOutbox } from "./outbox.ts";
import type { Provider } from "./rpc.ts";

/**
 * Throws DeploymentError where an earlier run sent transactions and this chain has none of them: it is another chain, or was started
 * anew, and the journal would go on with contracts that are not there.
 */
export async function checkBegun(provider: Provider, folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const signed = openOutbox(folder).all();
  if (new Set(signed.map(({ nonce }) => nonce)).size < 2) return; // the first one may not have been sent
  for (const { hash } of signed) {
    const receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt !== null && receipt !== undefined) return;
  }
  throw new DeploymentError(`The deployment that was begun in ${folder} is not on this chain:`, [
    "use a node of the chain where it was begun. If that chain is gone, as a local one that was stopped, delete the folder and deploy anew.",
  ]);
}
