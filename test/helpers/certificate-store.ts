import { network } from "hardhat";
import { keccak256 } from "viem";
import type { Certificate } from "../../keepers/attestation/dev/certificate.ts";

/** With the P-256 precompile of EIP-7951, and without. */
export type Hardfork = "osaka" | "prague";

/** A root as the contracts pin it: 64 bytes x || y, and the DER Name. */
export type PinnedRoot = { readonly key: Uint8Array; readonly name: Uint8Array };

export const hexBytes = (bytes: Uint8Array): `0x${string}` => `0x${Buffer.from(bytes).toString("hex")}`;

/** x and y of a key of 64 bytes. */
export const pointOf = (key: Uint8Array): [string, string] => [hexBytes(key.slice(0, 32)), hexBytes(key.slice(32))];

/** The root's certificate says what to pin. */
export const pinOf = (root: Certificate): PinnedRoot => ({ key: root.key.point, name: root.subject });

/** A chain whose clock shows about `atS`, Unix seconds, with the harness of the parsers. */
export async function deployHarness(atS: number, hardfork: Hardfork = "osaka") {
  const { ethers, networkHelpers } = await network.create({
    network: "default",
    chainType: "l1",
    override: { hardfork, initialDate: new Date(atS * 1_000).toISOString() },
  });
  return { ethers, networkHelpers, harness: await ethers.deployContract("CertificateHarness") };
}

/** The same with issuers under a root, and PCKs under these issuers, in a contract of their own. */
export async function deployStores(root: PinnedRoot, atS: number, hardfork: Hardfork = "osaka") {
  const { ethers, networkHelpers, harness } = await deployHarness(atS, hardfork);
  const issuers = await ethers.deployContract("IssuerStore", [...pointOf(root.key), keccak256(root.name)]);
  const pcks = await ethers.deployContract("PckStore", [await issuers.getAddress()]);
  return { ethers, networkHelpers, harness, issuers, pcks };
}

export type Stores = Awaited<ReturnType<typeof deployStores>>;

/** Gas of a whole transaction. */
export async function gasOf(sent: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>): Promise<bigint> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("The transaction was not mined.");
  return receipt.gasUsed;
}
