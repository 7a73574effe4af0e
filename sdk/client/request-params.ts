import type { Address } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { microUnits } from "../money/reputation.ts";
import { erc20Abi } from "../abi/erc20.ts";
import type { ReadContext } from "./context.ts";

/** What is asked for. Amounts as in `RequestFields`; what is left out is chosen so that the request is admitted. */
export type RequestInput = {
  readonly taskId: bigint;
  /** Units of work that each member is paid for. */
  readonly units: bigint;
  /** Highest ask per unit, in multiples of 10^askExponent token units. */
  readonly maxAsk: bigint;
  /** Committee size, 1..21. */
  readonly k: bigint;
  /** Members that must agree; floor(2k/3) + 1 by default. */
  readonly quorum?: bigint;
  /** For whoever settles, token units; the tip floor by default. */
  readonly tip?: bigint;
  /** The first free one of 64 by default. */
  readonly slot?: bigint;
  /** No callback by default. */
  readonly callbackGas?: bigint;
  /** Seconds between settlement and payment; none by default. A committee of one needs some. */
  readonly challengeWindowS?: bigint;
  /** Go on where the pool is too small to draw a panel if a dispute arises. */
  readonly acceptNoPanel?: boolean;
};

/** Slots that requests of one account go round. */
const ring = 64;

/** The escrow's parameters of a request of `requester`. */
export async function requestParams(context: ReadContext, requester: Address, input: RequestInput) {
  const { slot, tip, quorum = 0n, callbackGas = 0n, challengeWindowS = 0n, acceptNoPanel = false } = input;
  return {
    taskId: Number(input.taskId),
    units: input.units,
    maxAsk: Number(input.maxAsk),
    tip: tip ?? (await tipFloor(context)),
    k: Number(input.k),
    quorum: Number(quorum),
    slot: slot === undefined ? await freeSlot(context, requester) : Number(slot),
    callbackGas: Number(callbackGas),
    challengeWindow: Number(challengeWindowS),
    acceptNoPanel,
  };
}

/** The least tip of a request now, in token units. */
export async function tipFloor({ publicClient, deployment: { escrow, token } }: ReadContext): Promise<bigint> {
  const [[, , { tipFloor: floor }], decimals] = await Promise.all([
    publicClient.readContract({ address: escrow, abi: requestEscrowAbi, functionName: "parameters" }),
    publicClient.readContract({ address: token, abi: erc20Abi, functionName: "decimals" }),
  ]);
  return BigInt(floor) * microUnits(BigInt(decimals));
}

function freeSlot({ publicClient, deployment }: ReadContext, requester: Address): Promise<number> {
  const args = [requester, ring] as const;
  return publicClient.readContract({
    address: deployment.escrow,
    abi: requestEscrowAbi,
    functionName: "freeSlot",
    args,
  });
}
