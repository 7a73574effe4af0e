/** What the collateral job has to do: pure. */
import type { Hex } from "viem";
import type { Crl } from "../../sdk/attestation/crl.ts";
import type { Tee } from "../../sdk/attestation/quote.ts";
import { isTextDue, type Need } from "../attestation/needs.ts";
import type { PckCa } from "../attestation/collateral/urls.ts";
import type { KeptTexts } from "../attestation/tee-chain.ts";
import type { RegisteredIssuer, RegisteredPck } from "../chain/evidence.ts";

/** A kind of machines: those that share collateral. `fmspc` is 0x and 12 hex digits. */
export type Platform = { readonly tee: Tee; readonly fmspc: Hex; readonly ca: PckCa };

/** The same platforms, each once. */
export const distinct = (platforms: readonly Platform[]): readonly Platform[] => [
  ...new Map(platforms.map((one) => [`${one.tee} ${one.fmspc.toLowerCase()} ${one.ca}`, one])).values(),
];

/** Texts to post, with their signer where it is not on chain: those that end within `renewBeforeS` or count no more, where there are later ones. */
export const planTexts = (
  needs: readonly Need[],
  kept: KeptTexts,
  { liveIssuers, renewBeforeS, nowS }: { liveIssuers: ReadonlySet<Hex>; renewBeforeS: number; nowS: number },
): readonly Need[] => {
  const due = needs.filter(
    (need) => (need.kind === "tcbInfo" || need.kind === "qeIdentity") && isTextDue(need, kept, nowS + renewBeforeS),
  );
  if (due.length === 0) return [];
  const issuers = needs.filter((need) => need.kind === "issuer" && !liveIssuers.has(need.issuerId));
  return issuers.length > 0 ? issuers : due;
};

/** A registered certificate that a list revokes: `offset` of its entry in the list. */
export type Revoked<T> = T & { readonly offset: number };

/** Those of the registered certificates that the list of their authority revokes. */
export const revokedPcks = (
  pcks: readonly RegisteredPck[],
  issuerId: Hex,
  { revoked }: Pick<Crl, "revoked">,
): readonly Revoked<RegisteredPck>[] =>
  pcks.filter((pck) => pck.issuerId === issuerId).flatMap((pck) => found(pck, revoked));

/** Those of the registered issuers that the root's list revokes. */
export const revokedIssuers = (
  issuers: readonly RegisteredIssuer[],
  { revoked }: Pick<Crl, "revoked">,
): readonly Revoked<RegisteredIssuer>[] => issuers.flatMap((issuer) => found(issuer, revoked));

/** A serial number as lists are keyed by it: whole bytes, without a leading zero. */
const serialKey = (serial: bigint): Hex => {
  const digits = serial.toString(16);
  return `0x${digits.length % 2 === 0 ? "" : "0"}${digits}`;
};

const found = <T extends { readonly serial: bigint }>(one: T, revoked: Crl["revoked"]): readonly Revoked<T>[] => {
  const offset = revoked.get(serialKey(one.serial));
  return offset === undefined ? [] : [{ ...one, offset }];
};
