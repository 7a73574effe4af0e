import { type Hex, hexToBytes } from "viem";
import { type EnclaveLevel, type QeIdentity, statuses, type TcbInfo } from "./model.ts";

/** What a quote and its PCK certificate say about an SGX platform. */
export type SgxPlatform = { readonly components: readonly number[]; readonly pceSvn: number };
/** The same for TDX. */
export type TdxPlatform = SgxPlatform & {
  readonly teeTcbSvn: readonly number[];
  readonly mrSignerSeam: Hex;
  readonly seamAttributes: Hex;
};
/** What the report of a quoting enclave says. */
export type QeReport = {
  readonly miscSelect: Hex;
  readonly attributes: Hex;
  readonly mrSigner: Hex;
  readonly isvProdId: number;
  readonly isvSvn: number;
};

const numberOf = (name: (typeof statuses)[number]) => statuses.indexOf(name);

/** Whether `value` under `mask` is `expected`, byte by byte. */
function isUnderMask(value: Hex, mask: Hex, expected: Hex) {
  const [v, m, e] = [hexToBytes(value), hexToBytes(mask), hexToBytes(expected)];
  return v.every((byte, i) => (byte & (m[i] ?? 0)) === e[i]);
}

const reaches = (svns: readonly number[], least: readonly number[], from = 0) =>
  least.every((svn, i) => i < from || (svns[i] ?? 0) >= svn);

const enclaveStatus = (levels: readonly EnclaveLevel[], svn: number) =>
  levels.find((level) => svn >= level.tcb.isvsvn)?.tcbStatus ?? 0;

/** Status of an SGX platform; 0 where no level is reached. */
export function sgxStatus(info: TcbInfo, platform: SgxPlatform): number {
  for (const { tcb, tcbStatus } of info.tcbLevels) {
    if (reaches(platform.components, tcb.sgxtcbcomponents) && platform.pceSvn >= tcb.pcesvn) return tcbStatus;
  }
  return 0;
}

function tdxPlatformStatus(info: TcbInfo, platform: TdxPlatform, from: number) {
  for (const { tcb, tcbStatus } of info.tcbLevels) {
    const sgx = reaches(platform.components, tcb.sgxtcbcomponents) && platform.pceSvn >= tcb.pcesvn;
    if (sgx && reaches(platform.teeTcbSvn, tcb.tdxtcbcomponents ?? [], from)) return tcbStatus;
  }
  return 0;
}

/** Status of a TDX platform and its module together; 0 where something does not match. */
export function tdxStatus(info: TcbInfo, platform: TdxPlatform): number {
  const [svn = 0, version = 0] = platform.teeTcbSvn;
  const identity = info.tdxModuleIdentities?.find(({ id }) => id === version);
  const module = version === 0 ? info.tdxModule : identity;
  if (module === undefined || module.mrsigner !== platform.mrSignerSeam) return 0;
  if (!isUnderMask(platform.seamAttributes, module.attributesMask, module.attributes)) return 0;
  const platformStatus = tdxPlatformStatus(info, platform, version === 0 ? 0 : 2);
  if (version === 0 || identity === undefined) return platformStatus;
  const moduleStatus = enclaveStatus(identity.tcbLevels, svn);
  const allowed = ["UpToDate", "OutOfDate", "Revoked"] as const;
  return allowed.some((name) => numberOf(name) === moduleStatus) ? merge(platformStatus, moduleStatus) : 0;
}

/** Status of a quoting enclave; 0 where something does not match. */
export function qeStatus(qe: QeIdentity, report: QeReport): number {
  const same =
    isUnderMask(report.miscSelect, qe.miscselectMask, qe.miscselect) &&
    isUnderMask(report.attributes, qe.attributesMask, qe.attributes) &&
    report.mrSigner === qe.mrsigner &&
    report.isvProdId === qe.isvprodid;
  return same ? enclaveStatus(qe.tcbLevels, report.isvSvn) : 0;
}

/** Status of a platform together with that of its module or quoting enclave: Intel's table, written out. */
export function merge(platform: number, component: number): number {
  if (platform === 0 || component === 0) return 0;
  switch (statuses[component]) {
    case "UpToDate":
      return platform;
    case "Revoked":
      return numberOf("Revoked");
    default:
      switch (statuses[platform]) {
        case "UpToDate":
        case "SWHardeningNeeded":
          return numberOf("OutOfDate");
        case "ConfigurationNeeded":
        case "ConfigurationAndSWHardeningNeeded":
          return numberOf("OutOfDateConfigurationNeeded");
        default:
          return platform;
      }
  }
}
