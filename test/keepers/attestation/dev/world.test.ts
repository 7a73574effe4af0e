import { createHash, createPublicKey, verify } from "node:crypto";
import { expect } from "chai";
import { concat, hexOf, textBytes } from "../../../../keepers/attestation/dev/bytes.ts";
import { elementAt } from "../../../helpers/attestation/der-tree.ts";
import { curveOrder, mintKey, sign } from "../../../../keepers/attestation/dev/key.ts";
import type { Quote, QuoteSpans } from "../../../../keepers/attestation/dev/quote.ts";
import { seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import type { Component } from "../../../../keepers/attestation/dev/tcb-info.ts";
import { mintWorld, type World } from "../../../helpers/attestation/world.ts";

/** Node's own check of r || s by a key x || y. */
const isSignedBy = (point: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const half = (from: number): string => Buffer.from(point.slice(from, from + 32)).toString("base64url");
  const key = createPublicKey({ key: { kty: "EC", crv: "P-256", x: half(0), y: half(32) }, format: "jwk" });
  return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
};

const partOf = ({ bytes, spans }: Quote, name: keyof QuoteSpans): Uint8Array =>
  bytes.slice(spans[name].start, spans[name].end);

const kinds = [
  { version: 3, tee: "SGX", td: "1.0", size: 384 },
  { version: 4, tee: "SGX", td: "1.0", size: 384 },
  { version: 4, tee: "TDX", td: "1.0", size: 584 },
  { version: 5, tee: "SGX", td: "1.0", size: 384 },
  { version: 5, tee: "TDX", td: "1.0", size: 584 },
  { version: 5, tee: "TDX", td: "1.5", size: 648 },
] as const;

const svns = (components: readonly Component[] = []): number[] => components.map(({ svn }) => svn);
const reaches = (have: readonly number[], need: readonly number[], from = 0): boolean =>
  need.every((svn, i) => i < from || (have[i] ?? 0) >= svn);

/** The first level that the platform reaches, by a plain reading of Intel's rule. */
const firstReached = ({ platform, tcbInfo }: World): string | undefined => {
  const { sgx, teeTcbSvn } = platform;
  const from = teeTcbSvn[1] === 0 ? 0 : 2;
  return tcbInfo("TDX").tcbLevels.find(
    ({ tcb }) =>
      reaches(sgx.components, svns(tcb.sgxtcbcomponents)) &&
      sgx.pceSvn >= tcb.pcesvn &&
      reaches([...teeTcbSvn], svns(tcb.tdxtcbcomponents), from),
  )?.tcbStatus;
};

describe("World of the mint kit", () => {
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("world") });

  it("is the same for one seed, and another for another", () => {
    const again = mintWorld({ seed: world.seed });
    expect(hexOf(again.quote().bytes)).to.equal(hexOf(world.quote().bytes));
    expect(again.collateral()).to.deep.equal(world.collateral());
    expect(hexOf(mintWorld({ seed: `${world.seed}+` }).rootKey)).to.not.equal(hexOf(world.rootKey));
  });

  it("changes only what a change touches", () => {
    const other = world.remint({ certificates: { pck: { pathLength: 3 } } });
    expect(other.collateral()).to.deep.equal(world.collateral());
    expect(hexOf(elementAt(other.certificates.pck.der, [0, 6]))).to.equal(
      hexOf(elementAt(world.certificates.pck.der, [0, 6])),
    );
    expect(hexOf(other.certificates.pck.der)).to.not.equal(hexOf(world.certificates.pck.der));
  });

  it("joins changes of changes", () => {
    const twice = world.remint({ status: { qe: "OutOfDate" } }).remint({ status: { platform: "Revoked" } });
    const statuses = [twice.qeIdentity("TDX"), twice.tcbInfo("TDX")].map(({ tcbLevels }) =>
      tcbLevels.map((l) => l.tcbStatus),
    );
    expect(statuses[0]).to.include("OutOfDate");
    expect(firstReached(twice)).to.equal("Revoked");
  });

  for (const { version, tee, td, size } of kinds)
    it(`signs every part of a quote of version ${version}, ${tee} ${td}`, () => {
      const quote = world.quote({ version, tee, td });
      const signed = concat(partOf(quote, "header"), partOf(quote, "descriptor"), partOf(quote, "body"));
      const key = partOf(quote, "attestationKey");
      expect(partOf(quote, "body").length).to.equal(size);
      expect(isSignedBy(key, signed, partOf(quote, "signature"))).to.equal(true);
      expect(
        isSignedBy(world.certificates.pck.key.point, partOf(quote, "qeReport"), partOf(quote, "qeSignature")),
      ).to.equal(true);
      const end = Buffer.from(quote.bytes.slice(-27)).toString("latin1");
      expect(end).to.equal("-----END CERTIFICATE-----\n\0");
    });

  it("lets the quoting enclave report the attestation key and the data beside it", () => {
    const quote = world.quote({ authData: Uint8Array.of(1, 2, 3) });
    const reported = partOf(quote, "qeReport").slice(-64);
    const hash = createHash("sha256")
      .update(partOf(quote, "attestationKey"))
      .update(partOf(quote, "authData"))
      .digest();
    expect(hexOf(reported)).to.equal(`${hash.toString("hex")}${"00".repeat(32)}`);
  });

  it("has other machines under the same collateral", () => {
    const other = world.remint({ machine: "b" });
    expect(other.collateral()).to.deep.equal(world.collateral());
    const identities = [world, other].map(({ platform: { sgx, attestationKeys }, certificates: { pck } }) =>
      [sgx.ppid, sgx.platformInstanceId ?? "", attestationKeys.TDX.point, pck.key.point, pck.serial].map(String),
    );
    expect(identities[0]?.filter((value, i) => value === identities[1]?.[i])).to.deep.equal([]);
    expect(hexOf(other.platform.sgx.fmspc)).to.equal(hexOf(world.platform.sgx.fmspc));
  });

  it("signs its texts with the TCB signing key", () => {
    const { tcb_info, tcb_info_signature, qe_identity, qe_identity_signature } = world.collateral({ tee: "SGX" });
    const texts = [
      [tcb_info, tcb_info_signature],
      [qe_identity, qe_identity_signature],
    ] as const;
    const { point } = world.certificates.tcbSigning.key;
    for (const [text, signature] of texts)
      expect(isSignedBy(point, textBytes(text), new Uint8Array(Buffer.from(signature, "hex")))).to.equal(true);
  });

  it("reaches the status asked for, whatever levels stand around it", () => {
    for (let i = 0; i < 40; i++) {
      const [upToDate, hardening] = [
        mintWorld({ seed: caseSeed(`level ${i}`), hasWildModuleSvns: true }),
        mintWorld({ seed: caseSeed(`level ${i}`), status: { platform: "SWHardeningNeeded" } }),
      ];
      expect([firstReached(upToDate), firstReached(hardening)]).to.deep.equal(["UpToDate", "SWHardeningNeeded"]);
    }
  });

  it("signs with the half of s that is asked for", () => {
    const random = seededRandom(caseSeed("s"));
    for (let i = 0; i < 8; i++) {
      const [key, message] = [mintKey(random), random.bytes(50)];
      const [low, high] = [sign(message, key, "low"), sign(message, key, "high")];
      const s = (signature: Uint8Array): bigint => BigInt(`0x${hexOf(signature.slice(32))}`);
      expect([s(low) <= curveOrder / 2n, s(high) > curveOrder / 2n, s(low) + s(high)]).to.deep.equal([
        true,
        true,
        curveOrder,
      ]);
      expect(isSignedBy(key.point, message, low) && isSignedBy(key.point, message, high)).to.equal(true);
    }
  });
});
