import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { attestationFolder } from "../../../../scripts/vectors/attestation-folder.ts";
import { hexOf } from "../../../../keepers/attestation/dev/bytes.ts";
import { shapeOf } from "../../../helpers/attestation/der-tree.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { mintWorld, type World } from "../../../helpers/attestation/world.ts";
import type { Collateral } from "../../../../keepers/attestation/dev/collateral.ts";
import type { Tee } from "../../../../sdk/attestation/quote.ts";

const cases = [
  { name: "tdx-v4-uptodate", version: 4, tee: "TDX", ca: "platform" },
  { name: "tdx-v5-notcblevel", version: 5, tee: "TDX", ca: "platform" },
  { name: "sgx-v3-confswhardening", version: 3, tee: "SGX", ca: "processor" },
] as const;

const certificatesIn = (bytes: Uint8Array): Uint8Array[] =>
  [
    ...Buffer.from(bytes)
      .toString("latin1")
      .matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g),
  ].map(([, body = ""]) => new Uint8Array(Buffer.from(body, "base64")));

/** Numbers of one byte or two, and flags, differ from machine to machine: only their places count. */
const shapes = (ders: readonly Uint8Array[]): string[][] =>
  ders.map((der) => shapeOf(der).map((line) => line.replace(/^( *(?:01|0a)) .*$/, "$1")));

const collateralShapes = (collateral: Collateral): unknown => ({
  lists: shapes([collateral.root_ca_crl, collateral.pck_crl].map((hex) => new Uint8Array(Buffer.from(hex, "hex")))).map(
    (lines) => [...new Set(lines)],
  ),
  chains: [collateral.pck_crl_issuer_chain, collateral.tcb_info_issuer_chain, collateral.qe_identity_issuer_chain].map(
    (pem) => shapes(certificatesIn(Buffer.from(pem))),
  ),
  keys: Object.keys(collateral),
  signatures: [collateral.tcb_info_signature.length, collateral.qe_identity_signature.length],
});

/** Names of fields in their order, and values by kind; lists by their first member. */
const jsonShape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.length === 0 ? [] : [jsonShape(value[0])];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).flatMap(([name, field]) =>
    ["category", "type", "advisoryIDs"].includes(name) ? [] : [[name, jsonShape(field)]],
  );
};

const minted = (ca: "platform" | "processor", name: string): World => mintWorld({ seed: caseSeed(name), ca });

/** All of a quote but what is random: lengths, types, vendor, end of the PEM. */
const quoteFrame = (quote: Uint8Array, version: number, tee: Tee): Record<string, string> => {
  const pem = Buffer.from(quote).indexOf("-----BEGIN");
  const bodyEnd = version === 3 ? 432 : version === 4 ? 632 : 702;
  const outer = version === 3 ? 0 : 6;
  return {
    kind: tee,
    header: hexOf(quote.slice(0, version === 3 ? 8 : 28)),
    vendor: hexOf(quote.slice(12, 28)),
    descriptor: version === 5 ? hexOf(quote.slice(48, 54)) : "",
    outerType: hexOf(quote.slice(bodyEnd + 4 + 128, bodyEnd + 4 + 128 + (outer && 2))),
    auth: hexOf(quote.slice(pem - 40, pem - 4)),
    end: hexOf(quote.slice(Buffer.from(quote).lastIndexOf("-----END")).slice(0, 27)),
  };
};

describe("What the mint kit makes, beside Intel's own", () => {
  printSeedOnFailure();
  const folder = attestationFolder();

  for (const { name, version, tee, ca } of cases) {
    describe(name, () => {
      before(function () {
        if (folder.path !== undefined) return;
        console.log(`      skipped: ${folder.absent}`);
        this.skip();
      });
      const read = (suffix: string): Uint8Array =>
        new Uint8Array(readFileSync(join(folder.path ?? "", "intel", `${name}.${suffix}`)));
      const realCollateral = (): Collateral =>
        JSON.parse(Buffer.from(read("collateral.json")).toString()) as Collateral;
      const fields = (text: string): unknown => jsonShape(JSON.parse(text));

      it("has certificates of the same shape in a quote of the same frame", () => {
        const [real, own] = [read("quote.bin"), minted(ca, name).quote({ version, tee }).bytes];
        expect(shapes(certificatesIn(own))).to.deep.equal(shapes(certificatesIn(real)));
        expect(quoteFrame(own, version, tee)).to.deep.equal(quoteFrame(real, version, tee));
      });

      it("has lists, chains and texts of the same shape", () => {
        const [real, world] = [realCollateral(), minted(ca, name)];
        const revoked = real.pck_crl.includes("0603551d15") ? [{ serial: 1n << 158n }] : [];
        const own = world.collateral({ tee, pckCrl: { revoked } });
        expect(collateralShapes(own)).to.deep.equal(collateralShapes(real));
        expect(fields(own.tcb_info)).to.deep.equal(fields(real.tcb_info));
        expect(fields(own.qe_identity)).to.deep.equal(fields(real.qe_identity));
      });
    });
  }

  it("notices a changed shape", () => {
    const world = minted("platform", "difference");
    const other = world.remint({ certificates: { pck: { keyUsage: ["keyCertSign"], isCa: true } } });
    expect(shapes([other.certificates.pck.der])).to.not.deep.equal(shapes([world.certificates.pck.der]));
  });
});
