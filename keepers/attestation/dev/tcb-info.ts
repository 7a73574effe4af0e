/** TCB information (version 3) in the form and key order of Intel's service. */
import type { KeyPair, SChoice } from "./key.ts";
import { enclaveStatuses, mintLevels, type Level } from "./levels.ts";
import type { Random } from "./random.ts";
import { signText, timeText, upperHex, type SignedText } from "./signed-text.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";
import { type Status, statuses } from "../../../sdk/attestation/status.ts";
import type { SgxExtension } from "./sgx-extension.ts";

export type Component = { readonly svn: number; readonly category?: string; readonly type?: string };

export type PlatformTcb = {
  readonly sgxtcbcomponents: readonly Component[];
  readonly pcesvn: number;
  readonly tdxtcbcomponents?: readonly Component[];
};

export type TdxModule = { readonly mrsigner: string; readonly attributes: string; readonly attributesMask: string };
export type TdxModuleIdentity = { readonly id: string } & TdxModule & {
    readonly tcbLevels: readonly Level<{ readonly isvsvn: number }>[];
  };

export type TcbInfo = {
  readonly id: string;
  readonly version: number;
  readonly issueDate: string;
  readonly nextUpdate: string;
  readonly fmspc: string;
  readonly pceId: string;
  readonly tcbType: number;
  readonly tcbEvaluationDataNumber: number;
  readonly tdxModule?: TdxModule;
  readonly tdxModuleIdentities?: readonly TdxModuleIdentity[];
  readonly tcbLevels: readonly Level<PlatformTcb>[];
};

/** What the information is about. */
export type TcbSubject = {
  readonly tee: Tee;
  readonly sgx: SgxExtension;
  /** 16 bytes: TEE_TCB_SVN of the quotes. */
  readonly teeTcbSvn: Uint8Array;
  /** 48 bytes: MRSIGNERSEAM of the quotes. */
  readonly seamSigner: Uint8Array;
};

export type TcbInfoOptions = {
  readonly issuedAt: number;
  readonly nextUpdate: number;
  readonly evaluation: number;
  readonly reached: Status;
  readonly moduleReached: Status;
  /** Random numbers for the module in the platform's levels, where they are not compared. */
  readonly hasWildModuleSvns: boolean;
};

const labels: readonly Omit<Component, "svn">[] = [
  {},
  { category: "BIOS" },
  { category: "BIOS", type: "Early Microcode Update" },
  { category: "OS/VMM", type: "SGX Late Microcode Update" },
  { category: "OS/VMM", type: "TDX Module" },
];

const componentsOf = (random: Random, svns: readonly number[]): Component[] =>
  svns.map((svn) => ({ svn, ...(labels[svn === 0 ? 0 : random.integer(0, labels.length - 1)] ?? {}) }));

/** Each number lower by at most `depth + 1`, never below zero. */
const lowered = (random: Random, svns: readonly number[], depth: number): number[] =>
  svns.map((svn) => Math.max(0, svn - random.integer(depth, depth + 1)));

/** One number, at random, above the platform's. */
const raised = (random: Random, svns: readonly number[]): number[] => {
  const index = random.pick(raisable(svns));
  return svns.map((svn, i) => (i === index ? svn + 1 : svn));
};

const raisable = (svns: readonly number[]): [number, ...number[]] => {
  const [first = 0, ...rest] = svns.flatMap((svn, i) => (svn < 255 ? [i] : []));
  return [first, ...rest];
};

/** Index 0 and 1 are the TDX module's, and compared only where the module has no identity. */
const moduleSvnCount = 2;

/** The TDX numbers of a level: those given, or random ones for a module that has an identity. */
const tdxOf = (random: Random, { teeTcbSvn }: TcbSubject, isWild: boolean, svns: readonly number[]): number[] => {
  if (!isWild || teeTcbSvn[1] === 0) return [...svns];
  return [random.integer(0, 255), random.integer(0, 255), ...svns.slice(moduleSvnCount)];
};

const levelsOf = (random: Random, subject: TcbSubject, options: TcbInfoOptions): Level<PlatformTcb>[] => {
  const { issuedAt, reached, hasWildModuleSvns } = options;
  const { sgx, tee } = subject;
  const have = [...subject.teeTcbSvn];
  const tcbOf = (sgxSvns: readonly number[], pcesvn: number, tdx: readonly number[]): PlatformTcb => ({
    sgxtcbcomponents: componentsOf(random, sgxSvns),
    pcesvn,
    ...(tee === "TDX"
      ? { tdxtcbcomponents: componentsOf(random, tdxOf(random, subject, hasWildModuleSvns, tdx)) }
      : {}),
  });
  const within = (depth: number): PlatformTcb =>
    tcbOf(
      lowered(random, sgx.components, depth),
      Math.max(0, sgx.pceSvn - random.integer(depth, depth + 1)),
      lowered(random, have, depth),
    );
  const above = (): PlatformTcb => {
    const where = random.integer(0, tee === "TDX" ? 2 : 1);
    const [module, later] = [have.slice(0, moduleSvnCount), have.slice(moduleSvnCount)];
    return tcbOf(
      where === 0 ? raised(random, sgx.components) : sgx.components,
      where === 1 ? sgx.pceSvn + 1 : sgx.pceSvn,
      where === 2 ? [...module, ...raised(random, later)] : have,
    );
  };
  return mintLevels(random, { at: issuedAt, reached, statuses, above, within });
};

const moduleOf = ({ seamSigner }: TcbSubject): TdxModule => ({
  mrsigner: upperHex(seamSigner),
  attributes: "0000000000000000",
  attributesMask: "FFFFFFFFFFFFFFFF",
});

const moduleLevels = (
  random: Random,
  isvsvn: number,
  { issuedAt, moduleReached }: TcbInfoOptions,
): Level<{ isvsvn: number }>[] =>
  mintLevels(random, {
    at: issuedAt,
    reached: moduleReached,
    statuses: enclaveStatuses,
    above: () => ({ isvsvn: isvsvn + random.integer(1, 3) }),
    within: (depth) => ({ isvsvn: Math.max(0, isvsvn - random.integer(depth, depth + 1)) }),
  });

export const moduleId = (version: number): string => `TDX_${version.toString(16).toUpperCase().padStart(2, "0")}`;

/** The platform's own module, if its version has an identity, among another one. */
const moduleIdentities = (random: Random, subject: TcbSubject, options: TcbInfoOptions): TdxModuleIdentity[] => {
  const [svn = 0, version = 0] = subject.teeTcbSvn;
  const identity = (of: number, isvsvn: number): TdxModuleIdentity => ({
    id: moduleId(of),
    ...moduleOf(subject),
    tcbLevels: moduleLevels(random, isvsvn, options),
  });
  const other = identity(version + random.integer(1, 4), random.integer(1, 9));
  if (version === 0) return [other];
  return random.chance(0.5) ? [identity(version, svn), other] : [other, identity(version, svn)];
};

export const tcbInfoOf = (random: Random, subject: TcbSubject, options: TcbInfoOptions): TcbInfo => ({
  id: subject.tee,
  version: 3,
  issueDate: timeText(options.issuedAt),
  nextUpdate: timeText(options.nextUpdate),
  fmspc: upperHex(subject.sgx.fmspc),
  pceId: upperHex(subject.sgx.pceId),
  tcbType: 0,
  tcbEvaluationDataNumber: options.evaluation,
  ...(subject.tee === "TDX"
    ? { tdxModule: moduleOf(subject), tdxModuleIdentities: moduleIdentities(random, subject, options) }
    : {}),
  tcbLevels: levelsOf(random, subject, options),
});

export const mintTcbInfo = (info: TcbInfo, signingKey: KeyPair, s?: SChoice): SignedText =>
  signText(JSON.stringify(info), signingKey, s);
