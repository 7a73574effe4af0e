import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { bytesOf, textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";
import { deployStores, gasOf, hexBytes, type Stores } from "../../helpers/certificate-store.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";
import { parseCertificate } from "../../../sdk/attestation/certificate.ts";
import { intelRootKey } from "../../../sdk/attestation/intel-root.ts";
import { parseSgxExtension } from "../../../sdk/attestation/sgx-extension.ts";

const none = `0x${"00".repeat(32)}`;
const pckCas = [1n, 2n];

type Entry = { readonly name: string; readonly quote: string; readonly collateral: string; readonly at: number };
/** Everything that one entry of the manifest says about certificates. */
type Evidence = {
  readonly chain: readonly Uint8Array[];
  readonly signer: Uint8Array;
  readonly pckCrl: Uint8Array;
  readonly rootCrl: Uint8Array;
};

const certificatesIn = (pem: string): Uint8Array[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(
    ([, base64 = ""]) => new Uint8Array(Buffer.from(base64, "base64")),
  );

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function quoteBytes(folder: string, path: string): Uint8Array {
  const file = readVector(folder, path);
  return path.endsWith(".hex") ? bytesOf(textOf(file).trim()) : file;
}

function evidenceOf(folder: string, { quote, collateral }: Entry): Evidence {
  const fields = JSON.parse(textOf(readVector(folder, collateral))) as Record<string, string>;
  return {
    chain: certificatesIn(textOf(quoteBytes(folder, quote))),
    signer: certificatesIn(fields.tcb_info_issuer_chain ?? "")[0] ?? textBytes(""),
    pckCrl: bytesOf(fields.pck_crl ?? ""),
    rootCrl: bytesOf(fields.root_ca_crl ?? ""),
  };
}

const readVector = (folder: string, path: string): Uint8Array => new Uint8Array(readFileSync(join(folder, path)));
const { path: folder, absent } = attestationFolder();
const entries =
  folder === undefined
    ? []
    : (JSON.parse(textOf(readVector(folder, "manifest.json"))) as { dcap: readonly Entry[] }).dcap;

describe("Certificates of Intel's, on chain", function () {
  before(function () {
    if (folder !== undefined) return;
    console.log(`      skipped: ${absent ?? ""}`);
    this.skip();
  });

  it("are there", () => expect(entries.length).to.be.greaterThan(0));

  for (const entry of entries) {
    describe(entry.name, () => {
      const { chain, signer, pckCrl, rootCrl } = evidenceOf(folder ?? "", entry);
      const [pck = textBytes(""), authority = textBytes(""), root = textBytes("")] = chain;
      let stores: Stores;
      let issuerId: string;

      beforeEach(async () => {
        const { subject } = parseCertificate(root, "root");
        stores = await deployStores({ key: intelRootKey, name: subject }, entry.at);
        issuerId = await stores.issuers.registerIssuer.staticCall(hexBytes(authority));
        await stores.issuers.registerIssuer(hexBytes(authority));
      });

      it("has an authority, a signer and a PCK that are registered", async () => {
        const { issuers, pcks } = stores;
        expect(pckCas).to.include((await issuers.issuer(issuerId)).kind);
        const signerId = await issuers.registerIssuer.staticCall(hexBytes(signer));
        const gasOfSigner = await gasOf(issuers.registerIssuer(hexBytes(signer)));
        expect((await issuers.issuer(signerId)).kind).to.equal(3n);
        const pckId = await pcks.registerPck.staticCall(hexBytes(pck), issuerId);
        const gasOfPck = await gasOf(pcks.registerPck(hexBytes(pck), issuerId));
        const { sgxExtension } = parseCertificate(pck, "PCK");
        const { ppid, revoked } = await pcks.pck(pckId);
        expect([ppid, revoked]).to.deep.equal([hexBytes(parseSgxExtension(sgxExtension, "PCK").ppid), false]);
        console.log(`      registerIssuer ${gasOfSigner} gas, registerPck ${gasOfPck}`);
      });

      it("has lists in which no other bytes than entries are taken for entries", async () => {
        const { issuers, pcks } = stores;
        const ofRoot = issuers.revokeIssuer(none, hexBytes(rootCrl), entryOffsets(rootCrl)[0] ?? 0);
        if (entryOffsets(rootCrl).length === 0)
          await expect(ofRoot).to.be.revertedWithCustomError(issuers, "NotAnEntry");
        const offsets = entryOffsets(pckCrl);
        for (const offset of offsets) {
          await expect(pcks.revokePck(issuerId, none, none, hexBytes(pckCrl), offset)).to.emit(
            pcks,
            "PckSerialRevoked",
          );
          await expect(
            pcks.revokePck(issuerId, none, none, hexBytes(pckCrl), offset + 2),
          ).to.be.revertedWithCustomError(pcks, "NotAnEntry");
        }
        if (offsets.length === 0) {
          await expect(pcks.revokePck(issuerId, none, none, hexBytes(pckCrl), 167)).to.be.revertedWithCustomError(
            pcks,
            "NotAnEntry",
          );
        } else {
          const gas = await gasOf(pcks.revokePck(issuerId, none, none, hexBytes(pckCrl), offsets[0] ?? 0));
          console.log(`      revokePck ${gas} gas for a list of ${pckCrl.length} bytes, ${offsets.length} entries`);
        }
      });
    });
  }
});
