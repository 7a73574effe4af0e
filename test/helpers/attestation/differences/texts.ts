/** TCB info, QE identity, and the statuses that follow from them. */
import { type Difference, drawn, type Titles } from "./difference.ts";

const info = (...faults: readonly string[]): Titles => faults.map((fault) => `TCB info with ${fault}`);
const identity = (...faults: readonly string[]): Titles => faults.map((fault) => `a QE identity with ${fault}`);
const modules: Titles = [
  "a module below every level",
  "a module whose level needs configuration",
  "a module that is not listed",
  "a module of another signer",
  "a module of other attributes",
  "an old module of another signer",
  ...info("a missing module", "a module of no version", "a module that comes twice"),
];
const levelsOfModules = "levels above the first two components of a module with a version of its own";
const looseForms = info(
  "a status that comes twice",
  "an unknown key that comes twice",
  "a key with an escape",
  "white space",
  "a time that does not exist",
  "a time without zone",
);
const looseNumbers = info(
  "a key that comes twice",
  "a fraction",
  "a negative number",
  "a number as text",
  "a component without svn",
);
const drawnNumbers = info("an exponent", "a component above a byte");
const drawnLengths = info("a component that is missing", "a fifteenth component as the last one");
const otherMachines: Titles = ["TCB info of another PCE", "TCB info with another type"];

export const differencesInTexts: readonly Difference[] = [
  {
    what: "QE identity",
    they: "not looked at: neither signature, time, enclave nor level, nor whether the enclave is debugged",
    here: "checked",
    of: {
      "dcap-qvl-web": {
        UpToDate: [
          ...["an edited QE identity", "a chain that is no PEM", "a quoting enclave that is debugged"],
          ...["a QE identity after its next update", "a QE identity before it was issued"],
          ...["the identity of the SGX enclave for a TD", "an enclave below every level"],
          ...["another MRSIGNER", "another ISVPRODID", "another MISCSELECT", "other attributes of the enclave"],
          /^a QE identity with /,
        ],
      },
    },
  },
  {
    what: "attributes of the quoting enclave outside of their mask",
    they: "passed over in the QE identity itself",
    here: "an identity that asks for them fits no enclave",
    of: { "dcap-qvl": { UpToDate: ["other attributes of the enclave"] } },
  },
  {
    what: "TDX module",
    they: "neither `tdxModule` nor module identities are looked at",
    here: "signer, attributes and level of the module",
    of: { "dcap-qvl": { UpToDate: modules }, "dcap-qvl-web": { UpToDate: modules } },
  },
  {
    what: "the module's two components in levels",
    they: "compared, also where the module has a version of its own",
    here: "not compared there, as Intel's library does",
    of: { "dcap-qvl": { refused: [levelsOfModules] }, "dcap-qvl-web": { Unknown: [levelsOfModules] } },
  },
  {
    what: "SVNs of a level",
    they: "compared as one text, so that a higher first one makes up for all that follow",
    here: "each must be reached",
    of: { "dcap-qvl-web": { UpToDate: [/^a platform below every (SGX|TDX) component but the first$/] } },
  },
  {
    what: "no TCB level",
    they: "status `Unknown`, without an error",
    here: "refused; only listed statuses can be accepted",
    of: {
      "dcap-qvl-web": {
        Unknown: [
          "a platform below every PCESVN",
          "a platform below every SGX component",
          "a platform below every TDX component",
          "an old module below every level",
          "TCB info with no levels",
        ],
      },
    },
  },
  {
    what: "unknown statuses",
    they: "handed on",
    here: "refused",
    of: { "dcap-qvl-web": { TdRelaunchAdvised: ["TCB info with an unknown status"] } },
  },
  {
    what: "PCE and type of TCB info",
    they: "not looked at",
    here: "the machine's PCE; type 0",
    of: { "dcap-qvl": { UpToDate: otherMachines }, "dcap-qvl-web": { UpToDate: otherMachines } },
  },
  {
    what: "kind of TEE of TCB info",
    they: "TCB info of TDX is taken for enclaves",
    here: "must be that of the quote",
    of: {
      "dcap-qvl-web": {
        [drawn]: [
          "TDX collateral for an enclave",
          "TCB info of TDX with the identity of the SGX enclave for an enclave",
        ],
        UpToDate: [/^TCB info of SGX with ("|TDX components)/],
      },
    },
  },
  {
    what: "TCB info of tomorrow",
    they: "taken",
    here: "refused",
    of: { "dcap-qvl-web": { UpToDate: ["TCB info before it was issued"] } },
  },
  {
    what: "form of the texts",
    they: "whatever a JSON parser takes: keys twice, escapes, white space, impossible times, in JavaScript numbers of any form",
    here: "Intel's form alone",
    of: {
      "dcap-qvl": {
        UpToDate: [...looseForms, ...looseNumbers, ...identity("a key that comes twice")],
        [drawn]: [...drawnNumbers, ...drawnLengths, ...identity("an ISVSVN above 16 bits", "an unknown status")],
      },
      "dcap-qvl-web": { UpToDate: looseForms, [drawn]: drawnLengths },
    },
  },
];
