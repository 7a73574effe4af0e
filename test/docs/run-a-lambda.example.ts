import type { Hex } from "viem";
import { receiptToJson } from "../../sdk/agreement/receipt-json.ts";
import { LambdaError } from "../../sdk/errors/lambda-error.ts";
import type { connect } from "./consumer-guide.example.ts"; // as in the consumer guide

type Client = ReturnType<typeof connect>;

/** Moves money from the account into purse 0 until `unlockAtS`, Unix seconds. It is given back after that, less what was spent. */
export async function fillPurse(client: Client, amount: bigint, unlockAtS: bigint): Promise<void> {
  await client.deposit({ amount }); // approves the token first
  await client.timeLock({ amount, unlockAtS });
}

/** Runs a task on three nodes that all have to agree. Returns the output, and the receipt as JSON. */
export async function run(client: Client, url: string, taskId: bigint, input: Hex) {
  try {
    const asked = { taskId, units: 100n, maxAsk: 10n, k: 3n, acceptNoPanel: true }; // nobody can dispute a signed request
    const { status, output, receipt } = await client.lambda({ ...asked, url, input, timeoutMs: 60_000 });
    return { isSuccess: status <= 1n, output, receipt: JSON.stringify(receiptToJson(receipt)) };
  } catch (error) {
    if (!(error instanceof LambdaError)) throw error;
    console.error(error.message); // for example: "PurseTooSmall: The purse does not pay for this besides what else is open ..."
    return undefined;
  }
}
