import { expect } from "chai";
import { toHex } from "../../../sdk/attestation/bytes.ts";
import { DerError, elementsOf, parseDer } from "../../../sdk/attestation/der.ts";
import {
  booleanOf,
  namedBitsOf,
  oidOf,
  smallIntegerOf,
  timeOf,
  unsignedOf,
} from "../../../sdk/attestation/der-values.ts";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { parsePem, parsePemBytes } from "../../../sdk/attestation/pem.ts";
import { mergeStatus, statusBitmap, statuses, statusNumber } from "../../../sdk/attestation/status.ts";
import { JsonError, parseStrictJson } from "../../../sdk/attestation/strict-json.ts";
import { bytesOf, textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import * as der from "../../../keepers/attestation/dev/der.ts";
import {
  withIndefiniteLength,
  withLongLength,
  withPrefix,
  withWrongLength,
} from "../../helpers/attestation/der-broken.ts";
import { pemOf } from "../../../keepers/attestation/dev/pem.ts";

const parse = (hex: string) => parseDer(bytesOf(hex));
const reads =
  <T>(read: (element: ReturnType<typeof parse>) => T) =>
  (hex: string) =>
    read(parse(hex));
const refuses = (read: (hex: string) => unknown, cases: readonly string[]): void => {
  for (const hex of cases) expect(() => read(hex), hex).to.throw(DerError);
};

describe("Strict DER", () => {
  it("has definite lengths in their shortest form", () => {
    const whole = der.octetString(new Uint8Array(200).fill(1));
    expect(parseDer(whole).content).to.have.length(200);
    const spoiled = [
      withLongLength(whole, 2),
      withIndefiniteLength(whole),
      withWrongLength(whole, 1),
      withWrongLength(whole, -1),
    ];
    for (const bytes of spoiled) expect(() => parseDer(bytes)).to.throw(DerError);
    refuses(parse, ["", "04", "0401", "048101ff", "04820001ff", "0480", "0484000000010", "1f0100", "0400ff"]);
  });

  it("has lists that end with their last element", () => {
    expect(elementsOf(bytesOf("020101040100"))).to.have.length(2);
    refuses((hex) => elementsOf(bytesOf(hex)), ["0201010401", "02010104"]);
  });

  it("has integers in their shortest form, here none below zero", () => {
    const integer = reads(unsignedOf);
    expect(["020100", "02017f", "02020080", "02090100000000000000ff"].map((hex) => toHex(integer(hex)))).to.deep.equal([
      "0x00",
      "0x7f",
      "0x80",
      "0x0100000000000000ff",
    ]);
    refuses(integer, ["0200", "020180", "02020001", "0202007f", "030100"]);
    refuses(
      reads((element) => smallIntegerOf(element, 255)),
      ["02020100", "0206010000000000"],
    );
    expect(() => unsignedOf(parseDer(withPrefix(der.integer(5), Uint8Array.of(0))))).to.throw(DerError);
  });

  it("has one form for each boolean and list of bits", () => {
    expect([reads(booleanOf)("010100"), reads(booleanOf)("0101ff")]).to.deep.equal([false, true]);
    refuses(reads(booleanOf), ["010101", "0100", "01020000"]);
    expect(reads(namedBitsOf)("03020106")).to.deep.equal([false, false, false, false, false, true, true]);
    refuses(reads(namedBitsOf), ["0300", "03020806", "03020206", "03020006", "030101", "030400000001"]);
  });

  it("has object identifiers in their shortest form", () => {
    for (const dotted of ["1.2.840.113741.1.13.1.2.18", "2.5.29.15", "2.999.3"])
      expect(oidOf(parseDer(der.oid(dotted)))).to.equal(dotted);
    expect(oidOf(parseDer(bytesOf(`061f2a${"ff".repeat(29)}7f`)))).to.equal(`1.2.${2n ** 210n - 1n}`);
    refuses(reads(oidOf), ["0600", "060180", "06028001", "06022a80", `06202a${"ff".repeat(30)}7f`]);
  });

  it("has times of both kinds that exist, from 1970 on", () => {
    for (const seconds of [0, 951_782_399, 1_751_624_191, 2_524_607_999]) {
      expect(timeOf(parseDer(der.utcTime(seconds)))).to.equal(seconds);
      expect(timeOf(parseDer(der.generalizedTime(seconds)))).to.equal(seconds);
    }
    expect(timeOf(parseDer(der.time(253_402_300_799)))).to.equal(253_402_300_799);
    const utc = [
      "691231235959Z",
      "250229000000Z",
      "251301000000Z",
      "250101240000Z",
      "2501010000Z",
      "250101000000+0000",
      "2501010000000Z",
      "25010100000.Z",
    ];
    for (const text of utc) expect(() => timeOf(parseDer(der.element(0x17, textBytes(text)))), text).to.throw(DerError);
    for (const text of ["19691231235959Z", "20250101000000.5Z", "20250101000000"])
      expect(() => timeOf(parseDer(der.element(0x18, textBytes(text)))), text).to.throw(DerError);
  });
});

describe("PEM", () => {
  const one = pemOf(Uint8Array.of(1, 2, 3, 4, 5));
  it("is blocks of certificates and nothing else, with either line end", () => {
    expect(parsePem(one + one, "x").map(toHex)).to.deep.equal(["0x0102030405", "0x0102030405"]);
    expect(parsePem(one.replaceAll("\n", "\r\n"), "x")).to.have.length(1);
    expect(parsePem(one.trimEnd(), "x")).to.have.length(1);
    const spoiled = [
      "",
      "\n",
      `x\n${one}`,
      `${one}x`,
      `${one}\n\n${one}`,
      one.replace("CERTIFICATE", "X509 CRL"),
      one.replace("-----END", "----END"),
      one.replace("AQIDBAU=", "AQIDBAU"),
      one.replace("AQIDBAU=", "AQIDBAV="),
      one.replace("AQIDBAU=", "AQID*AU="),
      one.replace("AQIDBAU=", "AQ=IDBAU"),
      one.replace("AQIDBAU=", ""),
      one.replace("AQIDBAU=", " AQIDBAU="),
    ];
    for (const text of spoiled)
      expect(() => parsePem(text, "x"), text)
        .to.throw(EvidenceError)
        .with.property("code", "pem-malformed");
  });

  it("may end in one NUL byte in a quote", () => {
    expect(parsePemBytes(textBytes(`${one}\0`), "x")).to.have.length(1);
    expect(() => parsePemBytes(textBytes(`${one}\0\0`), "x")).to.throw(EvidenceError);
  });

  it("decodes every length", () => {
    for (let length = 1; length < 100; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
      expect(parsePem(pemOf(bytes), "x").map(toHex)).to.deep.equal([toHex(bytes)]);
    }
  });
});

describe("Strict JSON", () => {
  it("has plain objects, lists, texts and numbers", () => {
    expect(parseStrictJson('{"a":[1,"x",true,null,{}],"b":[]}')).to.deep.equal(
      new Map<string, unknown>([
        ["a", [1, "x", true, null, new Map()]],
        ["b", []],
      ]),
    );
    expect(parseStrictJson("1.5")).to.be.NaN;
    expect(parseStrictJson('{"__proto__":1}')).to.deep.equal(new Map([["__proto__", 1]]));
  });

  it("refuses what could be read in two ways", () => {
    const spoiled = [
      "",
      " 1",
      "1 ",
      "{",
      "[",
      '{"a":1,"a":2}',
      '{"a":{"b":1,"b":1}}',
      '{"a" :1}',
      "[1,]",
      "[,1]",
      "{,}",
      '{"a":1,}',
      "{a:1}",
      '"\\u0061"',
      '"\\n"',
      '"ä"',
      '"\u007f"',
      '"\n"',
      "01",
      "+1",
      "1.",
      ".5",
      "1e",
      "tru",
      "NaN",
      "1 2",
      `${"[".repeat(18)}${"]".repeat(18)}`,
    ];
    for (const text of spoiled) expect(() => parseStrictJson(text), text).to.throw(JsonError);
  });
});

describe("TCB statuses", () => {
  it("have numbers from one on, and bits by them", () => {
    expect(statuses.map(statusNumber)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
    expect([
      statusBitmap([]),
      statusBitmap(["UpToDate"]),
      statusBitmap(["Revoked", "SWHardeningNeeded"]),
    ]).to.deep.equal([0, 2, 132]);
  });

  it("never get better by a part, and a part of another status than two counts as out of date", () => {
    for (const platform of statuses) {
      expect(mergeStatus(platform, "UpToDate")).to.equal(platform);
      expect(mergeStatus(platform, "Revoked")).to.equal("Revoked");
      for (const part of statuses.slice(1, 6))
        expect(mergeStatus(platform, part)).to.equal(mergeStatus(platform, "OutOfDate"));
    }
  });
});
