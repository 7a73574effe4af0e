import { sha256 } from "@noble/hashes/sha2.js";
import type { Hex } from "viem";
import { toHex } from "../bytes.ts";
import { validityOfCertificates } from "../chain.ts";
import { DerError, parseDer } from "../der.ts";
import { intersectionOf } from "../validity.ts";
import { nameSerialOf, parsing } from "../x509.ts";
import type { DeviceChain } from "./device-chain.ts";
import { requiredTextOf, textOf, vbiosVersionOf } from "./opaque.ts";
import type { GpuReport } from "./report.ts";

/** What verified evidence says of a GPU. */
export type GpuClaims = {
  /** Name of the chip, such as GH100. */
  readonly model: string;
  /** sha256 of the key (x || y) that the chip was made with: one per chip, whatever it runs. */
  readonly chip: Hex;
  /** Serial number in the leaf's subject, as NVIDIA's service calls it in decimal. It is made of the key that signs reports. */
  readonly ueid: bigint;
  readonly nonce: Hex;
  readonly driver: string;
  /** Such as 96.00.5E.00.01. */
  readonly vbios: string;
  /** SHA-384 of the firmware that answers for the GPU. */
  readonly firmwareId: Hex;
  /** Parts of the id of NVIDIA's reference measurements of the VBIOS; undefined where the report has none. */
  readonly sku: {
    readonly project: string | undefined;
    readonly projectSku: string | undefined;
    readonly chipSku: string | undefined;
  };
  /** SHA-384 digests by index, from 1 on. */
  readonly measurements: Readonly<Record<number, Hex>>;
  /** All opaque values by type, as NVIDIA numbers them. */
  readonly opaque: Readonly<Record<number, Hex>>;
  /** When all certificates are valid, both included, in unix seconds. */
  readonly validFrom: number;
  readonly validUntil: number;
};

/** Reads the claims of evidence that is verified otherwise. Throws an EvidenceError where something that is claimed is missing. */
export function claimsOf(report: GpuReport, chain: DeviceChain, model: string, firmwareId: Uint8Array): GpuClaims {
  const { nonce, opaque, measurements } = report;
  const { from, until } = intersectionOf(validityOfCertificates(Object.values(chain)));
  return {
    model,
    chip: toHex(sha256(chain.chip.publicKey)),
    ueid: ueidOf(chain),
    nonce: toHex(nonce),
    driver: requiredTextOf(opaque, "driverVersion"),
    vbios: vbiosVersionOf(opaque),
    firmwareId: toHex(firmwareId),
    sku: {
      project: textOf(opaque, "project"),
      projectSku: textOf(opaque, "projectSku"),
      chipSku: textOf(opaque, "chipSku"),
    },
    measurements: hexByNumber(measurements),
    opaque: hexByNumber(opaque),
    validFrom: from,
    validUntil: until,
  };
}

/** The serial number is in hex, of at most 20 bytes. */
function ueidOf({ leaf }: DeviceChain): bigint {
  return parsing("certificate-malformed", "The name in the GPU's certificate", () => {
    const serial = nameSerialOf(parseDer(leaf.subject));
    if (!/^[0-9A-F]{1,40}$/.test(serial)) throw new DerError("Its serial number is not in hex.");
    return BigInt(`0x${serial}`);
  });
}

function hexByNumber(values: ReadonlyMap<number, Uint8Array>): Record<number, Hex> {
  return Object.fromEntries([...values].map(([number, bytes]) => [number, toHex(bytes)]));
}
