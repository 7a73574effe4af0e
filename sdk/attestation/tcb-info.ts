import { demand } from "./evidence-error.ts";
import { type Fields, parseFields } from "./json-fields.ts";
import { componentCount } from "./sgx-extension.ts";
import type { Status } from "./status.ts";
import type { Validity } from "./validity.ts";

/** What Intel says about platforms that are at least of these versions. `tdxComponents` is empty for SGX. */
export type TcbLevel = {
  readonly sgxComponents: readonly number[];
  readonly tdxComponents: readonly number[];
  readonly pceSvn: number;
  readonly status: Status;
  readonly advisories: readonly string[];
};

/** What Intel says about a part that has one version number: a quoting enclave or a TDX module. */
export type PartLevel = { readonly isvSvn: number; readonly status: Status; readonly advisories: readonly string[] };

/** Who signed a TDX module, and its attributes. */
export type TdxModule = {
  readonly mrSigner: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
};

/** A TDX module of one major version. `id` is `TDX_` and the version in two upper-case digits of hex. */
export type TdxModuleIdentity = TdxModule & { readonly id: string; readonly levels: readonly PartLevel[] };

/** Intel's signed word on platforms of one FMSPC. */
export type TcbInfo = {
  readonly id: "SGX" | "TDX";
  readonly validity: Validity;
  readonly fmspc: Uint8Array;
  readonly pceId: Uint8Array;
  readonly evaluationNumber: number;
  readonly tdxModule: TdxModule | undefined;
  readonly tdxModuleIdentities: readonly TdxModuleIdentity[];
  readonly levels: readonly TcbLevel[];
};

const maxSvn = 65_535;

/** Parses the signed text of TCB info, version 3. Fields that are not known are passed over. Throws an EvidenceError. */
export function parseTcbInfo(text: string): TcbInfo {
  const fields = parseFields(text, "tcb_info");
  const id = fields.oneOf("id", ["SGX", "TDX"]);
  const isTdx = id === "TDX";
  fields.integer("version", 3, 3);
  fields.integer("tcbType", 0, 0);
  if (!isTdx) refuseTdx(fields, ["tdxModule", "tdxModuleIdentities"]);
  return {
    id,
    validity: validityOf(fields),
    fmspc: fields.bytes("fmspc", 6),
    pceId: fields.bytes("pceId", 2),
    evaluationNumber: evaluationNumberOf(fields),
    tdxModule: isTdx ? tdxModuleOf(fields.object("tdxModule")) : undefined,
    tdxModuleIdentities: isTdx && fields.has("tdxModuleIdentities") ? identitiesOf(fields) : [],
    levels: levelsOf(fields, (level) => tcbLevelOf(level, isTdx)),
  };
}

/** When the text was issued, and when the next one is due. */
export function validityOf(fields: Fields): Validity {
  return { from: fields.time("issueDate"), until: fields.time("nextUpdate") };
}

/** Intel counts its evaluations of all platforms. */
export function evaluationNumberOf(fields: Fields): number {
  return fields.integer("tcbEvaluationDataNumber", 0, 0xffff_ffff);
}

/** Levels of a part with one version number, from the newest to the oldest. */
export function partLevelsOf(fields: Fields): PartLevel[] {
  return levelsOf(fields, (level) => ({
    isvSvn: level.object("tcb").integer("isvsvn", 0, maxSvn),
    ...verdictOf(level),
  }));
}

function levelsOf<T>(fields: Fields, levelOf: (level: Fields) => T): T[] {
  const levels = fields.objects("tcbLevels");
  demand(levels.length > 0, "collateral-malformed", "A list of TCB levels is empty.");
  return levels.map(levelOf);
}

function tcbLevelOf(level: Fields, isTdx: boolean): TcbLevel {
  const tcb = level.object("tcb");
  if (!isTdx) refuseTdx(tcb, ["tdxtcbcomponents"]);
  return {
    sgxComponents: componentsOf(tcb, "sgxtcbcomponents"),
    tdxComponents: isTdx ? componentsOf(tcb, "tdxtcbcomponents") : [],
    pceSvn: tcb.integer("pcesvn", 0, maxSvn),
    ...verdictOf(level),
  };
}

function refuseTdx(fields: Fields, names: readonly string[]): void {
  for (const name of names) demand(!fields.has(name), "collateral-malformed", `TCB info of SGX has ${name}.`);
}

function componentsOf(tcb: Fields, name: string): number[] {
  const components = tcb.objects(name).map((component) => component.integer("svn", 0, 255));
  const count = `A level has ${components.length} ${name} instead of ${componentCount}.`;
  demand(components.length === componentCount, "collateral-malformed", count);
  return components;
}

function verdictOf(level: Fields): { status: Status; advisories: string[] } {
  return {
    status: level.status("tcbStatus"),
    advisories: level.has("advisoryIDs") ? level.texts("advisoryIDs") : [],
  };
}

function tdxModuleOf(fields: Fields): TdxModule {
  return {
    mrSigner: fields.bytes("mrsigner", 48),
    attributes: fields.bytes("attributes", 8),
    attributesMask: fields.bytes("attributesMask", 8),
  };
}

function identitiesOf(fields: Fields): TdxModuleIdentity[] {
  const identities = fields.objects("tdxModuleIdentities").map((identity) => ({
    id: moduleIdOf(identity),
    ...tdxModuleOf(identity),
    levels: partLevelsOf(identity),
  }));
  const ids = new Set(identities.map(({ id }) => id));
  demand(ids.size === identities.length, "collateral-malformed", "A TDX module identity comes twice.");
  return identities;
}

/** Letters of either case, as Intel's own library compares them. */
function moduleIdOf(identity: Fields): string {
  const id = identity.text("id");
  demand(/^TDX_[0-9a-fA-F]{2}$/.test(id), "collateral-malformed", `A TDX module cannot have the id ${id}.`);
  return id.toUpperCase();
}
