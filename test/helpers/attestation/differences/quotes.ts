/** Quotes, reports, and Intel's extension of the PCK. */
import type { Difference, Titles } from "./difference.ts";

const extension = (...spoils: readonly string[]): Titles =>
  spoils.map((spoil) => `a PCK whose SGX extension is ${spoil}`);
const extensions = extension(
  "bytes behind the list",
  "a list without its field 1",
  "a list without its field 3",
  "a list without its field 5",
  "a field that comes twice",
  "an unknown field",
  "a field of another arc",
  "a PPID of 15 bytes",
  "a PCE id of 3 bytes",
  "a type that is no enumeration",
  "an instance of 4 bytes",
  "a flag that is no boolean",
  "an unknown flag",
  "a TCB without its first component",
  "a TCB with a component twice",
  "a TCB with a component too many",
  "a component of two bytes",
  "a negative component",
);
const behind: Titles = [
  "a byte after a quote",
  "a byte after zeros after a TD's quote",
  "a zero after a quote of version 3",
  "a chain that is too short",
  "two NUL bytes after the chain",
];
const reserved = /^an? (quoting )?enclave with reserved\d set$/;
const attributes = [/^a TD of TDX 1.0 with the attributes 28 and (16|27|62)$/, "a TD without attributes"];
const migratable = "a TD of TDX 1.5 with the attributes 28 and 29";
const authData = /^authentication data of \d+ bytes$/;

/** The same of both verifiers. */
const both = (answers: Readonly<Record<string, Titles>>): Difference["of"] => ({
  "dcap-qvl": answers,
  "dcap-qvl-web": answers,
});

export const differencesInQuotes: readonly Difference[] = [
  {
    what: "version 5",
    they: "cannot be parsed",
    here: "verified",
    of: { "dcap-qvl-web": { refused: [/^version 5, /, migratable] } },
  },
  {
    what: "SGX in versions 4 and 5",
    they: "refused",
    here: "verified",
    of: { "dcap-qvl": { refused: [/^version [45], SGX/, "texts of SGX for an enclave"] } },
  },
  {
    what: "authentication data of other than 32 bytes",
    they: "refused; the core in Rust panics",
    here: "verified, as Intel leaves its length open",
    of: both({ refused: [authData] }),
  },
  {
    what: "bytes behind a quote, or behind its chain",
    they: "passed over",
    here: "refused but for zeros behind a TDX quote",
    of: {
      "dcap-qvl": { UpToDate: behind },
      "dcap-qvl-web": {
        UpToDate: [...behind, "a zero after an enclave's quote", "text between the certificates"],
      },
    },
  },
  {
    what: "vendor of the quoting enclave, kinds of certification data",
    they: "not looked at",
    here: "Intel's",
    of: both({ UpToDate: ["a quoting enclave of another vendor", "another type of data around it"] }),
  },
  {
    what: "size of the body in version 5",
    they: "not looked at",
    here: "must be that of its kind",
    of: { "dcap-qvl": { UpToDate: ["a body of another size than its type's"] } },
  },
  {
    what: "reserved bytes of reports, end of the QE's report data, SEAMATTRIBUTES",
    they: "not looked at",
    here: "zero",
    of: both({ UpToDate: [reserved, "report data that ends in more than zeros", "a TDX module with attributes"] }),
  },
  {
    what: "TDATTRIBUTES",
    they: "SEPT_VE_DISABLE is required; bits 16, 27, 29 and 62, in the core in Rust 30, 31 and 63 as well, are refused",
    here: "left to the measurement, which covers them, but for 29 (MIGRATABLE) in a report of TDX 1.0",
    of: {
      "dcap-qvl": { refused: [...attributes, migratable] },
      "dcap-qvl-web": {
        refused: [...attributes, /^a TD of TDX 1.0 with the attributes 28 and (30|31|63)$/],
      },
    },
  },
  {
    what: "an MRSERVICETD that is named",
    they: "refused",
    here: "taken",
    of: both({ refused: ["a service TD that is named"] }),
  },
  {
    what: "fields of the SGX extension",
    they: "only FMSPC, CPUSVN and PCESVN are looked for; the components are those of CPUSVN",
    here: "all of them, each once, none that is not known",
    of: both({ UpToDate: extensions }),
  },
];
