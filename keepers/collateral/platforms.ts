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
  /** Of machines whose keys are bound for nodes that serve a task by them: what strangers bind to workloads of their own costs nobody. */
  readonly served: readonly Platform[];
  /** One for each authority that has registered certificates. */
  readonly ofAuthorities: readonly Platform[];
};

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
    const found = new Map<Hex, Platform>();
    for (const pck of pcks) {
      const machine = found.has(pck.issuerId) ? undefined : await machineOf(pck);
      if (machine !== undefined) found.set(pck.issuerId, { tee: "SGX", ...machine });
    }
    return [...found.values()];
  };

  return async (bound) => {
    const pcks = await view.pcks();
    const byId = new Map(pcks.map((pck) => [pck.pckId, pck]));
    const isServed = await readServed(deps);
    const served: Platform[] = [];
    for (const { workloadId, nodeId, pckId } of bound) {
      const pck = isServed.has(keyOf(workloadId, nodeId)) ? byId.get(pckId) : undefined;
      const machine = pck === undefined ? undefined : await machineOf(pck);
      if (machine !== undefined) served.push({ tee: await teeOf(workloadId), ...machine });
    }
    return { served: distinct(served), ofAuthorities: await readOfAuthorities(pcks) };
  };
};
