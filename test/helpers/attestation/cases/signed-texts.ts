import { caseSeed } from "../seed.ts";
import { type CollateralOptions, mintWorld } from "../world.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

const withModule = Uint8Array.of(5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const world = mintWorld({ seed: caseSeed("signed texts"), platform: { teeTcbSvn: withModule } });
const genuine = world.collateral();
const info = world.tcbInfo("TDX");

const withOptions = (options: CollateralOptions) => () => ask(world, { collateral: world.collateral(options) });
/** The texts signed again, with something replaced in them. */
const withInfo = (from: string | RegExp, to: string) =>
  withOptions({ tcbInfoText: replaced(genuine.tcb_info, from, to) });
const withIdentity = (from: string | RegExp, to: string) =>
  withOptions({ qeIdentityText: replaced(genuine.qe_identity, from, to) });

function replaced(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`${String(from)} is not in the text`);
  return result;
}

export const formsOfInfo: readonly RejectionCase[] = (
  [
    ["another version", '"version":3', '"version":2'],
    ["another type", '"tcbType":0', '"tcbType":1'],
    ["another id", '"id":"TDX"', '"id":"TDY"'],
    ["SGX as id, with a TDX module", '"id":"TDX"', '"id":"SGX"'],
    ["a key that comes twice", '"version":3', '"version":3,"version":3'],
    ["a status that comes twice", '"tcbStatus":', '"tcbStatus":"UpToDate","tcbStatus":'],
    ["an unknown key that comes twice", '"version":3', '"x":1,"version":3,"x":1'],
    ["a key with an escape", '"version":3', '"versio\\u006e":3'],
    ["white space", '"version":3', '"version": 3'],
    ["a fraction", '"version":3', '"version":3.0'],
    ["an exponent", '"pcesvn":', '"pcesvn":1e0'],
    ["a leading zero", '"version":3', '"version":03'],
    ["a negative number", '"tcbType":0', '"tcbType":-0'],
    ["a number as text", '"version":3', '"version":"3"'],
    ["an unknown status", /"tcbStatus":"\w+"/g, '"tcbStatus":"TdRelaunchAdvised"'],
    ["a component above a byte", /"svn":\d+/, '"svn":256'],
    ["a component that is missing", /\{"svn":\d+[^}]*\},/, ""],
    ["a component without svn", /"svn":/, '"svm":'],
    ["a short FMSPC", /"fmspc":"../, '"fmspc":"'],
    ["a time that does not exist", /"issueDate":"....-..-../, '"issueDate":"2026-02-30'],
    ["a time without zone", /("issueDate":"[^"]*)Z"/, '$1"'],
    ["no levels", /"tcbLevels":\[\{"tcb":\{"sgx.*\]/, '"tcbLevels":[]'],
    ["a missing module", /"tdxModule":\{[^}]*\},/, ""],
    ["a module of no version", /"id":"TDX_..",/, '"id":"TDX_1",'],
    ["a fifteenth component as the last one", /,\{"svn":\d+[^}]*\}\]/, "]"],
    ["a comma too many", /\}$/, ",}"],
    ["a second object", /$/, "{}"],
    ["what is no object", /^.*$/, "[]"],
    ["nothing", /^.*$/, ""],
  ] as const
).map(([title, from, to]) => [`TCB info with ${title}`, "collateral-malformed", withInfo(from, to)]);

export const formsOfIdentity: readonly RejectionCase[] = (
  [
    ["another version", '"version":2', '"version":1'],
    ["another id", '"id":"TD_QE"', '"id":"QVE"'],
    ["a key that comes twice", '"version":2', '"version":2,"version":2'],
    ["an ISVSVN above 16 bits", /"isvsvn":\d+/, '"isvsvn":65536'],
    ["a short MRSIGNER", /"mrsigner":"../, '"mrsigner":"'],
    ["a missing mask", /"miscselectMask":"[^"]*",/, ""],
    ["an unknown status", /"tcbStatus":"\w+"/, '"tcbStatus":""'],
  ] as const
).map(([title, from, to]) => [`a QE identity with ${title}`, "collateral-malformed", withIdentity(from, to)]);

const modules = info.tdxModuleIdentities ?? [];
const enclave = world.quote({ tee: "SGX" }).bytes;
const sgxInfo = (tcbInfoText: string) => () =>
  ask(world, { quote: enclave, collateral: world.collateral({ tee: "SGX", tcbInfoText }) });
const sgxText = world.collateral({ tee: "SGX" }).tcb_info;
export const ofTwoKinds: readonly RejectionCase[] = [
  [
    "TCB info with a module that comes twice",
    "collateral-malformed",
    withOptions({ tcbInfo: { tdxModuleIdentities: [...modules, ...modules.slice(0, 1)] } }),
  ],
  ...['"tdxModule":{}', '"tdxModuleIdentities":[]'].map((member): RejectionCase => [
    `TCB info of SGX with ${member}`,
    "collateral-malformed",
    sgxInfo(replaced(sgxText, '"version":3', `"version":3,${member}`)),
  ]),
  [
    "TCB info of SGX with TDX components",
    "collateral-malformed",
    sgxInfo(replaced(sgxText, '"pcesvn":', '"tdxtcbcomponents":[],"pcesvn":')),
  ],
];

const { id, ...rest } = info;
export const accepted: readonly AcceptanceCase[] = [
  ["texts of SGX for an enclave", sgxInfo(sgxText)],
  [
    "TCB info that says more than what is known",
    withInfo('"version":3', '"newField":{"a":[1.5e3,null,true]},"version":3'),
  ],
  ["a QE identity that says more than what is known", withIdentity('"version":2', '"newField":"","version":2')],
  ["TCB info in another order", withOptions({ tcbInfoText: JSON.stringify({ ...rest, id }) })],
];
