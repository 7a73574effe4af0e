import type { DrandNetwork } from "./types.ts";

/** Names the network in drand's HTTP API: `/{chain hash}/public/{round}`. */
export const evmnetChainHash = "04f1e9062b8a81f848fded9c12306733282b2727ecced50032187751166ec8c3";

/** The League of Entropy's network for EVM chains (scheme bls-bn254-unchained-on-g1), as `/{chain hash}/info` publishes it. */
export const evmnet: DrandNetwork = {
  genesisS: 1_727_521_075n,
  periodS: 3n,
  publicKey: [
    0x07e1d1d335df83fa98462005690372c643340060d205306a9aa8106b6bd0b382n,
    0x0557ec32c2ad488e4d4f6008f89a346f18492092ccc0d594610de2732c8b808fn,
    0x0095685ae3a85ba243747b1b2f426049010f6b73a0cf1d389351d5aaaa1047f6n,
    0x297d3a4f9749b33eb2d904c9d9ebf17224150ddd7abd7567a9bec6c74480ee0bn,
  ],
};
