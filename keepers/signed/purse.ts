/** What the chain says of a signed request before anything is stored of it: its purse, and whether it would settle. */
import { type Address, type Hex, toFunctionSelector } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { purseOf } from "../../sdk/client/time-lock.ts";
import { microUnits } from "../../sdk/money/reputation.ts";
import type { RequestFields, RequestWords } from "../../sdk/words/request.ts";
import { escrowCall } from "../job.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import type { TxChain } from "../runtime/tx-chain.ts";
import { makePublicClient } from "../runtime/viem-client.ts";

export type PurseState = { readonly amount: bigint; readonly unlockAtS: bigint; readonly isNonceUsed: boolean };

export type Purses = {
  /** The purse that pays for a nonce. Rejects where the RPC fails. */
  of(fields: Pick<RequestFields, "requester" | "sequence">): Promise<PurseState>;
  /**
   * Why the escrow would never settle these words under this signature, or undefined: all that it checks before the round.
   * Rejects where the RPC fails.
   */
  refusal(words: RequestWords, signature: Hex): Promise<string | undefined>;
  /** The least tip of requests on chain, token units: nobody owes a settlement for less. Rejects where the RPC fails. */
  tipFloor(): Promise<bigint>;
};

export type PursesDeps = {
  readonly rpc: Rpc;
  readonly txChain: Pick<TxChain, "simulate">;
  readonly instance: { readonly chainId: number; readonly escrow: Address };
  /** Who would settle. */
  readonly address: Address;
};

/** Far more than the checks of a request need. */
const gas = 3_000_000n;
const roundUnknown = toFunctionSelector("RoundUnknown()");

/** Makes the reader. An empty settlement gets as far as the missing round exactly if the request itself is right. */
export const makePurses = ({ rpc, txChain, instance, address }: PursesDeps): Purses => {
  const { chainId, escrow } = instance;
  const client = makePublicClient(rpc, chainId);
  const read = { address: escrow, abi: requestEscrowAbi } as const;
  const readUnit = async (): Promise<bigint> => {
    const token = await client.readContract({ ...read, functionName: "token" });
    return microUnits(BigInt(await client.readContract({ address: token, abi: erc20Abi, functionName: "decimals" })));
  };
  let unit: bigint | undefined; // of the token, which is fixed
  return {
    tipFloor: async () => {
      const [, , { tipFloor }] = await client.readContract({ ...read, functionName: "parameters" });
      unit ??= await readUnit();
      return BigInt(tipFloor) * unit;
    },
    of: async ({ requester, sequence }) => {
      const [amount, unlockAtS, used] = await client.readContract({
        ...read,
        functionName: "timeLockOf",
        args: [requester, purseOf(sequence)],
      });
      return { amount, unlockAtS, isNonceUsed: (used >> (sequence & 127n)) % 2n === 1n };
    },
    refusal: async (request, signature) => {
      const empty = { request, head: 0n, proof: "0x", output: "0x" } as const;
      const data = escrowCall({ functionName: "settleSigned", args: [empty, signature, []] });
      const tried = await txChain.simulate({ from: address, to: escrow, data, value: 0n, gas });
      if (tried.ok) return "an empty settlement would pay for it"; // never, as a quorum is at least one
      const isRight = tried.reason.startsWith("SettlementRefused") && tried.reason.includes(roundUnknown);
      return isRight ? undefined : tried.reason;
    },
  };
};
