import type { Hex } from "viem";
import { fromHexDigits } from "./bytes.ts";

/** Public key (x || y) of the Intel SGX Root CA, valid 2018-05-21 to 2049-12-31. */
export const intelRootKey: Uint8Array =
  fromHexDigits(
    "0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f567918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394",
  ) ?? new Uint8Array();

/** keccak256 of the DER Name of the Intel SGX Root CA: what certificates hold as their issuer. */
export const intelRootName: Hex = "0x3112c8e9428b5c08824e727e3ea896f3597c8a91caeafe57d64a4bc08df71dfb";
