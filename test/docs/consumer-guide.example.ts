import { createPublicClient, createWalletClient, type Hex, http, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains"; // or your chain
import { createAtomaClient } from "../../sdk/client/create-client.ts";
import { parseDeployment } from "../../sdk/client/deployment.ts";
import { CallError } from "../../sdk/errors/call-error.ts";

/** A client for an account; `record` is the instance's deployment record, as JSON holds it. */
export function connect(rpcUrl: string, key: Hex, record: unknown) {
  const [chain, transport] = [hardhat, http(rpcUrl)];
  return createAtomaClient({
    publicClient: createPublicClient({ chain, transport }),
    walletClient: createWalletClient({ chain, transport, account: privateKeyToAccount(key) }),
    deployment: parseDeployment(record),
  });
}

/** Asks five nodes for the best fold of a chain of residues. Returns the output, or undefined if there is none. */
export async function fold(client: ReturnType<typeof connect>, taskId: bigint): Promise<Hex | undefined> {
  await client.checkChain();
  try {
    await client.deposit({ amount: 1_000_000n }); // approves the token first
    const input = stringToHex("HPHPPHHPHPPHPHHPPHPH");
    const made = await client.request({ taskId, units: 100n, maxAsk: 10n, k: 5n, input });
    for await (const event of client.wait(made, { timeoutMs: 600_000 })) {
      if (event.type === "refunded") console.error(event.sentence); // says why, and what to do
    }
    const result = await client.result(made);
    return result?.status === 0n ? result.output : undefined;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    console.error(error.message); // for example: "Cannot request: The tip of 1 is below the floor of 1000 ..."
    return undefined;
  }
}
