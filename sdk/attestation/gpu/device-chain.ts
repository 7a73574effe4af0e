import { sha256 } from "@noble/hashes/sha2.js";
import type { Hex } from "viem";
import { toHex } from "../bytes.ts";
import { type Certificate, type CertificateProfile, parseCertificate, usageExtensions } from "../certificate.ts";
import { checkCa, checkIssued, checkLeaf, checkValidity } from "../chain-links.ts";
import { demand, EvidenceError } from "../evidence-error.ts";
import { parsePem } from "../pem.ts";
import { p384Sha384 } from "../signature.ts";

const what = "the GPU's chain";
const chainLength = 5;
const maxPemCharacters = 65_536;
const nvidiaProfile: CertificateProfile = { suite: p384Sha384, understood: usageExtensions };

/** Chips whose certificates are known: GH100 is that of H100 and H200. */
export const knownModels: readonly string[] = ["GH100"];

/** A GPU's certificates from the leaf, whose key signs reports, to the root. */
export type DeviceChain = {
  /** Of the firmware that answers for the GPU; its key changes with that firmware. */
  readonly leaf: Certificate;
  /** Of the chip itself, made in the factory: its boot ROM issues the leaf. */
  readonly chip: Certificate;
  readonly provisioner: Certificate;
  readonly identity: Certificate;
  readonly root: Certificate;
};

/** What a chain is checked against: the clock, sha256 of the root's key (x || y), and the chips that are accepted. */
export type DeviceContext = { readonly at: number; readonly root: Hex; readonly models: readonly string[] };

/** Parses the five certificates of a GPU's chain, at most 65,536 characters of PEM. Verifies nothing but form. Throws an EvidenceError. */
export function parseDeviceChain(pem: string): DeviceChain {
  demand(pem.length <= maxPemCharacters, "pem-malformed", `${what} has more than ${maxPemCharacters} characters.`);
  const ders = parsePem(pem, what);
  const isWhole = ders.length === chainLength;
  demand(isWhole, "chain-length", `${what} has ${ders.length} certificates instead of ${chainLength}.`);
  const [leaf, chip, provisioner, identity, root] = ders.map((der, i) =>
    parseCertificate(der, `${what}, certificate ${i + 1}`, nvidiaProfile),
  );
  if (leaf && chip && provisioner && identity && root) return { leaf, chip, provisioner, identity, root };
  throw new Error("Five certificates were parsed.");
}

/**
 * Verifies a chain: names, who issued which, who may issue, validity at the clock, signatures, and the pinned root. Returns
 * the name of the chip. Throws an EvidenceError.
 */
export function verifyDeviceChain(chain: DeviceChain, { at, root, models }: DeviceContext): string {
  const { leaf, chip, provisioner, identity } = chain;
  const model = models.find((one) => identity.commonName === `NVIDIA ${one} Identity`);
  if (model === undefined)
    throw new EvidenceError("gpu-model", `${what} is that of ${identity.commonName}, not of ${models.join(" or ")}.`);
  checkNames(chain, model);
  const certificates = [leaf, chip, provisioner, identity, chain.root];
  for (const [i, certificate] of certificates.entries()) {
    const name = `The ${certificate.commonName} certificate of ${what}`;
    if (i === 0) checkLeaf(certificate, name);
    else checkCa(certificate, i - 1, name);
    checkValidity(certificate, name, at);
    checkIssued(certificate, certificates[i + 1] ?? certificate, name, p384Sha384);
  }
  const found = toHex(sha256(chain.root.publicKey));
  const isPinned = found === root.toLowerCase();
  demand(isPinned, "root-unknown", `The root of ${what} has a key of sha256 ${found}, which is not the pinned one.`);
  return model;
}

/** Names as NVIDIA gives them, of one chip: `GH100 A01 GSP FMC LF` and `GH100 A01 GSP BROM` below, for example. */
function checkNames({ leaf, chip, provisioner, root }: DeviceChain, model: string): void {
  const isNamed =
    /^\S+ \S+ \S+ FMC LF$/.test(leaf.commonName) &&
    /^\S+ \S+ \S+ BROM$/.test(chip.commonName) &&
    /^NVIDIA \S+ Provisioner ICA \d+$/.test(provisioner.commonName) &&
    root.commonName === "NVIDIA Device Identity CA";
  const isOfModel = [leaf, chip].every(({ commonName }) => commonName.startsWith(`${model} `));
  const isProvisioned = provisioner.commonName.startsWith(`NVIDIA ${model} `);
  const names = [leaf, chip, provisioner, root].map(({ commonName }) => commonName).join(", ");
  demand(isNamed && isOfModel && isProvisioned, "certificate-name", `${what} has the names ${names}.`);
}
