/** What has to be on chain before a quote: calls, each with what tells whether it is there. */
import { type Hex, hexToBytes } from "viem";
import { parseCertificate } from "../../sdk/attestation/certificate.ts";
import { calldataOf, type ChainEvidence, type RegistrationCall } from "../../sdk/attestation/chain-calls.ts";
import { issuerIdOf } from "../../sdk/attestation/chain-ids.ts";
import { parseQeIdentity } from "../../sdk/attestation/qe-identity.ts";
import type { KeptTexts } from "./tee-chain.ts";
import { parseTcbInfo, type TcbInfo } from "../../sdk/attestation/tcb-info.ts";

/** A call that fills a need. */
export type Need = {
  readonly what: string;
  readonly to: RegistrationCall["to"];
  readonly data: Hex;
} & (
  | { readonly kind: "issuer"; readonly issuerId: Hex }
  /** When the text was issued and when it ends, Unix seconds, inclusive. */
  | { readonly kind: "tcbInfo" | "qeIdentity"; readonly issuedS: number; readonly untilS: number }
  /** `after` is until when the certificate counts on chain as it is, Unix seconds; zero if it is not there. */
  | { readonly kind: "pck"; readonly after: number }
  | { readonly kind: "key" }
);

const textOf = (hex: Hex): string => new TextDecoder().decode(hexToBytes(hex));

const periodOf = ({ validity: { from, until } }: Pick<TcbInfo, "validity">) => ({ issuedS: from, untilS: until });

const needOf = (call: RegistrationCall): Need => {
  const { what, to } = call;
  const base = { what, to, data: calldataOf(call) };
  if (call.functionName === "registerIssuer")
    return { ...base, kind: "issuer", issuerId: issuerIdOf(parseCertificate(hexToBytes(call.args[0]), what)) };
  if (call.functionName === "postTcbInfo")
    return { ...base, kind: "tcbInfo", ...periodOf(parseTcbInfo(textOf(call.args[0]))) };
  if (call.functionName === "postQeIdentity")
    return { ...base, kind: "qeIdentity", ...periodOf(parseQeIdentity(textOf(call.args[0]))) };
  return call.functionName === "registerPck" ? { ...base, kind: "pck", after: 0 } : { ...base, kind: "key" };
};

/** The needs that the calls fill, each once, in the order in which they have to be filled. Throws an EvidenceError. */
export const needsOf = (calls: readonly RegistrationCall[]): readonly Need[] => {
  const byData = new Map(calls.map((call) => [calldataOf(call), needOf(call)]));
  return [...byData.values()];
};

/** All needs of a quote. */
export const needsOfQuote = ({ collateral, machine }: ChainEvidence): readonly Need[] =>
  needsOf([...collateral, ...machine]);

/** Whether a text is to be posted: it is later than the one on chain, and that one ends by `endsByS` or counts no more. */
export const isTextDue = (
  need: Extract<Need, { kind: "tcbInfo" | "qeIdentity" }>,
  kept: KeptTexts,
  endsByS: number,
): boolean => {
  const { issueDate, nextUpdate } = kept[need.kind];
  return need.issuedS > issueDate && (kept.areDistrusted || nextUpdate <= endsByS);
};
