import { expect } from "chai";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeNvidiaSuite, type NvidiaVerifier, typeScriptGpuVerifier } from "../../scripts/vectors/nvidia.ts";
import { isPassed, lineOf, VectorFileError, type VectorResult } from "../../scripts/vectors/suite.ts";
import { printSeedOnFailure } from "../helpers/attestation/seed.ts";
import { writeQuoteFolder } from "./quote-folder.ts";

const [driver, vbios] = ["535.86.09", "96.00.5E.00.01"];
const nowS = 1_781_056_800;
/** Says that all is genuine, as NVIDIA's root would make the sdk's say it. */
const trusting: NvidiaVerifier = { name: "x", verify: () => ({ verdict: "accept", driver, vbios }) };
const quote = { verdict: "reject", status: null, advisories: [] };
const unchecked = "on chain not verified (by design off chain)";

describe("Vectors of GPUs", () => {
  printSeedOnFailure();
  let directory: string;
  let made = 0;
  const write = (expected: object) => writeQuoteFolder(join(directory, String(made++)), quote, expected);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "atoma-gpus-"));
  });
  after(() => rm(directory, { recursive: true }));

  const run = async (folder: Parameters<typeof makeNvidiaSuite>[0], verifier = typeScriptGpuVerifier) => {
    const [lines, results]: [string[], VectorResult[]] = [[], []];
    const suite = makeNvidiaSuite(folder, [verifier], nowS);
    for await (const result of suite.run((line) => void lines.push(line))) results.push(result);
    return { lines, results };
  };

  it("pass where the verifier says what the manifest says; the chain has no verdict that could pass", async () => {
    const { results } = await run({ path: await write({}) });
    expect(results).to.deep.equal([
      { name: "nvidia minted", notes: [unchecked], checks: { "TypeScript reject root-unknown": true } },
    ]);
    const accepted = await run({ path: await write({ verdict: "accept", driver, vbios }) }, trusting);
    expect(accepted.results.map(lineOf)).to.deep.equal([
      `nvidia minted  ${unchecked}  x accept driver ${driver} VBIOS ${vbios} ok`,
    ]);
  });

  it("fail on another verdict or another version", async () => {
    const expectations = [{ verdict: "reject" }, { driver: "535.86.10" }, { vbios: "96.00.5E.00.02" }];
    for (const expected of expectations) {
      const { results } = await run({ path: await write({ verdict: "accept", driver, vbios, ...expected }) }, trusting);
      expect([expected, results.map(isPassed)]).to.deep.equal([expected, [false]]);
    }
    const { results } = await run({ path: await write({ verdict: "accept" }) });
    expect(results.map(isPassed)).to.deep.equal([false]);
  });

  it("compare the nonce where there is one, and are verified at their clock, else now", async () => {
    const nonce = "11".repeat(32);
    const { results } = await run({ path: await write({ nonce }) });
    expect(results.map(({ checks }) => checks)).to.deep.equal([{ "TypeScript reject gpu-nonce": true }]);
    const clocks: number[] = [];
    const verify: NvidiaVerifier["verify"] = (_, at) => (clocks.push(at), { verdict: "reject" });
    for (const expected of [{ at: undefined }, { at: 5 }])
      await run({ path: await write(expected) }, { name: "x", verify });
    expect(clocks).to.deep.equal([nowS, 5]);
  });

  it("say what is wrong with a folder", async () => {
    const faults: [path: string, fault: RegExp][] = [
      [join(directory, "nowhere"), /Cannot read .*nowhere.*manifest\.json/],
      [await write({ verdict: "fine" }), /is no manifest:[^]*verdict/],
      [await write({ nonce: "11" }), /must be 32 bytes in hex/],
      [await write({ report: "missing" }), /Cannot read .*missing/],
      [await write({ chain: "missing" }), /Cannot read .*missing/],
    ];
    for (const [path, message] of faults) {
      const fault = await run({ path }).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(VectorFileError).with.property("message").that.matches(message);
    }
  });

  it("say so where there is no folder, and where it has no evidence", async () => {
    expect((await run({ absent: "no folder" })).lines).to.deep.equal(["no folder"]);
    await writeFile(join(directory, "manifest.json"), JSON.stringify({ dcap: [] }));
    expect((await run({ path: directory })).lines).to.deep.equal(["The manifest has no GPU evidence."]);
  });
});
