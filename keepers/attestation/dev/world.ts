/**
 * A whole consistent set under a root of its own: certificates, revocation lists, texts and quotes, all from one seed.
 * Unchanged, it must be accepted with status UpToDate at `at`. Every part can be changed; the others stay as they were.
 *
 *   const world = mintWorld({ seed: caseSeed("debug") });
 *   const quote = world.quote({ version: 5, body: { tdAttributes: bytesOf("0100000000000000") } });
 *   const collateral = world.collateral({ pckCrl: { revoked: [{ serial: world.certificates.pck.serial }] } });
 *   const late = world.remint({ certificates: { pck: { notAfter: world.at - 1 } } });
 */
import type { Certificate } from "./certificate.ts";
import { collateralOf, type Collateral, type CollateralParts } from "./collateral.ts";
import { mintCrl, type Crl, type CrlOptions } from "./crl.ts";
import { mintIssuers, mintSerial, type IssuerChanges, type Issuers } from "./issuers.ts";
import type { KeyPair, SChoice } from "./key.ts";
import { mintPlatform, type CaKind, type Platform } from "./platform.ts";
import { mintQeIdentity, qeIdentityOf, type QeIdentity } from "./qe-identity.ts";
import type { Quote } from "./quote.ts";
import { seededRandom, type Random } from "./random.ts";
import type { SgxExtension } from "./sgx-extension.ts";
import { signText, type SignedText } from "./signed-text.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";
import type { Status } from "../../../sdk/attestation/status.ts";
import { mintTcbInfo, tcbInfoOf, type TcbInfo } from "./tcb-info.ts";
import { worldQuote, type WorldQuoteOptions } from "./world-quote.ts";

export type WorldOptions = {
  readonly seed: string;
  /** Unix seconds; everything is valid then. Random between 2026 and 2034 unless given, so that no certificate ends after 2049. */
  readonly at?: number;
  readonly ca?: CaKind;
  /** Another name gives another machine of the same model under the same collateral. */
  readonly machine?: string;
  readonly sgx?: Partial<SgxExtension>;
  readonly platform?: Partial<Omit<Platform, "sgx">>;
  readonly certificates?: IssuerChanges;
  readonly rootCrl?: Partial<CrlOptions>;
  readonly pckCrl?: Partial<CrlOptions>;
  /** What the platform, its quoting enclave and its TDX module reach; UpToDate unless given. */
  readonly status?: { readonly platform?: Status; readonly qe?: Status; readonly module?: Status };
  readonly evaluation?: number;
  /** Levels name random versions of the TDX module where Intel's rule does not compare them. */
  readonly hasWildModuleSvns?: boolean;
  readonly tcbInfo?: Partial<TcbInfo>;
  readonly qeIdentity?: Partial<QeIdentity>;
};

export type CollateralOptions = {
  readonly tee?: Tee;
  readonly tcbInfo?: Partial<TcbInfo>;
  readonly qeIdentity?: Partial<QeIdentity>;
  /** The exact text to sign, in place of the fields. */
  readonly tcbInfoText?: string;
  readonly qeIdentityText?: string;
  readonly signingKey?: KeyPair;
  readonly s?: SChoice;
  readonly rootCrl?: Partial<CrlOptions>;
  readonly pckCrl?: Partial<CrlOptions>;
  /** Finished parts in place of the minted ones. */
  readonly parts?: Partial<CollateralParts>;
};

export type World = {
  readonly seed: string;
  readonly at: number;
  readonly ca: CaKind;
  /** TCB evaluation data number of the texts. */
  readonly evaluation: number;
  /** x || y of the root's key, 64 bytes: what a verifier pins. */
  readonly rootKey: Uint8Array;
  readonly platform: Platform;
  readonly certificates: Issuers;
  /** Leaf, intermediate, root, as in a quote. */
  readonly chain: readonly Certificate[];
  rootCrl(changes?: Partial<CrlOptions>): Crl;
  pckCrl(changes?: Partial<CrlOptions>): Crl;
  tcbInfo(tee: Tee): TcbInfo;
  qeIdentity(tee: Tee): QeIdentity;
  quote(options?: WorldQuoteOptions): Quote;
  collateral(options?: CollateralOptions): Collateral;
  /** The same world with these differences on top of its own. */
  remint(changes: Partial<WorldOptions>): World;
};

const dayS = 86_400;
const startOf2026S = 1_767_225_600;
const startOf2034S = 2_019_686_400;

type Period = { readonly from: number; readonly until: number };

/** A period of so many days that began at random and has at least a tenth left. */
const periodAround = (random: Random, at: number, days: number): Period => {
  const from = at - random.integer(60, Math.floor(days * 0.9 * dayS));
  return { from, until: from + days * dayS };
};

type Context = {
  readonly options: WorldOptions;
  readonly random: Random;
  readonly at: number;
  readonly evaluation: number;
  readonly platform: Platform;
  readonly certificates: Issuers;
};

const rootCrlOf = ({ options, random, at, certificates: { root } }: Context, changes: Partial<CrlOptions>): Crl => {
  const { from, until } = periodAround(random.fork("root CRL"), at, 379);
  return mintCrl({
    issuer: root.subject,
    issuerKey: root.key,
    thisUpdate: from,
    nextUpdate: until,
    ...options.rootCrl,
    ...changes,
  });
};

const pckCrlOf = ({ options, random, at, certificates }: Context, changes: Partial<CrlOptions>): Crl => {
  const own = random.fork("PCK CRL");
  const { from, until } = periodAround(own, at, 30);
  return mintCrl({
    issuer: certificates.intermediate.subject,
    issuerKey: certificates.intermediate.key,
    thisUpdate: from,
    nextUpdate: until,
    revoked: Array.from({ length: own.integer(0, 6) }, () => ({ serial: mintSerial(own) })),
    ...options.pckCrl,
    ...changes,
  });
};

const tcbInfoFields = ({ options, random, at, evaluation, platform }: Context, tee: Tee): TcbInfo => {
  const own = random.fork(`${tee} TCB info`);
  const { from, until } = periodAround(own, at, 30);
  const fields = tcbInfoOf(
    own,
    { tee, ...platform },
    {
      issuedAt: from,
      nextUpdate: until,
      evaluation,
      reached: options.status?.platform ?? "UpToDate",
      moduleReached: options.status?.module ?? "UpToDate",
      hasWildModuleSvns: options.hasWildModuleSvns ?? false,
    },
  );
  return { ...fields, ...options.tcbInfo };
};

const qeIdentityFields = ({ options, random, at, evaluation, platform }: Context, tee: Tee): QeIdentity => {
  const own = random.fork(`${tee} QE identity`);
  const { from, until } = periodAround(own, at, 30);
  const reached = options.status?.qe ?? "UpToDate";
  const fields = qeIdentityOf(own, platform.enclaves[tee], {
    tee,
    issuedAt: from,
    nextUpdate: until,
    evaluation,
    reached,
  });
  return { ...fields, ...options.qeIdentity };
};

const textsOf = (context: Context, options: CollateralOptions): { tcbInfo: SignedText; qeIdentity: SignedText } => {
  const { tee = "TDX", signingKey = context.certificates.tcbSigning.key, tcbInfoText, qeIdentityText, s } = options;
  const tcbInfo = { ...tcbInfoFields(context, tee), ...options.tcbInfo };
  const qeIdentity = { ...qeIdentityFields(context, tee), ...options.qeIdentity };
  return {
    tcbInfo: tcbInfoText === undefined ? mintTcbInfo(tcbInfo, signingKey, s) : signText(tcbInfoText, signingKey, s),
    qeIdentity:
      qeIdentityText === undefined
        ? mintQeIdentity(qeIdentity, signingKey, s)
        : signText(qeIdentityText, signingKey, s),
  };
};

const worldCollateral = (context: Context, options: CollateralOptions): Collateral => {
  const { root, intermediate, tcbSigning } = context.certificates;
  return collateralOf({
    pckIssuerChain: [intermediate.der, root.der],
    signerChain: [tcbSigning.der, root.der],
    rootCrl: rootCrlOf(context, options.rootCrl ?? {}).der,
    pckCrl: pckCrlOf(context, options.pckCrl ?? {}).der,
    ...textsOf(context, options),
    ...options.parts,
  });
};

/** Later changes win; those of one certificate or status are joined. */
const joined = (old: WorldOptions, changes: Partial<WorldOptions>): WorldOptions => {
  const certificates = { ...old.certificates };
  for (const role of ["root", "intermediate", "pck", "tcbSigning"] as const)
    if (changes.certificates?.[role] !== undefined)
      certificates[role] = { ...certificates[role], ...changes.certificates[role] };
  return {
    ...old,
    ...changes,
    certificates,
    sgx: { ...old.sgx, ...changes.sgx },
    platform: { ...old.platform, ...changes.platform },
    rootCrl: { ...old.rootCrl, ...changes.rootCrl },
    pckCrl: { ...old.pckCrl, ...changes.pckCrl },
    status: { ...old.status, ...changes.status },
    tcbInfo: { ...old.tcbInfo, ...changes.tcbInfo },
    qeIdentity: { ...old.qeIdentity, ...changes.qeIdentity },
  };
};

const contextOf = (options: WorldOptions, seed: string, ca: CaKind): Context => {
  const random = seededRandom(seed);
  const at = options.at ?? random.fork("at").integer(startOf2026S, startOf2034S);
  const { machine = "" } = options;
  const minted = mintPlatform(random.fork("platform"), ca, machine);
  const platform = { ...minted, ...options.platform, sgx: { ...minted.sgx, ...options.sgx } };
  const evaluation = options.evaluation ?? random.fork("evaluation").integer(17, 60);
  const certificates = mintIssuers({ random, at, ca, machine, changes: options.certificates ?? {} }, platform.sgx);
  return { options, random, at, evaluation, platform, certificates };
};

export const mintWorld = (options: WorldOptions): World => {
  const { seed, ca = "platform" } = options;
  const context = contextOf(options, seed, ca);
  const { at, platform, certificates } = context;
  const own = context.random.fork(`machine ${options.machine ?? ""}`);
  const chain = [certificates.pck, certificates.intermediate, certificates.root];
  return {
    seed,
    at,
    ca,
    evaluation: context.evaluation,
    rootKey: certificates.root.key.point,
    platform,
    certificates,
    chain,
    rootCrl: (changes = {}) => rootCrlOf(context, changes),
    pckCrl: (changes = {}) => pckCrlOf(context, changes),
    tcbInfo: (tee) => tcbInfoFields(context, tee),
    qeIdentity: (tee) => qeIdentityFields(context, tee),
    quote: (quoteOptions = {}) =>
      worldQuote({ random: own, platform, chain, pckKey: certificates.pck.key }, quoteOptions),
    collateral: (collateralOptions = {}) => worldCollateral(context, collateralOptions),
    remint: (changes) => mintWorld(joined({ ...options, seed }, changes)),
  };
};
