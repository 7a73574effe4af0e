import type { Address } from "viem";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";
import type { ReadContext } from "./context.ts";

/** Nonces of one purse. */
const perPurse = 128n;

/**
 * A nonce of the purse that nothing was paid for with, any of them. It may be in use all the same, by a request that was
 * signed and has not settled: who runs several at once counts by itself, as two requests under one nonce bar their signer.
 * Throws InvalidValueError where all 128 are used.
 */
export async function freeNonce(
  { publicClient, deployment }: ReadContext,
  account: Address,
  purse = 0n,
): Promise<bigint> {
  const [, , used] = await publicClient.readContract({
    address: deployment.escrow,
    abi: requestEscrowAbi,
    functionName: "timeLockOf",
    args: [account, purse],
  });
  const free = Array.from({ length: Number(perPurse) }, (_, bit) => BigInt(bit)).filter(
    (bit) => (used >> bit) % 2n === 0n,
  );
  const chosen = free[Math.floor(Math.random() * free.length)];
  if (chosen === undefined)
    throw new InvalidValueError("purse", `all nonces of purse ${purse} are used; take another.`);
  return purse * perPurse + chosen;
}
