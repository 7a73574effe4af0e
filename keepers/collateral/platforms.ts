/** Which kinds of machines the network relies on. */
import { type Hex, zeroHash } from "viem";
import type { TeeChain } from "../attestation/tee-chain.ts";
import type { ChainFollower } from "../chain/chain-view.ts";
import type { BoundKey, RegisteredPck } from "../chain/evidence.ts";
import { distinct, type Platform } from "./plan.ts";

export type PlatformsDeps = {
  readonly view: Pick<ChainFollower, "tasks" | "subscribers" | "pcks">;
  readonly chain: Pick<TeeChain, "workloadIdOf" | "workload" | "pck" | "caOf">;
};

export type Platforms = {
  /** Keys of nodes that serve a task by them: what strangers bind to workloads of their own costs nobody. */
  readonly keys: readonly BoundKey[];
  /** Of these keys' machines. */
  readonly served: readonly Platform[];
  /** A few for each authority that has registered certificates. */
  readonly ofAuthorities: readonly Platform[];
};

/** Platforms that are tried for an authority's revocation list. */
const mostPerAuthority = 3;

const keyOf = (workloadId: Hex, nodeId: bigint): string => `${workloadId} ${nodeId}`;

/** Nodes that subscribe to tasks that name workloads, as "workload node". */
const readServed = async ({ view, chain }: PlatformsDeps): Promise<ReadonlySet<string>> => {
  const served = new Set<string>();
  for (const { taskId, deprecated } of await view.tasks()) {
    const workloadId = deprecated ? zeroHash : await chain.workloadIdOf(taskId);
    if (workloadId === zeroHash) continue;
    for (const { nodeId } of await view.subscribers(taskId)) served.add(keyOf(workloadId, nodeId));
  }
  return served;
};

/** Makes the reader. What the chain never changes is asked once. */
export const makePlatforms = (deps: PlatformsDeps): ((bound: readonly BoundKey[]) => Promise<Platforms>) => {
  const { view, chain } = deps;
  const fmspcs = new Map<Hex, Hex>();
  const tees = new Map<Hex, Platform["tee"]>();

  const machineOf = async ({ pckId, issuerId }: RegisteredPck): Promise<Omit<Platform, "tee"> | undefined> => {
    const ca = await chain.caOf(issuerId);
    const fmspc = fmspcs.get(pckId) ?? (await chain.pck(pckId))?.fmspc;
    if (ca === undefined || fmspc === undefined) return undefined;
    fmspcs.set(pckId, fmspc);
    return { fmspc, ca };
  };
  const teeOf = async (workloadId: Hex): Promise<Platform["tee"]> => {
    const tee = tees.get(workloadId) ?? ((await chain.workload(workloadId))?.tee === 0 ? "SGX" : "TDX");
    tees.set(workloadId, tee);
    return tee;
  };
  const readOfAuthorities = async (pcks: readonly RegisteredPck[]): Promise<readonly Platform[]> => {
    const found: Platform[] = [];
    for (const [, all] of Map.groupBy(pcks, ({ issuerId }) => issuerId))
      for (const pck of all.slice(-mostPerAuthority)) {
        const machine = await machineOf(pck);
        if (machine !== undefined) found.push({ tee: "SGX", ...machine });
      }
    return distinct(found);
  };

  return async (bound) => {
    const pcks = await view.pcks();
    const byId = new Map(pcks.map((pck) => [pck.pckId, pck]));
    const isServed = await readServed(deps);
    const keys = bound.filter(({ workloadId, nodeId }) => isServed.has(keyOf(workloadId, nodeId)));
    const served: Platform[] = [];
    for (const { workloadId, pckId } of new Map(keys.map((key) => [`${key.workloadId} ${key.pckId}`, key])).values()) {
      const pck = byId.get(pckId);
      const machine = pck === undefined ? undefined : await machineOf(pck);
      if (machine !== undefined) served.push({ tee: await teeOf(workloadId), ...machine });
    }
    return { keys, served: distinct(served), ofAuthorities: await readOfAuthorities(pcks) };
  };
};
