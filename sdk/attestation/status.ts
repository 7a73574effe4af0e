/** What Intel says about a platform's TCB, in the order of their numbers on chain, which start at 1. */
export const statuses = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

/** A TCB status, as Intel spells it. */
export type Status = (typeof statuses)[number];

/** Whether a text is one of the statuses. */
export function isStatus(text: string): text is Status {
  return statuses.some((status) => status === text);
}

/** The number of a status on chain, where 0 is none. */
export function statusNumber(status: Status): number {
  return statuses.indexOf(status) + 1;
}

/** An allow-list as a bitmap: bit n is the status with number n. */
export function statusBitmap(allowed: readonly Status[]): number {
  return allowed.reduce((bitmap, status) => bitmap | (1 << statusNumber(status)), 0);
}

/**
 * The status of a platform together with that of its quoting enclave or TDX module, by the rule of Intel's quote
 * verification library (`convergeTcbStatusWithQeTcbStatus`, `convergeTcbStatusWithTdxModuleStatus`): a revoked part
 * revokes; a part that is out of date makes the platform out of date and keeps what is said of its configuration. Any
 * other status than UpToDate and Revoked counts as out of date, as that library does for the quoting enclave.
 */
export function mergeStatus(platform: Status, part: Status): Status {
  if (part === "Revoked") return "Revoked";
  return part === "UpToDate" ? platform : outOfDate[platform];
}

const outOfDate: Readonly<Record<Status, Status>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  Revoked: "Revoked",
};
