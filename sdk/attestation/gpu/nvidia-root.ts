import type { Hex } from "viem";

/**
 * sha256 of the public key (x || y, 96 bytes) of the NVIDIA Device Identity CA, valid 2021-11-05 to 9999-12-31, whose
 * certificate has the SHA-256 fingerprint 102BF659D5419614C9D8E6AECEBC80454EB26B1DF6A769AC720B9A690B167B48.
 */
export const nvidiaRootKeyHash: Hex = "0xce5b1812d2f47bab1a97105f89d9c912a9bfc996fd0ae1f0814313cc09bae149";
