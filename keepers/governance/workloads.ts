/** Workloads of the instance: what events name, as the chain has it now. */
import type { Address, Hex } from "viem";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import type { Io } from "../cli/io.ts";
import type { Session } from "../cli/session.ts";
import { readEvents } from "./events.ts";

/** `activeAtS` is when quotes with the measurement are taken from, Unix seconds. */
export type Measurement = { readonly measurement: Hex; readonly activeAtS: bigint };

/** `statuses` has bit n for TCB status n; 0 is revoked. `taskIds` are the tasks that name it. */
export type WorkloadFacts = {
  readonly workloadId: Hex;
  readonly owner: Address;
  readonly tee: number;
  readonly parts: number;
  readonly statuses: number;
  readonly minEvaluation: number;
  readonly maxAgeS: number;
  readonly minIsvSvn: number;
  readonly isRevoked: boolean;
  readonly measurements: readonly Measurement[];
  readonly taskIds: readonly bigint[];
};

const tasksByWorkload = async (io: Io, session: Session): Promise<ReadonlyMap<Hex, readonly bigint[]>> => {
  const { taskRegistry: address, startBlock: from } = session.instance;
  const query = {
    address,
    abi: taskRegistryAbi,
    eventName: "TaskRegistered",
    from,
    what: "Tasks are looked up",
  } as const;
  const found = new Map<Hex, bigint[]>();
  for (const { args } of await readEvents(io, session, query))
    found.set(args.task.workloadId, [...(found.get(args.task.workloadId) ?? []), BigInt(args.taskId)]);
  return found;
};

/** The measurements that were ever added and are allowed now. */
const readMeasurements = async (io: Io, session: Session): Promise<ReadonlyMap<Hex, readonly Measurement[]>> => {
  const { teeRegistry: address, startBlock: from } = session.instance;
  const query = {
    address,
    abi: teeRegistryAbi,
    eventName: "MeasurementAdded",
    from,
    what: "Measurements are looked up",
  } as const;
  const added = await readEvents(io, session, query);
  const unique = new Map(added.map(({ args }) => [`${args.workloadId}${args.measurement}`, args]));
  const found = new Map<Hex, Measurement[]>();
  for (const { workloadId, measurement } of unique.values()) {
    const args = [workloadId, measurement] as const;
    const read = { address, abi: teeRegistryAbi, functionName: "measurementActiveAt", args } as const;
    const activeAtS = await session.context.publicClient.readContract(read);
    if (activeAtS > 0n) found.set(workloadId, [...(found.get(workloadId) ?? []), { measurement, activeAtS }]);
  }
  return found;
};

/** All workloads that were registered, the oldest first. */
export const readWorkloads = async (io: Io, session: Session): Promise<readonly WorkloadFacts[]> => {
  const { teeRegistry: address, startBlock: from } = session.instance;
  const query = {
    address,
    abi: teeRegistryAbi,
    eventName: "WorkloadRegistered",
    from,
    what: "Workloads are looked up",
  } as const;
  const registered = await readEvents(io, session, query);
  const [measurements, tasks] = await Promise.all([readMeasurements(io, session), tasksByWorkload(io, session)]);
  return Promise.all(
    registered.map(async ({ args: { workloadId } }) => {
      const read = { address, abi: teeRegistryAbi, functionName: "workloadOf", args: [workloadId] } as const;
      const { maxAge, ...workload } = await session.context.publicClient.readContract(read);
      return {
        ...{ workloadId, ...workload, maxAgeS: maxAge, isRevoked: workload.statuses === 0 },
        measurements: measurements.get(workloadId) ?? [],
        taskIds: tasks.get(workloadId) ?? [],
      };
    }),
  );
};
