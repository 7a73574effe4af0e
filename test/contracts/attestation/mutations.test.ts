import { expect } from "chai";
import { toFunctionSelector } from "viem";
import { zeros } from "../../../keepers/attestation/dev/bytes.ts";
import { nothing, sequence, tags } from "../../../keepers/attestation/dev/der.ts";
import { replaceAt } from "../../helpers/attestation/der-tree.ts";
import { extension } from "../../../keepers/attestation/dev/extensions.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { sgxExtensionValue } from "../../../keepers/attestation/dev/sgx-extension.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { mintSerial } from "../../../keepers/attestation/dev/issuers.ts";
import { deployHarness, hexBytes } from "../../helpers/certificate-store.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";
import { pathsOf, spoils } from "../../helpers/der-mutations.ts";
import { parseCertificate } from "../../../sdk/attestation/certificate.ts";
import { parseSgxExtension } from "../../../sdk/attestation/sgx-extension.ts";
import type { CertificateHarness } from "../../../types/index.js";

/** Inputs of one call, and the gas of each parser: above what any of these inputs needs, if it grows with the input. */
const batch = 64;
const gasPerByte = 100;
const gasPerInput = 60_000;
const panic = toFunctionSelector("function Panic(uint256)");
const message = toFunctionSelector("function Error(string)");
const parsers = ["certificate", "list", "extension"] as const;
type Parser = (typeof parsers)[number];

const random = seededRandom(caseSeed("mutations"));
const world = mintWorld({ seed: caseSeed("mutations"), ca: "platform" });
const revoked = Array.from({ length: 5 }, () => ({ serial: mintSerial(random) }));
const sources: Record<Parser, Uint8Array> = {
  certificate: world.certificates.pck.der,
  list: world.pckCrl({ revoked }).der,
  extension: sgxExtensionValue(world.platform.sgx),
};
const entryOffset = entryOffsets(sources.list)[2] ?? 0;

/**
 * What the parser in TypeScript says. It reads lists whole, so it is no judge of an entry. The type of the issuer's name it
 * leaves to the comparison with the issuer's own name.
 */
function isAcceptedOffChain(parser: Parser, input: Uint8Array): boolean {
  try {
    if (parser === "certificate") return parseCertificate(input, "it").issuer[0] === tags.sequence;
    parseSgxExtension(input, "it");
    return true;
  } catch {
    return false;
  }
}

describe("Every parser of DER on chain", () => {
  printSeedOnFailure();
  let harness: CertificateHarness;
  before(async () => ({ harness } = await deployHarness(world.at)));

  /** The answers of all parsers to one input: undefined for an accepted one, else the name of the error. */
  const errorName = (answer: string): string | undefined => {
    if (answer === "0x") return undefined;
    expect(answer, "out of gas, or a revert without data").not.to.equal("0xff");
    expect([panic, message]).not.to.include(answer.slice(0, 10));
    const error = harness.interface.getError(answer.slice(0, 10));
    expect(error, answer).not.to.equal(null);
    return error?.name;
  };

  async function parseAll(inputs: readonly Uint8Array[]): Promise<Record<Parser, string | undefined>[]> {
    const most = Math.max(...inputs.map(({ length }) => length));
    const answers = await harness.fuzz(inputs.map(hexBytes), entryOffset, gasPerInput + gasPerByte * most);
    return inputs.map((_, i) => {
      const [certificate, list, extension] = answers.slice(3 * i, 3 * i + 3).map(errorName);
      return { certificate, list, extension };
    });
  }

  /** Hands all inputs to all parsers and compares with TypeScript. Returns how many were accepted. */
  async function compare(kind: Parser, inputs: readonly Uint8Array[]): Promise<number> {
    let accepted = 0;
    for (let from = 0; from < inputs.length; from += batch) {
      const part = inputs.slice(from, from + batch);
      for (const [i, found] of (await parseAll(part)).entries()) {
        const input = part[i] ?? zeros(0);
        for (const parser of ["certificate", "extension"] as const)
          expect(found[parser] === undefined, `${parser} ${found[parser]}: ${hexBytes(input)}`).to.equal(
            isAcceptedOffChain(parser, input),
          );
        if (found[kind] === undefined) accepted += 1;
      }
    }
    return accepted;
  }

  for (const kind of parsers) {
    it(`agree with those in TypeScript on each element of one ${kind} spoiled in each way`, async () => {
      const source = sources[kind];
      const inputs = pathsOf(source).flatMap((path) => spoils.map((spoil) => replaceAt(source, path, spoil)));
      const accepted = await compare(kind, [source, ...inputs]);
      console.log(`      ${inputs.length} inputs, ${accepted} accepted`);
      expect(accepted).to.be.within(1, inputs.length / 3);
    });
  }

  it("refuse noise, and every cut of a certificate", async () => {
    const noise = Array.from({ length: 200 }, () => random.bytes(random.integer(0, 600)));
    expect(await compare("certificate", noise)).to.equal(0);
    const { certificate } = sources;
    const cuts = Array.from(certificate.keys(), (length) => certificate.slice(0, length));
    expect(await compare("certificate", cuts)).to.equal(0);
  });

  it("take gas in proportion to oversized inputs", async () => {
    const big = (length: number) => extension("1.2.3.4", sequence(...Array.from({ length }, nothing)));
    const { certificates } = world.remint({
      certificates: { pck: { moreExtensions: [big(20_000)] } },
    });
    const list = world.pckCrl({ revoked: Array.from({ length: 800 }, () => ({ serial: mintSerial(random) })) }).der;
    const [found, ofList] = await parseAll([certificates.pck.der, list]);
    expect(found?.certificate).to.equal(undefined);
    expect(ofList?.list).to.be.oneOf([undefined, "NotAnEntry"]); // an entry may begin where one of the source does
  });
});
