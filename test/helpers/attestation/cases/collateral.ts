import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed } from "../seed.ts";
import { timeText } from "../../../../keepers/attestation/dev/signed-text.ts";
import { type CollateralOptions, mintWorld } from "../world.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

const withModule = Uint8Array.of(5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const withoutModule = Uint8Array.of(5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const world = mintWorld({ seed: caseSeed("collateral"), platform: { teeTcbSvn: withModule } });
const other = mintWorld({ seed: caseSeed("another machine"), at: world.at });
const stranger = mintKey(seededRandom(caseSeed("stranger")));
export const genuine = world.collateral();
const info = world.tcbInfo("TDX");
const identity = world.qeIdentity("TDX");

const withOptions = (options: CollateralOptions) => () => ask(world, { collateral: world.collateral(options) });
export const withMember = (name: string, value: unknown) => () =>
  ask(world, { collateral: { ...genuine, [name]: value } });
/** The texts signed again, with something replaced in them. */
const withInfo = (from: string | RegExp, to: string) =>
  withOptions({ tcbInfoText: replaced(genuine.tcb_info, from, to) });
function replaced(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`${String(from)} is not in the text`);
  return result;
}

export const members: readonly RejectionCase[] = [
  ...[undefined, null, 7, "text", []].map((value): RejectionCase => [
    `${JSON.stringify(value)} in the place of collateral`,
    "collateral-malformed",
    () => ask(world, { collateral: value }),
  ]),
  ...Object.keys(genuine)
    .filter((name) => name !== "pck_crl_issuer_chain")
    .flatMap((name): RejectionCase[] => [
      [`collateral without ${name}`, "collateral-malformed", withMember(name, undefined)],
      [`a number as ${name}`, "collateral-malformed", withMember(name, 1)],
    ]),
  [
    "a signature of 63 bytes",
    "collateral-malformed",
    withMember("tcb_info_signature", genuine.tcb_info_signature.slice(2)),
  ],
  ["a chain that is no PEM", "pem-malformed", withMember("qe_identity_issuer_chain", "x")],
];

export const signatures: readonly RejectionCase[] = [
  ["texts that a stranger signed", "collateral-signature", withOptions({ signingKey: stranger })],
  [
    "an edited tcbStatus",
    "collateral-signature",
    withMember("tcb_info", genuine.tcb_info.replace('"UpToDate"', '"OutOfDate"')),
  ],
  ["an edited TCB info", "collateral-signature", withMember("tcb_info", `${genuine.tcb_info} `)],
  ["an edited QE identity", "collateral-signature", withMember("qe_identity", genuine.qe_identity.replace("FB", "FA"))],
  [
    "the signature of the other text",
    "collateral-signature",
    withMember("tcb_info_signature", genuine.qe_identity_signature),
  ],
  [
    "texts of another root",
    "root-unknown",
    () => ask(world, { collateral: { ...genuine, ...texts(other.collateral()) } }),
  ],
];

function texts({ tcb_info, tcb_info_signature, tcb_info_issuer_chain }: typeof genuine) {
  return { tcb_info, tcb_info_signature, tcb_info_issuer_chain };
}

export const times: readonly RejectionCase[] = [
  [
    "TCB info after its next update",
    "collateral-expired",
    withOptions({ tcbInfo: { nextUpdate: timeText(world.at - 1) } }),
  ],
  [
    "TCB info before it was issued",
    "collateral-not-yet-valid",
    withOptions({ tcbInfo: { issueDate: timeText(world.at + 1) } }),
  ],
  [
    "a QE identity after its next update",
    "collateral-expired",
    withOptions({ qeIdentity: { nextUpdate: timeText(world.at - 1) } }),
  ],
  [
    "a QE identity before it was issued",
    "collateral-not-yet-valid",
    withOptions({ qeIdentity: { issueDate: timeText(world.at + 1) } }),
  ],
];

export const mismatches: readonly RejectionCase[] = [
  ["TCB info of another FMSPC", "collateral-mismatch", withOptions({ tcbInfo: { fmspc: other.tcbInfo("TDX").fmspc } })],
  ["TCB info of another PCE", "collateral-mismatch", withOptions({ tcbInfo: { pceId: "0001" } })],
  ["SGX collateral for a TD", "collateral-mismatch", withOptions({ tee: "SGX" })],
  [
    "TDX collateral for an enclave",
    "collateral-mismatch",
    () => ask(world, { quote: world.quote({ version: 3 }).bytes }),
  ],
  ["the identity of the SGX enclave for a TD", "collateral-mismatch", withOptions({ qeIdentity: { id: "QE" } })],
  ["another MRSIGNER", "qe-identity-mismatch", withOptions({ qeIdentity: { mrsigner: "00".repeat(32) } })],
  ["another ISVPRODID", "qe-identity-mismatch", withOptions({ qeIdentity: { isvprodid: identity.isvprodid + 1 } })],
  ["another MISCSELECT", "qe-identity-mismatch", withOptions({ qeIdentity: { miscselect: "00000001" } })],
  [
    "other attributes of the enclave",
    "qe-identity-mismatch",
    withOptions({ qeIdentity: { attributes: `15${"00".repeat(15)}` } }),
  ],
];

export const ofTwoTees: readonly RejectionCase[] = [
  [
    "TCB info of SGX with the identity of the TDX enclave for a TD",
    "collateral-mismatch",
    withOptions({ tcbInfoText: JSON.stringify(world.tcbInfo("SGX")) }),
  ],
  [
    "TCB info of TDX with the identity of the SGX enclave for an enclave",
    "collateral-mismatch",
    () => {
      const collateral = world.collateral({ tee: "SGX", tcbInfoText: genuine.tcb_info });
      return ask(world, { quote: world.quote({ tee: "SGX" }).bytes, collateral });
    },
  ],
];

const noLevels = [{ tcb: { isvsvn: 65_535 }, tcbDate: "2025-01-01T00:00:00Z", tcbStatus: "UpToDate" }] as const;
const modules = info.tdxModuleIdentities ?? [];
export const levels: readonly RejectionCase[] = [
  ["an enclave below every level", "qe-level-missing", withOptions({ qeIdentity: { tcbLevels: noLevels } })],
  [
    "a module below every level",
    "tdx-module-level-missing",
    withModules((module) => ({ ...module, tcbLevels: noLevels })),
  ],
  [
    "a module whose level needs configuration",
    "tdx-module-level-missing",
    withModules((module) => ({
      ...module,
      tcbLevels: module.tcbLevels.map((level) => ({ ...level, tcbStatus: "ConfigurationNeeded" as const })),
    })),
  ],
  [
    "a module that is not listed",
    "tdx-module-mismatch",
    withModules((module) => ({ ...module, id: module.id.replace(/.$/, "F") }), 1),
  ],
  [
    "a module of another signer",
    "tdx-module-mismatch",
    withModules((module) => ({ ...module, mrsigner: "11".repeat(48) })),
  ],
  [
    "a module of other attributes",
    "tdx-module-mismatch",
    withModules((module) => ({ ...module, attributes: "0100000000000000" })),
  ],
  ["a platform below every PCESVN", "tcb-level-missing", withInfo(/"pcesvn":\d+/g, '"pcesvn":65535')],
  ...(["sgxtcbcomponents", "tdxtcbcomponents"] as const).flatMap((name): RejectionCase[] => {
    const components = `${name.slice(0, 3).toUpperCase()} component`;
    return [
      [`a platform below every ${components}`, "tcb-level-missing", withAllLevels(name, 255)],
      [`a platform below every ${components} but the first`, "tcb-level-missing", withAllLevels(name, 0)],
    ];
  }),
];

/** The levels that say UpToDate, above the platform in every component; the first one is given. */
function withAllLevels(name: "sgxtcbcomponents" | "tdxtcbcomponents", first: number) {
  const raise = (list: readonly { svn: number }[] = []) => list.map((_, i) => ({ svn: i === 0 ? first : 255 }));
  const levels = info.tcbLevels.filter(({ tcbStatus }) => tcbStatus === "UpToDate");
  return withOptions({
    tcbInfo: {
      tcbLevels: levels.map((level) => ({ ...level, tcb: { ...level.tcb, [name]: raise(level.tcb[name]) } })),
    },
  });
}

type Module = (typeof modules)[number];
function withModules(change: (module: Module) => Module, count = modules.length) {
  return withOptions({
    tcbInfo: { tdxModuleIdentities: modules.filter(({ id }) => id === "TDX_01" || count > 1).map(change) },
  });
}

const old = mintWorld({ seed: caseSeed("old module"), platform: { teeTcbSvn: withoutModule } });
const withOld = (tcbInfo: NonNullable<CollateralOptions["tcbInfo"]>) => () =>
  ask(old, { collateral: old.collateral({ tcbInfo }) });
const { tdxModule = { mrsigner: "", attributes: "", attributesMask: "" } } = old.tcbInfo("TDX");

type Levels = typeof info.tcbLevels;
/** All levels with the first TDX components, which are the module's, at another number. */
function withModuleSvns(levels: Levels, count: number, svn: number): Levels {
  return levels.map((level) => ({
    ...level,
    tcb: {
      ...level.tcb,
      tdxtcbcomponents: (level.tcb.tdxtcbcomponents ?? []).map((one, i) => (i < count ? { svn } : one)),
    },
  }));
}

/** A module without a version of its own is rated by tdxModule, and its two components by the levels. */
export const oldModules: readonly RejectionCase[] = [
  [
    "an old module of another signer",
    "tdx-module-mismatch",
    withOld({ tdxModule: { ...tdxModule, mrsigner: "22".repeat(48) } }),
  ],
  [
    "an old module below every level",
    "tcb-level-missing",
    withOld({ tcbLevels: withModuleSvns(old.tcbInfo("TDX").tcbLevels, 1, 6) }),
  ],
];

const upper = (text: string) => text.toUpperCase();
export const accepted: readonly AcceptanceCase[] = [
  ["collateral as Intel makes it", () => ask(world)],
  [
    "hex in upper case",
    () =>
      ask(world, {
        collateral: {
          ...genuine,
          pck_crl: upper(genuine.pck_crl),
          tcb_info_signature: upper(genuine.tcb_info_signature),
        },
      }),
  ],
  ["an FMSPC in lower case", withOptions({ tcbInfo: { fmspc: info.fmspc.toLowerCase() } })],
  ["a module without a version of its own", () => ask(old)],
  [
    "levels above the first two components of a module with a version of its own",
    withOptions({ tcbInfo: { tcbLevels: withModuleSvns(info.tcbLevels, 2, 255) } }),
  ],
];
