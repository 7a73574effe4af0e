/**
 * GPUs under a root of their own: certificates as NVIDIA's, and reports, all from one seed. Unchanged, the evidence must be
 * accepted at `at` by `root`. GPUs of other names have other chips under the same authorities.
 *
 *   const world = mintGpuWorld({ seed: caseSeed("gpu") });
 *   const evidence = world.evidence({ nonce });
 *   const late = world.remint({ certificates: { leaf: { notAfter: world.at - 1 } } });
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Hex } from "viem";
import { bytesOf, hexOf } from "./bytes.ts";
import { mintCertificate, subjectKeyInfo, type Certificate, type CertificateOptions } from "./certificate.ts";
import { compositeDeviceId, keyIdentifier } from "./extensions.ts";
import { measurementBlock, mintGpuReport, opaqueText, opaqueValue, type GpuReportOptions } from "./gpu-report.ts";
import { mintKey, type KeyPair } from "./key.ts";
import { nvidiaName } from "./name.ts";
import { pemChain } from "./pem.ts";
import { seededRandom, type Random } from "./random.ts";
import type { GpuEvidence } from "../../../sdk/attestation/gpu/verify-gpu-evidence.ts";

const gpuRoles = ["leaf", "chip", "provisioner", "identity", "root"] as const;
export type GpuRole = (typeof gpuRoles)[number];
export type GpuCertificates = Readonly<Record<GpuRole, Certificate>>;

export type GpuWorldOptions = {
  readonly seed: string;
  /** Another name gives another GPU. */
  readonly gpu?: string;
  readonly model?: string;
  readonly driver?: string;
  /** Eight bytes; 96.00.5E.00.01 unless given. */
  readonly vbios?: Uint8Array;
  readonly certificates?: Readonly<Partial<Record<GpuRole, Partial<CertificateOptions>>>>;
};

export type GpuWorld = {
  /** Unix seconds. */
  readonly at: number;
  /** sha256 of the root's key. */
  readonly root: Hex;
  readonly certificates: GpuCertificates;
  /** SHA-384 of the firmware, in report and certificate. */
  readonly firmwareId: Uint8Array;
  /** 64 of 48 bytes each. */
  readonly digests: readonly Uint8Array[];
  readonly opaque: readonly Uint8Array[];
  /** DER from the leaf to the root. */
  readonly chain: readonly Uint8Array[];
  report(changes?: Partial<GpuReportOptions>): Uint8Array;
  evidence(changes?: Partial<GpuReportOptions>): GpuEvidence;
  remint(changes: Partial<GpuWorldOptions>): GpuWorld;
};

const startOf2023S = 1_672_531_200;
const startOf2034S = 2_019_686_400;
const endOf9999S = 253_402_300_799;
const yearS = 31_557_600;
const measurementCount = 64;

type Context = { readonly options: GpuWorldOptions; readonly at: number; readonly firmwareId: Uint8Array };

const keysOf = (random: Random, gpu: Random): Record<GpuRole, KeyPair> => {
  const key = (of: Random, role: GpuRole): KeyPair => mintKey(of.fork(role), "P-384");
  return {
    leaf: key(gpu, "leaf"),
    chip: key(gpu, "chip"),
    provisioner: key(random, "provisioner"),
    identity: key(random, "identity"),
    root: key(random, "root"),
  };
};

const namesOf = (keys: Record<GpuRole, KeyPair>, model: string): Record<GpuRole, Uint8Array> => {
  const serial = (role: GpuRole): string => hexOf(keyIdentifier(keys[role])).toUpperCase();
  return {
    leaf: nvidiaName(`${model} A01 GSP FMC LF`, serial("leaf")),
    chip: nvidiaName(`${model} A01 GSP BROM`, serial("chip")),
    provisioner: nvidiaName(`NVIDIA ${model} Provisioner ICA 1`),
    identity: nvidiaName(`NVIDIA ${model} Identity`),
    root: nvidiaName("NVIDIA Device Identity CA"),
  };
};

const mintChain = ({ options, at, firmwareId }: Context, keys: Record<GpuRole, KeyPair>): GpuCertificates => {
  const names = namesOf(keys, options.model ?? "GH100");
  const mint = (role: GpuRole, issuer: GpuRole): Certificate => {
    const isLeaf = role === "leaf";
    const usual = { subject: names[role], issuer: names[issuer], key: keys[role], issuerKey: keys[issuer] };
    return mintCertificate({
      ...{ ...usual, notBefore: at - yearS, notAfter: endOf9999S, isCa: !isLeaf },
      moreExtensions: isLeaf ? [compositeDeviceId(subjectKeyInfo(keys.chip), firmwareId)] : [],
      ...options.certificates?.[role],
    });
  };
  return {
    leaf: mint("leaf", "chip"),
    chip: mint("chip", "provisioner"),
    provisioner: mint("provisioner", "identity"),
    identity: mint("identity", "root"),
    root: mint("root", "root"),
  };
};

/** As a driver of 2024 writes them. */
const opaqueOf = ({ options, firmwareId }: Context): Uint8Array[] => [
  opaqueValue(6, options.vbios ?? bytesOf("005e009601000000")),
  opaqueText(15, "882"),
  opaqueText(17, "1010"),
  opaqueText(18, "0200"),
  opaqueText(3, options.driver ?? "535.86.09"),
  opaqueValue(20, firmwareId),
];

export const mintGpuWorld = (options: GpuWorldOptions): GpuWorld => {
  const random = seededRandom(options.seed).fork("NVIDIA");
  const gpu = random.fork(`GPU ${options.gpu ?? ""}`);
  const at = random.fork("at").integer(startOf2023S, startOf2034S);
  const firmwareId = random.fork("firmware").bytes(48);
  const context = { options, at, firmwareId };
  const certificates = mintChain(context, keysOf(random, gpu));
  const measured = random.fork("measurements");
  const digests = Array.from({ length: measurementCount }, () => measured.bytes(48));
  const chain = gpuRoles.map((role) => certificates[role].der);
  const opaque = opaqueOf(context);
  const report = (changes: Partial<GpuReportOptions> = {}): Uint8Array =>
    mintGpuReport({
      key: certificates.leaf.key,
      nonce: gpu.fork("nonce").bytes(32),
      ownNonce: gpu.fork("own nonce").bytes(32),
      blocks: digests.map((digest, i) => measurementBlock(i + 1, digest)),
      opaque,
      ...changes,
    });
  return {
    ...{ at, certificates, firmwareId, digests, opaque, chain, report },
    root: `0x${hexOf(sha256(certificates.root.key.point))}`,
    evidence: (changes) => ({ report: report(changes), chain: pemChain(chain) }),
    remint: (changes) => {
      const joined = { ...options.certificates, ...changes.certificates };
      return mintGpuWorld({ ...options, ...changes, certificates: joined });
    },
  };
};
