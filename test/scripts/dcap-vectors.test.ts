import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attestationFolder } from "../../scripts/vectors/attestation-folder.ts";
import { makeDcapSuite, typeScriptVerifier } from "../../scripts/vectors/dcap.ts";
import { isPassed, VectorFileError, type VectorResult } from "../../scripts/vectors/suite.ts";
import { printSeedOnFailure } from "../helpers/attestation/seed.ts";
import { writeQuoteFolder } from "./quote-folder.ts";

type Folder = Parameters<typeof makeDcapSuite>[0];

describe("Vectors of quotes", () => {
  printSeedOnFailure();
  let directory: string;
  let made = 0;
  const write = (expected: object) => writeQuoteFolder(join(directory, String(made++)), expected);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "atoma-quotes-"));
  });
  after(() => rm(directory, { recursive: true }));

  const run = async (folder: Folder, verifiers = [typeScriptVerifier]) => {
    const [lines, results]: [string[], VectorResult[]] = [[], []];
    for await (const result of makeDcapSuite(folder, verifiers).run((line) => void lines.push(line)))
      results.push(result);
    return { lines, results };
  };

  it("pass where every verifier says what the manifest says", async () => {
    const path = await write({ verdict: "reject", status: null, advisories: [] });
    const silent = { name: "on chain", verify: () => Promise.resolve({ verdict: "reject" } as const) };
    const { lines, results } = await run({ path }, [typeScriptVerifier, silent]);
    expect(results).to.deep.equal([
      { name: "dcap minted", checks: { "TypeScript reject no status": true, "on chain reject": true } },
    ]);
    expect(lines).to.deep.equal([]);
  });

  it("fail on another verdict, another status or other advisories", async () => {
    for (const expected of [
      { verdict: "accept", status: null, advisories: [] },
      { verdict: "reject", status: "OutOfDate", advisories: [] },
      { verdict: "reject", status: null, advisories: ["INTEL-SA-00001"] },
    ]) {
      const { results } = await run({ path: await write(expected) });
      expect(results.map(isPassed)).to.deep.equal([false]);
    }
  });

  it("compare advisories whatever their order", async () => {
    const path = await write({ verdict: "reject", status: "OutOfDate", advisories: ["A", "B"] });
    const found = { verdict: "reject", status: "OutOfDate", advisories: ["B", "A"] } as const;
    const { results } = await run({ path }, [{ name: "x", verify: () => Promise.resolve(found) }]);
    expect(results.map(isPassed)).to.deep.equal([true]);
  });

  it("say what is wrong with a folder", async () => {
    const faults: [path: string, fault: RegExp][] = [
      [join(directory, "nowhere"), /Cannot read .*nowhere.*manifest\.json/],
      [await write({ verdict: "reject", status: "Fine", advisories: [] }), /is no manifest:[^]*status/],
      [await write({ verdict: "reject", status: null, advisories: [], quote: "missing" }), /Cannot read .*missing/],
      [
        await write({ verdict: "reject", status: null, advisories: [], collateral: "quote.bin" }),
        /quote\.bin is not JSON/,
      ],
    ];
    for (const [path, message] of faults) {
      const fault = await run({ path }).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(VectorFileError).with.property("message").that.matches(message);
    }
  });

  it("say so where there is no folder", async () => {
    const { lines, results } = await run({ absent: "no folder" });
    expect([lines, results]).to.deep.equal([["no folder"], []]);
    expect(attestationFolder({ ATOMA_ATTESTATION_VECTORS: "x" })).to.deep.equal({ path: "x" });
    const { path, absent } = attestationFolder({ ATOMA_ATTESTATION_VECTORS: "" });
    expect(path ?? absent).to.match(/shared.attestation/);
  });
});
