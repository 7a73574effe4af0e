/** A view of the chain that reads its store once between two syncs, when nothing in it can change. */
import type { ChainFollower } from "../../keepers/chain/chain-view.ts";

type Reader<A extends readonly (bigint | string)[], T> = (...args: A) => Promise<T>;

/** The same view. */
export const steady = (view: ChainFollower): ChainFollower => {
  const kept = new Map<string, Promise<unknown>>();
  const remember =
    <A extends readonly (bigint | string)[], T>(name: string, read: Reader<A, T>): Reader<A, T> =>
    (...args) => {
      const key = `${name} ${args.join(" ")}`;
      const known = kept.get(key) ?? read(...args);
      kept.set(key, known);
      return known as Promise<T>;
    };
  return {
    ...view,
    sync: async (signal) => {
      const report = await view.sync(signal);
      kept.clear();
      return report;
    },
    head: remember("head", view.head),
    request: remember("request", view.request),
    round: remember("round", view.round),
    snapshot: remember("snapshot", view.snapshot),
    node: remember("node", view.node),
    nodeOfSigner: remember("nodeOfSigner", view.nodeOfSigner),
    signersAt: remember("signersAt", view.signersAt),
    activeSummaries: remember("activeSummaries", view.activeSummaries),
    openDisputes: remember("openDisputes", view.openDisputes),
    fallback: remember("fallback", view.fallback),
  };
};
