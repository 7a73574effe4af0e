import { expect } from "chai";
import { bytesOf, hexOf } from "../../../../keepers/attestation/dev/bytes.ts";
import {
  bitString,
  generalizedTime,
  integer,
  octetString,
  oid,
  sequence,
  time,
  utcTime,
} from "../../../../keepers/attestation/dev/der.ts";
import {
  withIndefiniteLength,
  withLongLength,
  withPrefix,
  withSuffix,
  withWrongLength,
} from "../../../helpers/attestation/der-broken.ts";
import { elementAt, readDer, replaceAt, writeDer } from "../../../helpers/attestation/der-tree.ts";

const newYear2050S = Date.UTC(2050, 0, 1) / 1_000;

describe("DER writer of the mint kit", () => {
  it("writes integers in as few bytes as their sign allows", () => {
    const written = [0n, 127n, 128n, 255n, 256n, 1n << 159n].map((value) => hexOf(integer(value)));
    expect(written).to.deep.equal([
      "020100",
      "02017f",
      "02020080",
      "020200ff",
      "02020100",
      `02150080${"00".repeat(19)}`,
    ]);
  });

  it("writes Intel's and X.509's identifiers", () => {
    expect(hexOf(oid("1.2.840.113741.1.13.1"))).to.equal("06092a864886f84d010d01");
    expect(hexOf(oid("2.5.29.15"))).to.equal("0603551d0f");
  });

  it("changes from UTCTime to GeneralizedTime in 2050", () => {
    expect(time(newYear2050S - 1)).to.deep.equal(utcTime(newYear2050S - 1));
    expect(time(newYear2050S)).to.deep.equal(generalizedTime(newYear2050S));
    expect(Buffer.from(time(newYear2050S)).toString("latin1")).to.equal("\x18\x0f20500101000000Z");
  });

  it("writes lengths of one, two and three bytes", () => {
    const heads = [127, 128, 256].map((length) => hexOf(octetString(new Uint8Array(length)).slice(0, 4)));
    expect(heads).to.deep.equal(["047f0000", "04818000", "04820100"]);
  });

  it("replaces an element and corrects the lengths around it", () => {
    const der = sequence(sequence(integer(1), integer(2)), bitString(new Uint8Array(120)));
    const changed = replaceAt(der, [0, 1], () => octetString(new Uint8Array(200)));
    expect(elementAt(changed, [0, 1])).to.deep.equal(octetString(new Uint8Array(200)));
    expect(writeDer(readDer(changed))).to.deep.equal(changed);
  });

  it("spoils an element in the way asked for", () => {
    const one = integer(1);
    expect(hexOf(withLongLength(one, 2))).to.equal("0282000101");
    expect(hexOf(withWrongLength(one, 1))).to.equal("020201");
    expect(hexOf(withIndefiniteLength(sequence(one)))).to.equal("30800201010000");
    expect(hexOf(withPrefix(one, bytesOf("00")))).to.equal("02020001");
    expect(hexOf(withSuffix(one, bytesOf("ff")))).to.equal("020201ff");
  });
});
