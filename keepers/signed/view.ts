/**
 * The chain view with signed requests in it, as if the chain had announced them. For the jobs that answer, settle and post
 * rounds, and for the watchtower, which reports nodes that contradict themselves. Not for the janitor, the fallback and
 * panels: a signed request has no slot on chain, so there is nothing to expire, commit or dispute there.
 */
import type { ChainFollower } from "../chain/chain-view.ts";
import { nowSeconds } from "../job.ts";
import type { Clock } from "../runtime/clock.ts";
import { type KnownSignedRequest, signedCore, type SignedStore } from "./store.ts";

export type SignedViewDeps = {
  readonly chain: ChainFollower;
  readonly signed: Pick<SignedStore, "load" | "open">;
  readonly clock: Clock;
  /** Which of the open ones are listed; all where absent. */
  readonly isListed?: (known: KnownSignedRequest) => boolean;
};

/** The view. A request that both know is the chain's. */
export const makeSignedView = ({ chain, signed, clock, isListed = () => true }: SignedViewDeps): ChainFollower => {
  const nowS = (): Promise<bigint> => nowSeconds({ chain, clock });
  return {
    ...chain,
    request: async (requestId) => {
      const announced = await chain.request(requestId);
      if (announced !== undefined) return announced;
      const known = await signed.load(requestId);
      return known === undefined ? undefined : { ...signedCore(known, await nowS()), data: "0x" };
    },
    activeSummaries: async () => {
      const now = await nowS();
      const open = (await signed.open(now)).filter(isListed).map((known) => ({
        ...signedCore(known, now),
        callbackFailedMs: undefined,
        isDisputed: false,
      }));
      return [...(await chain.activeSummaries()), ...open];
    },
  };
};
