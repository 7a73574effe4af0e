import { createHash, X509Certificate } from "node:crypto";
import { expect } from "chai";
import { flipped } from "../../../../keepers/attestation/dev/bytes.ts";
import { mintCertificate } from "../../../../keepers/attestation/dev/certificate.ts";
import { basicConstraints, extension } from "../../../../keepers/attestation/dev/extensions.ts";
import { utf8String } from "../../../../keepers/attestation/dev/der.ts";
import { type GpuRole, type GpuWorldOptions, mintGpuWorld } from "../../../../keepers/attestation/dev/gpu-world.ts";
import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { nvidiaName } from "../../../../keepers/attestation/dev/name.ts";
import { pemChain } from "../../../../keepers/attestation/dev/pem.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { verifyGpuEvidence } from "../../../../sdk/attestation/gpu/verify-gpu-evidence.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { expectAccepted, itRejects, judge, type RejectionCase } from "./judging.ts";

const world = mintGpuWorld({ seed: caseSeed("gpu chain") });
const { leaf, chip, provisioner, identity, root } = world.certificates;
const ders = [leaf.der, chip.der, provisioner.der, identity.der, root.der] as const;
const stranger = mintKey(seededRandom(caseSeed("stranger")), "P-384");
const onP256 = mintKey(seededRandom(caseSeed("P-256")));
const authorities = ["chip", "provisioner", "identity", "root"] as const;
const roles = ["leaf", ...authorities] as const satisfies readonly GpuRole[];

const withCertificates = (certificates: GpuWorldOptions["certificates"]) => () => {
  const changed = world.remint({ certificates: certificates ?? {} });
  return judge(changed, { root: changed.root });
};
const withChain = (chain: readonly Uint8Array[]) => () => judge(world, { chain: pemChain(chain) });
/** With another name, which those below name as their issuer. */
const withName = (role: GpuRole, name: string) => {
  const subject = nvidiaName(name, "41");
  const issuing = { chip: "leaf", provisioner: "chip", identity: "provisioner", root: "identity" } as const;
  const below = role === "leaf" ? {} : { [issuing[role]]: { issuer: subject } };
  const self = role === "root" ? { issuer: subject } : {};
  return withCertificates({ [role]: { subject, ...self }, ...below });
};

/** A certificate that the leaf's own key issued. */
const issuedByLeaf = mintCertificate({ ...leaf.options, issuer: leaf.subject, issuerKey: leaf.key, key: stranger });

const uses: readonly RejectionCase[] = [
  ...authorities.flatMap((role): RejectionCase[] => [
    [`a ${role} that is no CA`, "certificate-usage", withCertificates({ [role]: { isCa: false } })],
    [
      `a ${role} that is no CA with the key usage of one`,
      "certificate-usage",
      withCertificates({ [role]: { isCa: false, keyUsage: ["keyCertSign"] } }),
    ],
    [
      `a ${role} that may not issue certificates`,
      "certificate-usage",
      withCertificates({ [role]: { keyUsage: ["digitalSignature", "cRLSign"] } }),
    ],
  ]),
  ...(["provisioner", "identity", "root"] as const).map((role, below): RejectionCase => [
    `a ${role} for fewer CAs below it`,
    "certificate-usage",
    withCertificates({ [role]: { pathLength: below } }),
  ]),
  ["a leaf that is a CA", "certificate-usage", withCertificates({ leaf: { isCa: true } })],
  ["a leaf that may not sign", "certificate-usage", withCertificates({ leaf: { keyUsage: ["keyEncipherment"] } })],
  [
    "a leaf without key usage",
    "certificate-usage",
    withCertificates({ leaf: { extensions: [basicConstraints({ isCa: false })] } }),
  ],
];

const names: readonly RejectionCase[] = [
  ...(["leaf", "chip", "provisioner", "identity", "root"] as const).map((role): RejectionCase => [
    `a ${role} of another issuer's name`,
    "certificate-name",
    withCertificates({ [role]: { issuer: nvidiaName("NVIDIA Other CA") } }),
  ]),
  ["a leaf that is not for firmware", "certificate-name", withName("leaf", "GH100 A01 GSP XXX LF")],
  ["a leaf of another chip", "certificate-name", withName("leaf", "GB100 A01 GSP FMC LF")],
  ["a chip whose boot ROM is not meant", "certificate-name", withName("chip", "GH100 A01 GSP FMC")],
  ["a chip of another model", "certificate-name", withName("chip", "LS10 A01 GSP BROM")],
  ["a provisioner of another model", "certificate-name", withName("provisioner", "NVIDIA LS10 Provisioner ICA 1")],
  ["a root of another name", "certificate-name", withName("root", "NVIDIA CoRIM Root CA")],
  ["a device that is no GPU", "gpu-model", () => judge(world.remint({ model: "LS10" }), { root: world.root })],
  ["an issuer of models of another name", "gpu-model", withName("identity", "NVIDIA GH100 Identity 2")],
];

const times: readonly RejectionCase[] = roles.flatMap((role) => [
  [`an expired ${role}`, "certificate-expired", withCertificates({ [role]: { notAfter: world.at - 1 } })],
  [`a ${role} of tomorrow`, "certificate-not-yet-valid", withCertificates({ [role]: { notBefore: world.at + 1 } })],
]);

const signatures: readonly RejectionCase[] = [
  ...roles.map((role): RejectionCase => [
    `a ${role} that a stranger signed`,
    "certificate-signature",
    withCertificates({ [role]: { issuerKey: stranger } }),
  ]),
  [
    "a root of another key",
    "root-unknown",
    () => {
      const other = mintGpuWorld({ seed: caseSeed("another root") });
      return judge(other, { root: world.root, at: other.at });
    },
  ],
  ["a minted root where none is given", "root-unknown", () => verifyGpuEvidence({ ...world.evidence(), at: world.at })],
  ["a leaf signed on P-256", "certificate-malformed", withCertificates({ leaf: { issuerKey: onP256 } })],
  ["a chip with a key on P-256", "certificate-malformed", withCertificates({ chip: { key: onP256 } })],
];

const elements: readonly RejectionCase[] = [
  ["a chain without its root", "chain-length", withChain(ders.slice(0, 4))],
  ["a chain without its leaf", "chain-length", withChain(ders.slice(1))],
  ["a chain without its provisioner", "chain-length", withChain([leaf.der, chip.der, identity.der, root.der])],
  ["a chain with its root twice", "chain-length", withChain([...ders, root.der])],
  ["a chain with a certificate that the leaf issued", "chain-length", withChain([issuedByLeaf.der, ...ders])],
  [
    "the leaf in the place of its issuer",
    "certificate-name",
    () =>
      judge(world, {
        report: world.report({ key: stranger }),
        chain: pemChain([issuedByLeaf.der, leaf.der, provisioner.der, identity.der, root.der]),
      }),
  ],
  ["a chain upside down", "gpu-report-signature", withChain([...ders].reverse())],
  [
    "a chain with two authorities in each other's place",
    "gpu-model",
    withChain([leaf.der, chip.der, identity.der, provisioner.der, root.der]),
  ],
  ["no certificate", "pem-malformed", withChain([])],
  ["text before the chain", "pem-malformed", () => judge(world, { chain: `x\n${pemChain(ders)}` })],
  ["text behind the chain", "pem-malformed", () => judge(world, { chain: `${pemChain(ders)}x` })],
  [
    "a chain that is too long to read",
    "pem-malformed",
    () => judge(world, { chain: `${pemChain(ders)}${"\n".repeat(65_537)}` }),
  ],
];

const forms: readonly RejectionCase[] = [
  [
    "an unknown critical extension",
    "certificate-unsupported",
    withCertificates({ chip: { moreExtensions: [extension("1.2.3.4", utf8String("x"), { critical: true })] } }),
  ],
  [
    "Intel's critical extension",
    "certificate-unsupported",
    withCertificates({
      chip: { moreExtensions: [extension("1.2.840.113741.1.13.1", utf8String("x"), { critical: true })] },
    }),
  ],
  ["a leaf that names no firmware", "certificate-unsupported", withCertificates({ leaf: { moreExtensions: [] } })],
  [
    "a leaf that names its firmware otherwise",
    "certificate-malformed",
    withCertificates({ leaf: { moreExtensions: [extension("2.23.133.5.4.1", utf8String("x"))] } }),
  ],
  [
    "a leaf without a serial number",
    "certificate-malformed",
    withCertificates({ leaf: { subject: nvidiaName("GH100 A01 GSP FMC LF") } }),
  ],
  [
    "a leaf with a serial number that is none",
    "certificate-malformed",
    withCertificates({ leaf: { subject: nvidiaName("GH100 A01 GSP FMC LF", "4x") } }),
  ],
  [
    "a truncated certificate",
    "certificate-malformed",
    withCertificates({ identity: { alterWhole: (der) => der.slice(0, -1) } }),
  ],
  [
    "a byte after a certificate",
    "certificate-malformed",
    withCertificates({ chip: { alterWhole: (der) => Uint8Array.of(...der, 0) } }),
  ],
];

describe("Chains of GPUs", () => {
  printSeedOnFailure();
  it("are accepted as NVIDIA makes them, at both ends of their time", () => {
    for (const at of [world.at, leaf.options.notBefore, leaf.options.notAfter]) expectAccepted(judge(world, { at }));
  });
  itRejects(uses);
  itRejects(names);
  itRejects(times);
  itRejects(signatures);
  itRejects(elements);
  itRejects(forms);

  it("are accepted for another model only where it is asked for", () => {
    const other = world.remint({ model: "GB100" });
    expectAccepted(judge(other, { models: ["GH100", "GB100"] }));
    expect(judge(other, { models: ["GB100"] }).claims?.model).to.equal("GB100");
    expect(judge(other, { models: [] }).reason?.code).to.equal("gpu-model");
  });

  it("with a bit of any certificate changed are rejected", () => {
    for (const [place, der] of ders.entries())
      for (let i = place; i < der.length; i += 41) {
        const chain = ders.with(place, flipped(der, i, 1 << (i % 8)));
        expect([place, i, judge(world, { chain: pemChain(chain) }).verdict]).to.deep.equal([place, i, "reject"]);
      }
  });

  it("are signed in the eyes of Node's own X.509 too, and name the same root", () => {
    const certificates = ders.map((der) => new X509Certificate(der));
    for (const [i, certificate] of certificates.entries()) {
      const issuer = certificates[i + 1] ?? certificate;
      expect([i, certificate.verify(issuer.publicKey), certificate.checkIssued(issuer)]).to.deep.equal([i, true, true]);
    }
    const spki = certificates[4]?.publicKey.export({ type: "spki", format: "der" }) ?? Buffer.alloc(0);
    expect(`0x${createHash("sha256").update(spki.subarray(-96)).digest("hex")}`).to.equal(world.root);
  });
});
