import { masked, sameBytes, toHex } from "./bytes.ts";
import { demand, EvidenceError } from "./evidence-error.ts";
import type { QeIdentity } from "./qe-identity.ts";
import type { SgxReport } from "./report-sgx.ts";
import type { TdReport } from "./report-td.ts";
import type { SgxExtension } from "./sgx-extension.ts";
import { mergeStatus, type Status } from "./status.ts";
import type { PartLevel, TcbInfo, TcbLevel, TdxModule, TdxModuleIdentity } from "./tcb-info.ts";

/** A status, and the advisories that explain it. */
export type Rating = { readonly status: Status; readonly advisories: readonly string[] };

/** What a TDX module's level may say. Intel's library refuses other statuses there too. */
const moduleStatuses: readonly Status[] = ["UpToDate", "OutOfDate", "Revoked"];

/** Throws an EvidenceError unless the quoting enclave is Intel's; its version's rating otherwise. */
export function rateQe(identity: QeIdentity, report: SgxReport): Rating {
  const pairs: [field: string, isEqual: boolean][] = [
    ["MISCSELECT", sameBytes(masked(report.miscSelect, identity.miscSelectMask), identity.miscSelect)],
    ["attributes", sameBytes(masked(report.attributes, identity.attributesMask), identity.attributes)],
    ["MRSIGNER", sameBytes(report.mrSigner, identity.mrSigner)],
    ["ISVPRODID", report.isvProdId === identity.isvProdId],
  ];
  for (const [field, isEqual] of pairs)
    demand(isEqual, "qe-identity-mismatch", `The quoting enclave's ${field} is not that of Intel's.`);
  const level = levelOf(identity.levels, report.isvSvn);
  if (level !== undefined) return level;
  throw new EvidenceError("qe-level-missing", `The quoting enclave's version ${report.isvSvn} is in no TCB level.`);
}

/** Throws an EvidenceError unless Intel lists the TDX module; its rating, or nothing for a module without versions. */
export function rateTdxModule(info: TcbInfo, report: TdReport): Rating | undefined {
  const [isvSvn = 0, version = 0] = report.teeTcbSvn;
  if (version === 0) {
    checkModule(info.tdxModule, report);
    return undefined;
  }
  const identity = moduleIdentityOf(info, version);
  checkModule(identity, report);
  const level = levelOf(identity.levels, isvSvn);
  const isRated = level !== undefined && moduleStatuses.includes(level.status);
  demand(isRated, "tdx-module-level-missing", `Version ${isvSvn} of ${identity.id} is in no TCB level of a module.`);
  return level;
}

/** The first level that the platform reaches. Throws an EvidenceError if it reaches none. */
export function ratePlatform(info: TcbInfo, platform: SgxExtension, report: TdReport | undefined): Rating {
  const level = info.levels.find(
    (one) => isSgxReached(one, platform) && (report === undefined || isTdxReached(one, report)),
  );
  if (level !== undefined) return level;
  const components = `SGX ${platform.components.join(" ")}, PCE ${platform.pceSvn}`;
  const tdx = report === undefined ? "" : `, TDX ${report.teeTcbSvn.join(" ")}`;
  throw new EvidenceError("tcb-level-missing", `The platform (${components}${tdx}) is below every TCB level.`);
}

/** The rating of a platform together with those of its parts. */
export function mergeRatings(platform: Rating, parts: readonly Rating[]): Rating {
  return {
    status: parts.reduce((status, part) => mergeStatus(status, part.status), platform.status),
    advisories: [...new Set([platform, ...parts].flatMap(({ advisories }) => advisories))],
  };
}

function levelOf(levels: readonly PartLevel[], isvSvn: number): PartLevel | undefined {
  return levels.find((level) => level.isvSvn <= isvSvn);
}

function moduleIdentityOf({ tdxModuleIdentities }: TcbInfo, version: number): TdxModuleIdentity {
  const id = `TDX_${version.toString(16).padStart(2, "0").toUpperCase()}`;
  const identity = tdxModuleIdentities.find((one) => one.id === id);
  if (identity !== undefined) return identity;
  throw new EvidenceError("tdx-module-mismatch", `The TCB info does not know the TDX module ${id}.`);
}

function checkModule(module: TdxModule | undefined, { mrSignerSeam, seamAttributes }: TdReport): void {
  demand(module !== undefined, "tdx-module-mismatch", "The TCB info says nothing of the TDX module.");
  const isSigner = sameBytes(mrSignerSeam, module.mrSigner);
  demand(isSigner, "tdx-module-mismatch", `The TDX module's signer is ${toHex(mrSignerSeam)}.`);
  const isSame = sameBytes(masked(seamAttributes, module.attributesMask), module.attributes);
  demand(isSame, "tdx-module-mismatch", `The TDX module's attributes are ${toHex(seamAttributes)}.`);
}

function isSgxReached({ sgxComponents, pceSvn }: TcbLevel, platform: SgxExtension): boolean {
  return reaches(platform.components, sgxComponents) && platform.pceSvn >= pceSvn;
}

/** A module with a version of its own is rated by its identity: its two components are passed over here. */
function isTdxReached({ tdxComponents }: TcbLevel, { teeTcbSvn }: TdReport): boolean {
  const first = (teeTcbSvn[1] ?? 0) > 0 ? 2 : 0;
  return reaches([...teeTcbSvn.subarray(first)], tdxComponents.slice(first));
}

function reaches(components: readonly number[], required: readonly number[]): boolean {
  return required.every((svn, i) => (components[i] ?? -1) >= svn);
}
