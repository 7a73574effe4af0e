/** Certificates and lists of revoked ones. */
import { type Difference, drawn, type Titles } from "./difference.ts";

const spoiledLists = /^an? (empty |truncated |expired )?(pck_crl|root_ca_crl)\b/;
const otherLists: Titles = [
  "the CRL of the Processor CA",
  "the root's CRL in the place of the PCK's",
  "the PCK's CRL in the place of the root's",
  "a CRL that the PCK signed",
];
const issuersOfLists: Titles = [
  "the chain of another CRL's issuer",
  "a CRL's issuer without the root",
  "no chain in the place of the CRL's issuer",
];
const chains: Titles = ["a chain without its root", "a chain with its root twice"];
const otherNames: Titles = [
  "a PCK of another name",
  "a signer of texts of another name",
  "a CA of another name",
  "a PCK with two common names",
  "a PCK with no common name",
  "a PCK with a common name of another kind of text",
];
const uses: Titles = [
  "an intermediate without keyCertSign",
  "a root for no CA below it",
  "a PCK that may not sign",
  "a PCK with the key usage of a CA",
  "a TCB signer that may not sign",
  "a certificate without key usage",
];
const serials: Titles = [
  "a PCK with a serial number of zero",
  "a PCK with a serial number of 21 bytes",
  "a PCK with a negative serial number",
];

export const differencesInCertificates: readonly Difference[] = [
  {
    what: "signature, time and form of CRLs",
    they: "none is checked; a list that cannot be read counts as empty",
    here: "all are, and the CA must be the right one",
    of: { "dcap-qvl": { UpToDate: [spoiledLists, ...otherLists] } },
  },
  {
    what: "CRLs of tomorrow, empty lists of entries, entries with long serial numbers or that take a revocation back",
    they: "taken",
    here: "refused",
    of: {
      "dcap-qvl-web": {
        UpToDate: [
          /_crl of tomorrow$/,
          / with an empty list of entries$/,
          / of a serial number of 21 bytes$/,
          / takes a revocation back$/,
        ],
      },
    },
  },
  {
    what: "`pck_crl_issuer_chain`",
    they: "not looked at",
    here: "must lead to the same CA where it is given",
    of: { "dcap-qvl": { UpToDate: issuersOfLists }, "dcap-qvl-web": { UpToDate: issuersOfLists } },
  },
  {
    what: "collateral without `pck_crl_issuer_chain`",
    they: "refused",
    here: "taken: the quote holds that chain",
    of: { "dcap-qvl-web": { refused: ["a list without the chain of its issuer, which the quote holds"] } },
  },
  {
    what: "CA:TRUE",
    they: "not required",
    here: "required",
    of: { "dcap-qvl": { UpToDate: ["a root that is no CA", "an intermediate that is no CA"] } },
  },
  {
    what: "the root's own certificate",
    they: "only its key and name count: neither its signature, nor its time, nor its use",
    here: "checked like the others",
    of: {
      "dcap-qvl-web": {
        UpToDate: ["a root that did not sign itself", "an expired root", "a root of tomorrow", "a root that is no CA"],
      },
    },
  },
  {
    what: "key usage, path length",
    they: "not required to fit",
    here: "required",
    of: {
      "dcap-qvl": { UpToDate: [...uses, "a CA that may not sign its CRL"] },
      "dcap-qvl-web": { UpToDate: uses },
    },
  },
  {
    what: "common names",
    they: "not looked at",
    here: "Intel's, in their places",
    of: { "dcap-qvl": { UpToDate: otherNames }, "dcap-qvl-web": { UpToDate: otherNames } },
  },
  {
    what: "names of issuers",
    they: "not compared",
    here: "the subject of the next certificate",
    of: {
      "dcap-qvl": {
        UpToDate: [
          "a PCK of another issuer's name",
          "an intermediate of another issuer's name",
          "a root of another name",
        ],
      },
    },
  },
  {
    what: "number of certificates",
    they: "a root may be left out or come twice",
    here: "exactly those expected",
    of: {
      "dcap-qvl": { UpToDate: chains },
      "dcap-qvl-web": { UpToDate: [...chains, "a signer of texts with the intermediate between"] },
    },
  },
  {
    what: "serial numbers",
    they: "any",
    here: "positive, of at most 20 bytes",
    of: { "dcap-qvl": { UpToDate: serials }, "dcap-qvl-web": { UpToDate: serials } },
  },
  {
    what: "profile of certificates",
    they: "critical extensions that are not known, extensions that come twice, X.509 v2, compressed keys, unique identifiers, lengths in longer forms",
    here: "refused",
    of: {
      "dcap-qvl": {
        UpToDate: [
          "an unknown critical extension",
          "an extension that comes twice",
          "an X.509 version 2 certificate",
          "a PCK with two attributes in a set of its name",
          "a PCK with a critical flag of FALSE",
          "a PCK with unique identifiers",
          "a PCK with a length that is not the shortest",
        ],
        [drawn]: ["a PCK with a compressed key", "a PCK with a key marked as another form"],
      },
    },
  },
];
