import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";

const manifest = z.object({ dcap: z.array(z.object({ collateral: z.string(), at: z.number() })) });
const hex = z.string().transform((digits): Hex => `0x${digits}`);
const collateral = z.object({
  tcb_info: z.string(),
  tcb_info_signature: hex,
  tcb_info_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: hex,
  qe_identity_issuer_chain: z.string(),
});

/** Texts of one file that Intel's signer has signed, and a time at which they count. */
export type TcbVector = z.infer<typeof collateral> & { readonly file: string; readonly atS: number };

/** Every collateral file that the manifest names; undefined where the folder is absent. */
export function tcbVectors(): TcbVector[] | undefined {
  const { path } = attestationFolder();
  if (path === undefined) return undefined;
  const read = (file: string): unknown => JSON.parse(readFileSync(join(path, file), "utf8"));
  const files = new Map(manifest.parse(read("manifest.json")).dcap.map((entry) => [entry.collateral, entry.at]));
  return [...files].map(([file, atS]) => ({ ...collateral.parse(read(file)), file, atS }));
}

/** The public key of the first certificate of a chain. */
export function signerOf(chain: string): { x: Hex; y: Hex } {
  const { x = "", y = "" } = new X509Certificate(chain).publicKey.export({ format: "jwk" });
  const hexOf = (part: string): Hex => `0x${Buffer.from(part, "base64url").toString("hex")}`;
  return { x: hexOf(x), y: hexOf(y) };
}
