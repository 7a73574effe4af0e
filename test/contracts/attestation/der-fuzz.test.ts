import { expect } from "chai";
import { mintSerial } from "../../../keepers/attestation/dev/issuers.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { sgxExtensionValue } from "../../../keepers/attestation/dev/sgx-extension.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { hexBytes } from "../../helpers/certificate-store.ts";
import { entryOffsets } from "../../helpers/crl-entries.ts";
import { type DerInput, type DerOutcome, forbiddenErrors, openDerHarness } from "../../helpers/der-harness.ts";
import { changed, cuts, oversized, spoiledEverywhere, withSmallest } from "../../helpers/der-inputs.ts";
import { entryOffChain, type Parser, verdictOffChain } from "../../helpers/der-verdicts.ts";

/** Inputs to each source's parser; more with ATOMA_DER_RUNS. */
const runs = Number(process.env.ATOMA_DER_RUNS ?? 10_000);
const batch = 500;
const entriesPath = [0, 5];
const shown = 4_000;

const world = mintWorld({ seed: caseSeed("DER") });
const serials = seededRandom(caseSeed("serial numbers"));
const listOf = (length: number): Uint8Array =>
  world.pckCrl({ revoked: Array.from({ length }, () => ({ serial: mintSerial(serials) })) }).der;

type Source = { readonly parser: Parser; readonly der: Uint8Array };
const sources: Readonly<Record<string, Source>> = {
  "PCK certificate": { parser: "certificate", der: world.certificates.pck.der },
  "CA certificate": { parser: "certificate", der: world.certificates.intermediate.der },
  "revocation list of one entry": { parser: "list", der: listOf(1) },
  "revocation list": { parser: "list", der: listOf(5) },
  "SGX extension": { parser: "extension", der: sgxExtensionValue(world.platform.sgx) },
};

/** The entry that a list is asked for: where TypeScript finds one, else where one begins, else where one often begins. */
const [usualOffset = 0] = entryOffsets(listOf(1));
const inputOf = (parser: Parser, bytes: Uint8Array): DerInput => {
  if (parser !== "list") return { bytes };
  return { bytes, entryOffset: entryOffChain(bytes) ?? entryOffsets(bytes)[0] ?? usualOffset };
};

/** What is wrong with an outcome, if anything. On chain other entries of a list are not read, and 16 extensions are enough. */
const faultOf = (parser: Parser, { bytes, entryOffset }: DerInput, { hash, error }: DerOutcome): string | undefined => {
  const expected = verdictOffChain(parser, bytes, entryOffset);
  const isWeaker = () => parser === "list" && expected === undefined && entryOffsets(bytes).length !== 1;
  const isSame = hash === expected || error === "TooManyExtensions" || isWeaker();
  const isBad = forbiddenErrors.some((one) => one === error);
  if (isSame && !isBad) return undefined;
  return `${error ?? "accepted"} on chain, ${expected === undefined ? "refused" : "accepted"} off chain: ${hexBytes(bytes).slice(0, shown)}`;
};

describe("The parsers of DER on chain", function () {
  this.timeout(1_800_000);
  printSeedOnFailure();
  let harness: Awaited<ReturnType<typeof openDerHarness>>;
  let total = 0;
  before(async () => (harness = await openDerHarness()));
  after(() => console.log(`      ${total} inputs in all`));

  for (const [name, { parser, der }] of Object.entries(sources))
    it(`read what those in TypeScript read, without panic and within the gas of its length: ${name}`, async () => {
      const random = seededRandom(caseSeed(name));
      const pending = [der, ...spoiledEverywhere(der), ...cuts(der), ...oversized(random, der)];
      if (parser === "list") pending.push(withSmallest(der, entriesPath));
      let [inputs, accepted, mostGas, mostPerByte] = [0, 0, 0, 0];
      while (inputs < runs || pending.length > 0) {
        while (pending.length < batch && inputs + pending.length < runs) pending.push(changed(random, der));
        const part = pending.splice(0, batch).map((bytes) => inputOf(parser, bytes));
        for (const [i, outcome] of (await harness.run(parser, part)).entries()) {
          const input = part[i] ?? { bytes: der };
          const fault = faultOf(parser, input, outcome);
          if (fault !== undefined) expect.fail(fault);
          if (outcome.error === undefined) accepted += 1;
          if (input.bytes.length < 5_000) mostGas = Math.max(mostGas, outcome.gasUsed);
          else mostPerByte = Math.max(mostPerByte, outcome.gasUsed / input.bytes.length);
        }
        inputs += part.length;
      }
      total += inputs;
      console.log(
        `      ${inputs} inputs, ${accepted} accepted, at most ${mostGas} gas; of 64 KiB ${mostPerByte.toFixed(1)} gas a byte`,
      );
      expect(accepted).to.be.within(1, inputs / 2);
    });
});
