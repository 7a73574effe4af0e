/** Every minted case by its title. */
import type { MintedQuestion } from "./ask.ts";
import * as certificate from "./certificate.ts";
import * as chain from "./chain.ts";
import * as collateral from "./collateral.ts";
import * as crl from "./crl.ts";
import { advisedWorlds, drawnWorlds, mergedWorlds } from "./drawn.ts";
import * as quote from "./quote.ts";
import * as extension from "./sgx-extension.ts";
import * as texts from "./signed-texts.ts";

const rejected = [
  ...[chain.roles, chain.names, chain.times, chain.signatures, chain.elements, chain.forms],
  ...[crl.revocations, crl.revokedWithoutIssuer, crl.lists, crl.ofAnotherCa],
  ...[collateral.members, collateral.signatures, collateral.times, collateral.mismatches],
  ...[collateral.ofTwoTees, collateral.levels, collateral.oldModules],
  ...[quote.headers, quote.ends, quote.signatures, quote.reports, quote.serviceTds],
  ...[texts.formsOfInfo, texts.formsOfIdentity, texts.ofTwoKinds],
  ...[certificate.spoiledPcks, extension.spoiledPcks],
].flat();
const accepted = [
  ...[chain.accepted, crl.accepted, collateral.accepted, quote.accepted, texts.accepted, extension.accepted],
].flat();

/** Spoiled ones, unusual ones, and worlds drawn at random. */
export const allCases: readonly (readonly [title: string, question: () => MintedQuestion])[] = [
  ...rejected.map(([title, , question]) => [title, question] as const),
  ...accepted,
  ...drawnWorlds,
  ...mergedWorlds,
  ...advisedWorlds,
];
