/** Which token is staked: the registry keeps that to itself, so it is read from the first deposit of stake. */
import { type Address, encodeEventTopics, getAddress, type Hex, isAddressEqual, pad, toEventSelector } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { Io } from "./io.ts";
import { scanLogs } from "./logs.ts";
import type { Session } from "./session.ts";

const [deposited] = encodeEventTopics({ abi: nodeRegistryAbi, eventName: "StakeDeposited" });
const transferred = toEventSelector("Transfer(address,address,uint256)");

/**
 * The address of ATOMA. The registry announces a deposit and then pulls the tokens, with nobody's code in between: the
 * transaction's next log is the token's own. Throws UsageError where nobody has staked yet.
 */
export const stakeTokenOf = async (io: Io, session: Session): Promise<Address> => {
  const { nodeRegistry, startBlock } = session.instance;
  const filter = { address: nodeRegistry, topics: [deposited as Hex] };
  const range = { from: startBlock, what: "The stake token is looked up" };
  for await (const [first] of scanLogs(io, session, filter, range)) {
    if (first === undefined) continue;
    const token = await nextLogOf(session, first.transactionHash, first.logIndex);
    if (token !== undefined) return token;
  }
  throw new UsageError(
    "Nobody has staked in this instance yet, so its stake token cannot be found: name it with --stake-token ADDRESS.",
  );
};

const nextLogOf = async ({ context, instance }: Session, hash: Hex, logIndex: number): Promise<Address | undefined> => {
  const { logs } = await context.publicClient.getTransactionReceipt({ hash });
  const next = logs.find((log) => log.logIndex === logIndex + 1);
  const [selector, , to] = next?.topics ?? [];
  if (next === undefined || selector !== transferred || to !== pad(instance.nodeRegistry).toLowerCase())
    return undefined;
  return isAddressEqual(next.address, instance.nodeRegistry) ? undefined : getAddress(next.address);
};
