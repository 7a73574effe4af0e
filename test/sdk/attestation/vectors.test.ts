import { expect } from "chai";
import { fromHexDigits } from "../../../sdk/attestation/bytes.ts";
import type { Collateral } from "../../../sdk/attestation/collateral.ts";
import { normaliseQuote } from "../../../sdk/attestation/normalise.ts";
import { statuses } from "../../../sdk/attestation/status.ts";
import { type QuoteQuestion, verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { type DcapEntry, readDcapManifest } from "../../../scripts/vectors/dcap-file.ts";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";
import { concat, flipped, hexOf, textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import { mintCertificate } from "../../../keepers/attestation/dev/certificate.ts";
import { pemChain } from "../../../keepers/attestation/dev/pem.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

const folder = attestationFolder();
const entries = folder.path === undefined ? [] : await readDcapManifest(folder.path);

/** The quote with another chain behind its own parts, and all lengths as they have to be. */
const withChain = (quote: Uint8Array, chain: readonly Uint8Array[]): Uint8Array => {
  const start = Buffer.from(quote).indexOf("-----BEGIN");
  const pem = textBytes(pemChain(chain));
  const changed = concat(quote.slice(0, start), pem);
  const view = new DataView(changed.buffer);
  const longer = pem.length - view.getUint32(start - 4, true);
  const bodyEnd = normaliseQuote(quote).signedBody.length;
  const wrapping = (quote[0] ?? 0) > 3 ? [bodyEnd + 4 + 128 + 2] : [];
  for (const at of [bodyEnd, ...wrapping, start - 4]) view.setUint32(at, view.getUint32(at, true) + longer, true);
  return changed;
};

/** A place inside each part of a quote that a verifier must not let anybody change. */
const places = (quote: Uint8Array): [part: string, index: number][] => {
  const body = normaliseQuote(quote).signedBody.length;
  const wrapping = (quote[0] ?? 0) > 3 ? 6 : 0;
  const report = body + 4 + 128 + wrapping;
  return [
    ["header", 30],
    ["body", 100],
    ["quote signature", body + 4 + 10],
    ["attestation key", body + 4 + 64 + 10],
    ["QE report", report + 70],
    ["QE report signature", report + 384 + 10],
    ["authentication data", report + 384 + 64 + 2 + 5],
  ];
};

type Change = readonly [what: string, changes: Partial<QuoteQuestion>];

const collateralOf = ({ collateral }: DcapEntry): Collateral => collateral as Collateral;

const quoteChanges = ({ quote }: DcapEntry): Change[] => {
  const { pckDer, intermediateDer, rootDer } = normaliseQuote(quote);
  const chain = [pckDer, intermediateDer, rootDer] as const;
  const { certificates } = mintWorld({ seed: "extra" });
  const extra = mintCertificate({ ...certificates.pck.options, issuerKey: certificates.intermediate.key }).der;
  return [
    ...places(quote).map(([part, at]): Change => [`${part} changed`, { quote: flipped(quote, at) }]),
    ["PCK changed", { quote: withChain(quote, [flipped(pckDer, 200), intermediateDer, rootDer]) }],
    ["extra certificate", { quote: withChain(quote, [extra, ...chain]) }],
    ["root left out", { quote: withChain(quote, chain.slice(0, 2)) }],
    ["bytes behind", { quote: Uint8Array.of(...quote, 1) }],
    ["last byte of the chain left out", { quote: quote.slice(0, quote.lastIndexOf(0x2d)) }],
  ];
};

const collateralChanges = (entry: DcapEntry): Change[] => {
  const genuine = collateralOf(entry);
  const change = (changes: Partial<Collateral>) => ({ collateral: { ...genuine, ...changes } });
  const info = JSON.parse(genuine.tcb_info) as { issueDate: string; nextUpdate: string };
  const status = statuses.find((one) => genuine.tcb_info.includes(`"${one}"`)) ?? "UpToDate";
  const edited = genuine.tcb_info.replaceAll(`"${status}"`, status === "Revoked" ? '"UpToDate"' : '"Revoked"');
  const others = entries.filter(
    ({ collateral }) => collateralOf({ ...entry, collateral }).tcb_info !== genuine.tcb_info,
  );
  return [
    ["clock after nextUpdate", { at: Date.parse(info.nextUpdate) / 1000 + 1 }],
    ["clock before issueDate", { at: Date.parse(info.issueDate) / 1000 - 1 }],
    ["tcbStatus edited", change({ tcb_info: edited })],
    ...(["pck_crl", "root_ca_crl"] as const).flatMap((name): Change[] => {
      const crl = fromHexDigits(genuine[name]) ?? new Uint8Array();
      return [
        [`${name} empty`, change({ [name]: "" })],
        [`${name} of garbage`, change({ [name]: "00".repeat(300) })],
        [`${name} of another CA`, change({ [name]: name === "pck_crl" ? genuine.root_ca_crl : genuine.pck_crl })],
        [`${name} with a bad signature`, change({ [name]: hexOf(flipped(crl, crl.length - 1)) })],
      ];
    }),
    ...others.map(({ name, collateral }): Change => [`collateral of ${name}`, { collateral }]),
  ];
};

describe("Real quotes", function () {
  this.timeout(120_000);
  if (folder.path === undefined) {
    it("are verified where there are any", function () {
      console.log(`      skipped: ${folder.absent}`);
      this.skip();
    });
  }

  for (const entry of entries) {
    const { name, verdict, status, advisories } = entry;
    it(`${name} is ${verdict}ed with ${status ?? "no status"}`, () => {
      const found = verifyQuote(entry);
      expect([found.verdict, found.status]).to.deep.equal([verdict, status]);
      expect(found.advisories).to.have.members([...advisories]);
    });

    it(`${name} has the same verdict with its chain written anew`, () => {
      const { pckDer, intermediateDer, rootDer } = normaliseQuote(entry.quote);
      const quote = withChain(entry.quote, [pckDer, intermediateDer, rootDer]);
      expect(verifyQuote({ ...entry, quote })).to.deep.equal(verifyQuote(entry));
    });

    it(`${name} is accepted by no other rule than that its status is allowed`, () => {
      const found = verifyQuote({ ...entry, allowed: statuses });
      expect(found.verdict).to.equal(status === null ? "reject" : "accept");
      expect(verifyQuote({ ...entry, allowed: [] }).verdict).to.equal("reject");
    });

    it(`${name} is rejected whatever is changed, even if all statuses are allowed`, () => {
      for (const [what, changes] of [...quoteChanges(entry), ...collateralChanges(entry)]) {
        const found = verifyQuote({ ...entry, allowed: statuses, ...changes });
        expect([what, found.verdict, found.status]).to.deep.equal([what, "reject", null]);
        expect(found.reason?.code, what).to.not.equal(undefined);
      }
    });
  }
});
