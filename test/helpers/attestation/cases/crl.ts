import { mintCrl } from "../../../../keepers/attestation/dev/crl.ts";
import { replaceAt } from "../der-tree.ts";
import { utf8String } from "../../../../keepers/attestation/dev/der.ts";
import { crlNumber, extension } from "../../../../keepers/attestation/dev/extensions.ts";
import { hexOf } from "../../../../keepers/attestation/dev/bytes.ts";
import { mintKey } from "../../../../keepers/attestation/dev/key.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed } from "../seed.ts";
import { type CollateralOptions, mintWorld } from "../world.ts";
import type { Collateral } from "../../../../keepers/attestation/dev/collateral.ts";
import { type AcceptanceCase, ask, type RejectionCase } from "./ask.ts";

const world = mintWorld({ seed: caseSeed("crl") });
const other = mintWorld({ seed: caseSeed("crl of others"), at: world.at });
const processor = world.remint({ ca: "processor" });
const { intermediate, pck, root, tcbSigning } = world.certificates;
const stranger = mintKey(seededRandom(caseSeed("stranger")));

const withOptions = (options: CollateralOptions) => () => ask(world, { collateral: world.collateral(options) });
const withCollateral = (changes: Partial<Collateral>) => () =>
  ask(world, { collateral: { ...world.collateral(), ...changes } });
const critical = extension("2.5.29.28", utf8String("x"), { critical: true });

export const revocations: readonly RejectionCase[] = [
  [
    "a revoked PCK",
    "certificate-revoked",
    withOptions({ pckCrl: { revoked: [{ serial: 5n }, { serial: pck.serial }] } }),
  ],
  [
    "a revoked PCK whose entry has no reason",
    "certificate-revoked",
    withOptions({ pckCrl: { revoked: [{ serial: pck.serial, reason: null }] } }),
  ],
  [
    "a revoked intermediate",
    "certificate-revoked",
    withOptions({ rootCrl: { revoked: [{ serial: intermediate.serial }] } }),
  ],
  [
    "a revoked signer of texts",
    "certificate-revoked",
    withOptions({ rootCrl: { revoked: [{ serial: tcbSigning.serial }] } }),
  ],
];

/** What is left when the chain of the list's issuer is not given. */
const withoutIssuer = (options: CollateralOptions) => () => {
  const { pck_crl_issuer_chain: _, ...collateral } = world.collateral(options);
  return ask(world, { collateral });
};
export const revokedWithoutIssuer: readonly RejectionCase[] = [
  [
    "a revoked intermediate, whatever is said of the list's issuer",
    "certificate-revoked",
    withoutIssuer({ rootCrl: { revoked: [{ serial: intermediate.serial }] } }),
  ],
];

const entries = [
  ["of a serial number of 21 bytes", { serial: 1n << 160n }],
  ["that takes a revocation back", { serial: 5n, reason: 8 }],
  ["for reason 11", { serial: 5n, reason: 11 }],
] as const;

const listCases = (name: "pck_crl" | "root_ca_crl", key: "pckCrl" | "rootCrl"): readonly RejectionCase[] => [
  [`an empty ${name}`, "collateral-malformed", withCollateral({ [name]: "" })],
  [`a ${name} of garbage`, "crl-malformed", withCollateral({ [name]: hexOf(seededRandom(caseSeed(name)).bytes(300)) })],
  [`a ${name} that is no hex`, "collateral-malformed", withCollateral({ [name]: "zz" })],
  [`a truncated ${name}`, "crl-malformed", withCollateral({ [name]: world.collateral()[name].slice(0, -2) })],
  [`a ${name} with a byte behind it`, "crl-malformed", withCollateral({ [name]: `${world.collateral()[name]}00` })],
  [`an expired ${name}`, "crl-expired", withOptions({ [key]: { nextUpdate: world.at - 1 } })],
  [`a ${name} of tomorrow`, "crl-not-yet-valid", withOptions({ [key]: { thisUpdate: world.at + 1 } })],
  [`a ${name} without a next one`, "crl-malformed", withOptions({ [key]: { nextUpdate: null } })],
  [`a ${name} that a stranger signed`, "crl-signature", withOptions({ [key]: { issuerKey: stranger } })],
  [`a ${name} of another root`, "crl-signature", withCollateral({ [name]: other.collateral()[name] })],
  [`a ${name} of X.509 version 1`, "crl-malformed", withOptions({ [key]: { version: null, extensions: [] } })],
  [
    `a ${name} with a critical extension`,
    "crl-unsupported",
    withOptions({ [key]: { extensions: [crlNumber(1), critical] } }),
  ],
  [`a ${name} of another version number`, "crl-malformed", withOptions({ [key]: { version: 0 } })],
  [
    `a ${name} with an empty list of entries`,
    "crl-malformed",
    withOptions({ [key]: { revoked: [], alterSigned: (signed: Uint8Array) => replaceAt(signed, [5], withEmptyList) } }),
  ],
  ...entries.map(([fault, revoked]): RejectionCase => [
    `a ${name} with an entry ${fault}`,
    "crl-malformed",
    withOptions({ [key]: { revoked: [revoked] } }),
  ]),
  [`a ${name} changed after it was signed`, "crl-signature", withOptions({ [key]: { alterWhole: changedNumber } })],
];

function withEmptyList(after: Uint8Array): Uint8Array {
  return Uint8Array.of(0x30, 0, ...after);
}

/** The last byte of the list's number, which comes before the identifier of the CA's key. */
function changedNumber(der: Uint8Array): Uint8Array {
  const at = Buffer.from(der).indexOf(Buffer.from("0603551d1404030201", "hex")) + 9;
  return der.with(at, 0x55);
}

export const ofAnotherCa: readonly RejectionCase[] = [
  ["the CRL of the Processor CA", "crl-issuer", withCollateral({ pck_crl: processor.collateral().pck_crl })],
  [
    "the root's CRL in the place of the PCK's",
    "crl-issuer",
    withCollateral({ pck_crl: world.collateral().root_ca_crl }),
  ],
  [
    "the PCK's CRL in the place of the root's",
    "crl-issuer",
    withCollateral({ root_ca_crl: world.collateral().pck_crl }),
  ],
  [
    "a CRL that the PCK signed",
    "crl-issuer",
    withCollateral({
      pck_crl: hexOf(mintCrl({ ...world.pckCrl().options, issuer: pck.subject, issuerKey: pck.key }).der),
    }),
  ],
  [
    "the chain of another CRL's issuer",
    "crl-issuer",
    withCollateral({ pck_crl_issuer_chain: processor.collateral().pck_crl_issuer_chain }),
  ],
  [
    "a CRL's issuer without the root",
    "chain-length",
    withCollateral({
      pck_crl_issuer_chain:
        world.collateral().pck_crl_issuer_chain.split("-----END")[0] + "-----END CERTIFICATE-----\n",
    }),
  ],
  ["no chain in the place of the CRL's issuer", "pem-malformed", withCollateral({ pck_crl_issuer_chain: "" })],
];

export const lists: readonly RejectionCase[] = [
  ...listCases("pck_crl", "pckCrl"),
  ...listCases("root_ca_crl", "rootCrl"),
];

const ofOthers = [{ serial: pck.serial + 1n }, { serial: root.serial + 1n }];
export const accepted: readonly AcceptanceCase[] = [
  [
    "lists that revoke other certificates",
    withOptions({ pckCrl: { revoked: ofOthers }, rootCrl: { revoked: ofOthers } }),
  ],
  ["a list without the chain of its issuer, which the quote holds", withoutIssuer({})],
];
