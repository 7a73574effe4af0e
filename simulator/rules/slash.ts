import { shareDown } from "../../sdk/money/lock.ts";

/** A silent juror loses this part of the stake per node. */
export const jurorSlashBps = 1_000n;
/** A proven no-show loses this part of the stake per node. */
export const timeoutSlashBps = 100n;
/** The stake behind a request is at least so many pays, at the conservative price of stake. */
export const leastStakePays = 100n;

/** What a juror loses who attested nothing. */
export function jurorSlash(stakePerNode: bigint): bigint {
  return shareDown(stakePerNode, jurorSlashBps);
}

/** What a member loses that did nothing although a quorum revealed one digest on chain. */
export function timeoutSlash(stakePerNode: bigint): bigint {
  return shareDown(stakePerNode, timeoutSlashBps);
}

/** What losing a dispute takes: all that is allocated to the task. */
export function fraudSlash(allocation: bigint): bigint {
  return allocation;
}
