/** The certificates of a world: root, issuer of PCKs, PCK, signer of TCB texts. */
import { numberOf } from "./bytes.ts";
import { mintCertificate, type Certificate, type CertificateOptions } from "./certificate.ts";
import { mintKey } from "./key.ts";
import { commonNames, intelName } from "./name.ts";
import type { CaKind } from "./platform.ts";
import type { Random } from "./random.ts";
import type { SgxExtension } from "./sgx-extension.ts";

export type CertificateRole = "root" | "intermediate" | "pck" | "tcbSigning";
export type Issuers = Readonly<Record<CertificateRole, Certificate>>;
export type IssuerChanges = Readonly<Partial<Record<CertificateRole, Partial<CertificateOptions>>>>;

const rootCrlUrl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
const pckCrlUrl = (ca: CaKind): string =>
  `https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`;

const yearS = 31_557_600;
const endOf2049S = 2_524_607_999;

/** From some time before `at` until some time after it, in years. */
const validity = (random: Random, at: number, years: number): { notBefore: number; notAfter: number } => {
  const notBefore = at - random.integer(86_400, (years - 1) * yearS);
  return { notBefore, notAfter: notBefore + years * yearS };
};

/** 160 random bits, the first often set, as Intel's serial numbers have. */
export const mintSerial = (random: Random): bigint => numberOf(random.bytes(20)) | 1n;

type Context = {
  readonly random: Random;
  readonly at: number;
  readonly ca: CaKind;
  readonly machine: string;
  readonly changes: IssuerChanges;
};

const mintRoot = ({ random, at, changes }: Context): Certificate => {
  const own = random.fork("root");
  const [key, name] = [changes.root?.key ?? mintKey(own), intelName(commonNames.root)];
  return mintCertificate({
    subject: name,
    issuer: name,
    key,
    issuerKey: key,
    notBefore: validity(own, at, 20).notBefore,
    notAfter: Math.max(endOf2049S, at + yearS),
    isCa: true,
    pathLength: 1,
    crlUrl: rootCrlUrl,
    ...changes.root,
  });
};

const mintIntermediate = ({ random, at, ca, changes }: Context, root: Certificate): Certificate => {
  const own = random.fork(`${ca} CA`);
  return mintCertificate({
    subject: intelName(commonNames[ca]),
    issuer: root.subject,
    key: mintKey(own),
    issuerKey: root.key,
    ...validity(own, at, 15),
    isCa: true,
    pathLength: 0,
    crlUrl: rootCrlUrl,
    ...changes.intermediate,
  });
};

const mintTcbSigning = ({ random, at, changes }: Context, root: Certificate): Certificate => {
  const own = random.fork("TCB signing");
  return mintCertificate({
    subject: intelName(commonNames.tcbSigning),
    issuer: root.subject,
    key: mintKey(own),
    issuerKey: root.key,
    ...validity(own, at, 7),
    crlUrl: rootCrlUrl,
    ...changes.tcbSigning,
  });
};

const mintPck = (
  { random, at, ca, machine, changes }: Context,
  issuer: Certificate,
  sgx: SgxExtension,
): Certificate => {
  const own = random.fork(`PCK ${machine}`);
  return mintCertificate({
    subject: intelName(commonNames.pck),
    issuer: issuer.subject,
    key: mintKey(own),
    issuerKey: issuer.key,
    serial: mintSerial(own),
    ...validity(own, at, 7),
    crlUrl: pckCrlUrl(ca),
    sgx,
    ...changes.pck,
  });
};

export const mintIssuers = (context: Context, sgx: SgxExtension): Issuers => {
  const root = mintRoot(context);
  const intermediate = mintIntermediate(context, root);
  return { root, intermediate, pck: mintPck(context, intermediate, sgx), tcbSigning: mintTcbSigning(context, root) };
};
