/**
 * What Intel's Provisioning Certification Service (version 4) answers, out of a minted world. Paths, parameters, statuses
 * and headers follow Intel's API specification; the root CA's list has an address of its own there. A caching service
 * (PCCS) also serves that list, in hex, under `rootcacrl`.
 */
import { randomBytes } from "node:crypto";
import { bytesOf, textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import type { Collateral } from "../../../keepers/attestation/dev/collateral.ts";
import { pemOf } from "../../../keepers/attestation/dev/pem.ts";
import type { CaKind } from "../../../keepers/attestation/dev/platform.ts";
import { upperHex } from "../../../keepers/attestation/dev/signed-text.ts";
import type { Tee } from "../../../sdk/attestation/quote.ts";
import { mintEvaluationList } from "./tcb-evaluations.ts";
import type { World } from "./world.ts";

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** What a path asks for. */
export type Part = "tcb" | "qe" | "pckcrl" | "rootcrl" | "evaluations";

export const rootCrlPath = "/IntelSGXRootCA.der";

const olderEvaluations = 2;

const plain = (status: number): Answer => ({ status, headers: {}, body: new Uint8Array(0) });

const answer = (type: string, body: Uint8Array, chain?: readonly [header: string, pem: string]): Answer => ({
  status: 200,
  headers: {
    "Content-Type": type,
    "Request-ID": randomBytes(16).toString("hex"),
    ...(chain === undefined ? {} : { [chain[0]]: encodeURIComponent(chain[1]) }),
  },
  body,
});

const json = (field: string, text: string, signature: string): Uint8Array =>
  textBytes(`{"${field}":${text},"signature":"${signature}"}`);

/** The evaluation asked for, or the status of the refusal. Early is one ahead of standard. */
const evaluationOf = (world: World, query: URLSearchParams): number | Answer => {
  const [update, number] = [query.get("update"), query.get("tcbEvaluationDataNumber")];
  if (update !== null && number !== null) return plain(400);
  if (update !== null)
    return ["early", "standard"].includes(update) ? world.evaluation + Number(update === "early") : plain(400);
  if (number === null) return world.evaluation;
  if (!/^\d+$/.test(number)) return plain(400);
  if (Number(number) > world.evaluation + 1) return plain(404);
  return Number(number) < world.evaluation - olderEvaluations ? plain(410) : Number(number);
};

const collateralAt = (world: World, tee: Tee, evaluation: number): Collateral =>
  world.remint({ evaluation }).collateral({ tee });

const tcb = (world: World, tee: Tee, query: URLSearchParams): Answer => {
  const fmspc = query.get("fmspc") ?? "";
  if (!/^[0-9a-fA-F]{12}$/.test(fmspc)) return plain(400);
  const evaluation = evaluationOf(world, query);
  if (typeof evaluation !== "number") return evaluation;
  if (fmspc.toUpperCase() !== upperHex(world.platform.sgx.fmspc)) return plain(404);
  const { tcb_info, tcb_info_signature, tcb_info_issuer_chain } = collateralAt(world, tee, evaluation);
  const body = json("tcbInfo", tcb_info, tcb_info_signature);
  return answer("application/json", body, ["TCB-Info-Issuer-Chain", tcb_info_issuer_chain]);
};

const qe = (world: World, tee: Tee, query: URLSearchParams): Answer => {
  const evaluation = evaluationOf(world, query);
  if (typeof evaluation !== "number") return evaluation;
  const { qe_identity, qe_identity_signature, qe_identity_issuer_chain } = collateralAt(world, tee, evaluation);
  const body = json("enclaveIdentity", qe_identity, qe_identity_signature);
  return answer("application/json", body, ["SGX-Enclave-Identity-Issuer-Chain", qe_identity_issuer_chain]);
};

const isCa = (ca: string | null): ca is CaKind => ca === "platform" || ca === "processor";

const pckCrl = (world: World, query: URLSearchParams): Answer => {
  const [ca, encoding] = [query.get("ca"), query.get("encoding") ?? "pem"];
  if (!isCa(ca) || !["pem", "der"].includes(encoding)) return plain(400);
  const { pck_crl, pck_crl_issuer_chain } = (ca === world.ca ? world : world.remint({ ca })).collateral();
  const der = bytesOf(pck_crl);
  const chain = ["SGX-PCK-CRL-Issuer-Chain", pck_crl_issuer_chain] as const;
  return encoding === "der"
    ? answer("application/pkix-crl", der, chain)
    : answer("application/x-pem-file", textBytes(pemOf(der, "X509 CRL")), chain);
};

const evaluations = (world: World, tee: Tee): Answer => {
  const { evaluation, at, certificates } = world;
  const numbers = Array.from({ length: olderEvaluations + 2 }, (_, i) => evaluation + 1 - i);
  const issuedAt = at - 86_400;
  const list = mintEvaluationList(
    { tee, issuedAt, nextUpdate: issuedAt + 30 * 86_400, numbers },
    certificates.tcbSigning.key,
  );
  const body = json("tcbEvaluationDataNumbers", list.text, list.signature);
  const chain = world.collateral({ tee }).tcb_info_issuer_chain;
  return answer("application/json", body, ["TCB-Evaluation-Data-Numbers-Issuer-Chain", chain]);
};

const rootCrl = (world: World, isHex: boolean): Answer => {
  const hex = world.collateral().root_ca_crl;
  return isHex ? answer("text/plain", textBytes(hex)) : answer("application/pkix-crl", bytesOf(hex));
};

type Route = { readonly part: Part; readonly answer: (world: World, query: URLSearchParams) => Answer };

const teeRoutes = (tee: Tee): [string, Route][] => {
  const base = `/${tee.toLowerCase()}/certification/v4`;
  return [
    [`${base}/tcb`, { part: "tcb", answer: (world, query) => tcb(world, tee, query) }],
    [`${base}/qe/identity`, { part: "qe", answer: (world, query) => qe(world, tee, query) }],
    [`${base}/tcbevaluationdatanumbers`, { part: "evaluations", answer: (world) => evaluations(world, tee) }],
  ];
};

export const routes: ReadonlyMap<string, Route> = new Map([
  ...teeRoutes("SGX"),
  ...teeRoutes("TDX"),
  ["/sgx/certification/v4/pckcrl", { part: "pckcrl", answer: pckCrl }],
  ["/sgx/certification/v4/rootcacrl", { part: "rootcrl", answer: (world) => rootCrl(world, true) }],
  [rootCrlPath, { part: "rootcrl", answer: (world) => rootCrl(world, false) }],
]);
