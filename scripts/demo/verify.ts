import { ContractFunctionRevertedError, BaseError, type Hex } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { ItemMessage } from "../../keepers/network/messages.ts";
import type { Ending, Story } from "./follow.ts";
import { outputOf } from "./follow.ts";
import type { Asked } from "./requests.ts";

/** What came out of checking one request's answer. */
export type Verification = {
  /** A sentence per output that is not what was asked for. */
  readonly wrong: readonly string[];
  /** Items whose place under the settled root the chain confirmed. */
  readonly itemsProven: number;
  /** Whether the contract that asked holds the answer; undefined where nobody is called back. */
  readonly hasArrived?: boolean;
};

export type VerifyDeps = {
  readonly world: World;
  /** Item of a bundle from any node that attested it. */
  readonly item: (requestId: Hex, index: number) => Promise<ItemMessage | undefined>;
};

const nothing: Verification = { wrong: [], itemsProven: 0 };

/** Checks the answer to a request without asking any node: the demo computes or recounts for itself what can be. */
export async function verifyAnswer(deps: VerifyDeps, asked: Asked, { endings }: Story): Promise<Verification> {
  const ending = endings.get(asked.requestId);
  if (ending?.kind !== "settled") return nothing;
  return asked.fields.items > 1n ? verifyBundle(deps, asked) : verifySingle(deps, asked, ending);
}

async function verifySingle({ world }: VerifyDeps, asked: Asked, ending: Ending): Promise<Verification> {
  const output = await outputOf(world, ending, asked.requestId);
  const status = ending.head?.status;
  const fault = status === 0n ? await asked.faultOf(output, 0) : `the execution ended with status ${status}`;
  const wrong = fault === undefined ? [] : [`${asked.name}: ${fault}`];
  if (asked.hasArrived === undefined) return { ...nothing, wrong };
  return { ...nothing, wrong, hasArrived: await asked.hasArrived(world, asked.requestId, output) };
}

async function verifyBundle(deps: VerifyDeps, asked: Asked): Promise<Verification> {
  const wrong: string[] = [];
  let itemsProven = 0;
  for (let index = 0; index < Number(asked.fields.items); index++) {
    const item = await deps.item(asked.requestId, index);
    const fault = item === undefined ? "no node shows it" : await faultOfItem(deps.world, asked, item, index);
    if (fault === undefined) itemsProven += 1;
    else wrong.push(`${asked.name}, item ${index}: ${fault}`);
  }
  return { wrong, itemsProven };
}

async function faultOfItem(world: World, asked: Asked, item: ItemMessage, index: number): Promise<string | undefined> {
  const { status, usage, output, proof } = item;
  const args = [asked.requestId, BigInt(index), Number(status), usage, output, [...proof]] as const;
  const call = { address: world.instance.escrow, abi: requestEscrowAbi, functionName: "proveItem", args } as const;
  try {
    await world.chain.readContract(call);
  } catch (error) {
    return `the chain refuses its proof: ${errorName(error)}`;
  }
  return status === 0n ? asked.faultOf(output, index) : `its execution ended with status ${status}`;
}

function errorName(error: unknown): string {
  const revert = error instanceof BaseError ? error.walk((one) => one instanceof ContractFunctionRevertedError) : null;
  return revert instanceof ContractFunctionRevertedError ? (revert.data?.errorName ?? revert.message) : String(error);
}
