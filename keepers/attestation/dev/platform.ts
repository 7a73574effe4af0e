/** A machine: what its PCK certificate, its quoting enclaves and its TDX module say about it. */
import { concat, zeros } from "./bytes.ts";
import { mintKey, type KeyPair } from "./key.ts";
import type { QuotingEnclave } from "./qe-identity.ts";
import type { Random } from "./random.ts";
import type { SgxExtension } from "./sgx-extension.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";

export type CaKind = "platform" | "processor";

export type Platform = {
  readonly sgx: SgxExtension;
  /** TEE_TCB_SVN, 16 bytes: SVN and version of the TDX module, then the rest. */
  readonly teeTcbSvn: Uint8Array;
  /** MRSIGNERSEAM, 48 bytes: zero for a module of Intel's. */
  readonly seamSigner: Uint8Array;
  readonly enclaves: Readonly<Record<Tee, QuotingEnclave>>;
  readonly attestationKeys: Readonly<Record<Tee, KeyPair>>;
};

/** Svns of which some are zero and one in eight is the largest. */
const components = (random: Random): number[] =>
  Array.from({ length: 16 }, () => (random.chance(0.1) ? 255 : random.chance(0.4) ? 0 : random.integer(1, 20)));

/** `own` draws what differs between two machines of one model. */
const sgxOf = (random: Random, own: Random, ca: CaKind): SgxExtension => {
  const svns = [random.integer(1, 20), ...components(random).slice(1)];
  return {
    ppid: own.bytes(16),
    components: svns,
    pceSvn: random.integer(2, 20),
    cpuSvn: Uint8Array.from(svns),
    pceId: zeros(2),
    fmspc: random.bytes(6),
    sgxType: ca === "platform" ? 1 : 0,
    ...(ca === "platform"
      ? {
          platformInstanceId: own.bytes(16),
          configuration: {
            dynamicPlatform: random.chance(0.5),
            cachedKeys: random.chance(0.5),
            smtEnabled: random.chance(0.5),
          },
        }
      : {}),
  };
};

const enclaveOf = (random: Random): QuotingEnclave => ({
  mrSigner: random.bytes(32),
  isvProdId: random.integer(1, 9),
  isvSvn: random.integer(3, 20),
});

/** Module version 0 (no identities of its own) in one world of four. */
const teeTcbSvnOf = (random: Random): Uint8Array =>
  concat(
    Uint8Array.of(random.integer(3, 20), random.chance(0.25) ? 0 : random.integer(1, 6), random.integer(1, 9)),
    ...Array.from({ length: 13 }, () => Uint8Array.of(random.chance(0.8) ? 0 : random.integer(1, 255))),
  );

/** Machines of one seed are of one model: the same FMSPC, versions and quoting enclaves, but other keys. */
export const mintPlatform = (random: Random, ca: CaKind, machine: string): Platform => {
  const own = random.fork(`machine ${machine}`);
  return {
    sgx: sgxOf(random.fork("sgx"), own.fork("sgx"), ca),
    teeTcbSvn: teeTcbSvnOf(random.fork("tdx")),
    seamSigner: zeros(48),
    enclaves: { SGX: enclaveOf(random.fork("SGX enclave")), TDX: enclaveOf(random.fork("TDX enclave")) },
    attestationKeys: { SGX: mintKey(own.fork("SGX key")), TDX: mintKey(own.fork("TDX key")) },
  };
};
