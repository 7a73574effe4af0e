/** What OpenSSL says of minted certificates: a judge that shares no code with the kit. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pemOf } from "../../../keepers/attestation/dev/pem.ts";

export const hasOpenssl = (): boolean => spawnSync("openssl", ["version"]).status === 0;

export type Verification = {
  readonly leaf: Uint8Array;
  readonly intermediates?: readonly Uint8Array[];
  readonly root: Uint8Array;
  readonly crls: readonly Uint8Array[];
  /** Unix seconds. */
  readonly at: number;
};

const run = (args: readonly string[], input?: Uint8Array): string => {
  const { stdout, stderr, status } = spawnSync("openssl", args, input === undefined ? {} : { input });
  return status === 0 ? stdout.toString() : stderr.toString();
};

/** "OK", or what OpenSSL found wrong, under strict rules and with revocation checked at every depth. */
export const opensslVerdict = ({ leaf, intermediates = [], root, crls, at }: Verification): string => {
  const folder = mkdtempSync(join(tmpdir(), "atoma-openssl-"));
  const file = (name: string, ders: readonly Uint8Array[], label?: string): string => {
    const path = join(folder, name);
    writeFileSync(path, ders.map((der) => pemOf(der, label)).join(""));
    return path;
  };
  try {
    const lists = ["-crl_check_all", "-CRLfile", file("crls", crls, "X509 CRL")];
    const chain = ["-CAfile", file("root", [root]), "-untrusted", file("intermediates", intermediates)];
    const clock = ["-x509_strict", "-attime", String(at)];
    const said = run(["verify", ...clock, ...lists, ...chain, file("leaf", [leaf])]);
    return said.trim().endsWith(": OK") ? "OK" : said;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The text of a certificate or list. */
export const opensslText = (kind: "x509" | "crl", der: Uint8Array): string =>
  run([kind, "-inform", "DER", "-noout", "-text", "-nameopt", "oneline"], der);
