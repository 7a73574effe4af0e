import { type Address, getContractAddress } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";

/** Where the task registry put snapshot `snapshotId`, 1..2^32 - 1: its creation nonce. Equals `SnapshotCode.addressOf`. */
export function snapshotAddress(taskRegistry: Address, snapshotId: bigint): Address {
  if (snapshotId < 1n || snapshotId >> 32n !== 0n)
    throw new InvalidValueError("snapshotId", `${snapshotId} is not within 1..2^32 - 1.`);
  return getContractAddress({ from: taskRegistry, nonce: snapshotId });
}
