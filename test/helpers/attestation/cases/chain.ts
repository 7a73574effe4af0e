import { oid, sequence, utf8String } from "../../../../keepers/attestation/dev/der.ts";
import { basicConstraints, extension, keyUsage } from "../../../../keepers/attestation/dev/extensions.ts";
import { mintCertificate, subjectKeyInfo } from "../../../../keepers/attestation/dev/certificate.ts";
import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { commonNames, intelName } from "../../../../keepers/attestation/dev/name.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed } from "../seed.ts";
import type { IssuerChanges } from "../../../../keepers/attestation/dev/issuers.ts";
import { pemChain } from "../../../../keepers/attestation/dev/pem.ts";
import { mintWorld } from "../world.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

export const world = mintWorld({ seed: caseSeed("chain") });
const { root, intermediate, pck, tcbSigning } = world.certificates;
const stranger = mintKey(seededRandom(caseSeed("stranger")));
const onP384 = mintKey(seededRandom(caseSeed("P-384")), "P-384");
const ders = [pck.der, intermediate.der, root.der] as const;

const withCertificates = (certificates: IssuerChanges) => () => ask(world.remint({ certificates }));
const withChain = (chain: readonly Uint8Array[]) => () => ask(world, { quote: world.quote({ chain }).bytes });
const withSigners = (chain: readonly Uint8Array[]) => () =>
  ask(world, { collateral: { ...world.collateral(), tcb_info_issuer_chain: pemChain(chain) } });
const critical = extension("1.2.3.4", utf8String("x"), { critical: true });

const noCa = [keyUsage(["keyCertSign", "cRLSign"]), basicConstraints({ isCa: false })];

/** A PCK certificate that the PCK's own key issued. */
const issuedByLeaf = mintCertificate({ ...pck.options, issuer: pck.subject, issuerKey: pck.key, key: stranger });

/** Who may issue, and who may sign. */
export const roles: readonly RejectionCase[] = [
  ["a root that is no CA", "certificate-usage", withCertificates({ root: { extensions: noCa } })],
  ["an intermediate that is no CA", "certificate-usage", withCertificates({ intermediate: { extensions: noCa } })],
  [
    "an intermediate without keyCertSign",
    "certificate-usage",
    withCertificates({ intermediate: { keyUsage: ["cRLSign"] } }),
  ],
  [
    "a CA that may not sign its CRL",
    "certificate-usage",
    withCertificates({ intermediate: { keyUsage: ["keyCertSign"] } }),
  ],
  ["a root for no CA below it", "certificate-usage", withCertificates({ root: { pathLength: 0 } })],
  ["a PCK that is a CA", "certificate-usage", withCertificates({ pck: { isCa: true } })],
  [
    "a PCK that is a CA with the key usage of a leaf",
    "certificate-usage",
    withCertificates({ pck: { isCa: true, keyUsage: ["digitalSignature"] } }),
  ],
  ["a PCK that may not sign", "certificate-usage", withCertificates({ pck: { keyUsage: ["keyEncipherment"] } })],
  [
    "a PCK with the key usage of a CA",
    "certificate-usage",
    withCertificates({ pck: { keyUsage: ["digitalSignature", "keyCertSign"] } }),
  ],
  ["a TCB signer that may not sign", "certificate-usage", withCertificates({ tcbSigning: { keyUsage: ["cRLSign"] } })],
  [
    "a certificate without key usage",
    "certificate-usage",
    withCertificates({ intermediate: { extensions: [basicConstraints({ isCa: true })] } }),
  ],
];

export const names: readonly RejectionCase[] = [
  ["a PCK of another issuer's name", "certificate-name", withCertificates({ pck: { issuer: root.subject } })],
  [
    "an intermediate of another issuer's name",
    "certificate-name",
    withCertificates({ intermediate: { issuer: pck.subject } }),
  ],
  [
    "a PCK of another name",
    "certificate-name",
    withCertificates({ pck: { subject: intelName(commonNames.tcbSigning) } }),
  ],
  [
    "a root of another name",
    "certificate-name",
    withCertificates({ root: { subject: intelName("Intel SGX Root CA 2") } }),
  ],
  ["a signer of texts of another name", "certificate-name", withCertificates({ tcbSigning: { subject: pck.subject } })],
  [
    "a CA of another name",
    "certificate-name",
    withCertificates({ intermediate: { subject: intelName("Intel SGX PCK Other CA") } }),
  ],
];

export const times: readonly RejectionCase[] = (["root", "intermediate", "pck", "tcbSigning"] as const).flatMap(
  (role) => [
    [`an expired ${role}`, "certificate-expired", withCertificates({ [role]: { notAfter: world.at - 1 } })],
    [`a ${role} of tomorrow`, "certificate-not-yet-valid", withCertificates({ [role]: { notBefore: world.at + 1 } })],
  ],
);

export const signatures: readonly RejectionCase[] = [
  ...(["intermediate", "pck", "tcbSigning"] as const).map((role): RejectionCase => [
    `a ${role} that a stranger signed`,
    "certificate-signature",
    withCertificates({ [role]: { issuerKey: stranger } }),
  ]),
  ["a root that did not sign itself", "certificate-signature", withCertificates({ root: { issuerKey: stranger } })],
  [
    "a root of another key",
    "root-unknown",
    () =>
      ask(world.remint({ certificates: { root: { key: stranger, issuerKey: stranger } } }), {
        rootKey: world.rootKey,
      }),
  ],
];

export const elements: readonly RejectionCase[] = [
  ["a chain without its root", "chain-length", withChain(ders.slice(0, 2))],
  ["a leaf alone", "chain-length", withChain([pck.der])],
  ["a chain with its root twice", "chain-length", withChain([...ders, root.der])],
  ["a chain with a certificate that the PCK issued", "chain-length", withChain([issuedByLeaf.der, ...ders])],
  ["the PCK in the place of its issuer", "certificate-name", withChain([issuedByLeaf.der, pck.der, root.der])],
  ["a chain without the intermediate", "chain-length", withChain([pck.der, root.der])],
  ["a chain upside down", "certificate-name", withChain([...ders].reverse())],
  ["no certificate", "pem-malformed", withChain([])],
  ["a signer of texts without its root", "chain-length", withSigners([tcbSigning.der])],
  [
    "a signer of texts with the intermediate between",
    "chain-length",
    withSigners([tcbSigning.der, intermediate.der, root.der]),
  ],
  ["texts signed by the PCK", "certificate-name", withSigners([pck.der, root.der])],
];

export const forms: readonly RejectionCase[] = [
  [
    "an unknown critical extension",
    "certificate-unsupported",
    withCertificates({ pck: { moreExtensions: [critical] } }),
  ],
  [
    "an extension that comes twice",
    "certificate-malformed",
    withCertificates({
      pck: { moreExtensions: [extension("1.2.3", utf8String("a")), extension("1.2.3", utf8String("a"))] },
    }),
  ],
  ["an X.509 version 2 certificate", "certificate-malformed", withCertificates({ pck: { version: 1 } })],
  [
    "another algorithm inside",
    "certificate-malformed",
    withCertificates({ pck: { innerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) } }),
  ],
  [
    "another algorithm outside",
    "certificate-malformed",
    withCertificates({ pck: { outerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) } }),
  ],
  [
    "a PCK with a key on P-384",
    "certificate-malformed",
    withCertificates({ pck: { subjectKeyInfo: subjectKeyInfo(onP384) } }),
  ],
  ["a PCK signed on P-384", "certificate-malformed", withCertificates({ pck: { issuerKey: onP384 } })],
  [
    "a byte after a certificate",
    "certificate-malformed",
    withCertificates({ pck: { alterWhole: (der) => Uint8Array.of(...der, 0) } }),
  ],
  [
    "a truncated certificate",
    "certificate-malformed",
    withCertificates({ intermediate: { alterWhole: (der) => der.slice(0, -1) } }),
  ],
  [
    "a PCK without an SGX extension",
    "sgx-extension",
    withCertificates({ pck: { extensions: [keyUsage(["digitalSignature"])] } }),
  ],
];

export const accepted: readonly AcceptanceCase[] = [
  ["a chain as Intel makes it", () => ask(world)],
  [
    "an extension that is not known and not critical",
    withCertificates({ pck: { moreExtensions: [extension("1.2.3.4", utf8String("x"))] } }),
  ],
];
