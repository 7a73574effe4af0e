import { expect } from "chai";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { numberToHex, sha256 } from "viem";
import { readDrandVectors } from "../../scripts/vectors/drand-file.ts";
import type { DcapVerdict } from "../../scripts/vectors/dcap-file.ts";
import { VectorFileError } from "../../scripts/vectors/suite.ts";
import { publicKeyOf, signRound } from "../../sdk/drand/bls.ts";
import { writeQuoteFolder } from "./quote-folder.ts";
import fixture from "../fixtures/drand-evmnet.json" with { type: "json" };

const script = fileURLToPath(new URL("../../scripts/test-vectors.ts", import.meta.url));
const { beacons } = fixture.evmnet;
const [vector = { round: 0, sig: "", randomness: "" }] = beacons;
/** Those of the project's own beacons, of one quote and of one GPU. */
const ownLines = beacons.length + 2;

/** Flips the lowest bit of a text in hex. */
function flip(hex: string): string {
  return hex.slice(0, -1) + (parseInt(hex.slice(-1), 16) ^ 1).toString(16);
}

let quotes: string;

/** Real quotes are left out: a folder of the test's own is in their place, unless another is named. */
function runScript(vectors: string | undefined, folder = quotes): Promise<{ status: number; output: string }> {
  const names = { ATOMA_DRAND_VECTORS: vectors, ATOMA_ATTESTATION_VECTORS: folder };
  const env = { ...process.env, ...names }; // Node leaves out what is undefined
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ status, output: stdout + stderr });
    });
  });
}

describe("test-vectors", () => {
  let directory: string;
  const write = async (content: unknown) => {
    const path = join(directory, "vectors.json");
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const writeQuotes = (name: string, expected: DcapVerdict, gpu: object = {}) =>
    writeQuoteFolder(join(directory, name), expected, gpu);
  const rejected = { verdict: "reject", status: null, advisories: [] } as const;
  const runWith = async (content: unknown) => runScript(await write(content));
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "atoma-vectors-"));
    quotes = await writeQuotes("quotes", rejected);
  });
  after(() => rm(directory, { recursive: true }));

  it("passes on the project's own beacons and says that no others were given", async () => {
    const { status, output } = await runScript(undefined);
    expect(output).to.contain("ATOMA_DRAND_VECTORS is not set").and.to.contain(`${ownLines} passed, 0 failed`);
    expect(status).to.equal(0);
  });

  it("takes a plain list of beacons", async () => {
    const { status, output } = await runWith({ evmnet: [vector, { ...vector, round: String(vector.round) }] });
    expect(output).to.contain(`${ownLines + 2} passed, 0 failed`);
    expect(status).to.equal(0);
  });

  it("takes beacons with the key of another network", async () => {
    const [round, key] = [1n, 77n];
    const signature = signRound(key, round);
    const publicKey = publicKeyOf(key)
      .map((word) => numberToHex(word, { size: 32 }).slice(2))
      .join("");
    const beacon = { round: Number(round), sig: signature, randomness: sha256(signature) };
    const { status, output } = await runWith({
      evmnet: { publicKey, genesis: 5, periodSeconds: 1, beacons: [beacon] },
    });
    expect(output).to.contain(`${ownLines + 1} passed, 0 failed`);
    expect(status).to.equal(0);
  });

  it("fails, with a line of its own, on a wrong signature, round or randomness", async () => {
    const wrong = [
      { ...vector, sig: flip(vector.sig) },
      { ...vector, round: vector.round + 1 },
      { ...vector, randomness: flip(vector.randomness) },
    ];
    const { status, output } = await runWith({ evmnet: [...wrong, vector] });
    const lines = output.split("\n").filter((line) => line.includes("on chain FAILED  TypeScript FAILED"));
    expect(lines).to.have.length(wrong.length);
    expect(output).to.contain(`${ownLines + 1} passed, ${wrong.length} failed`);
    expect(status).to.equal(1);
  });

  it("fails without a stack trace when the file cannot be read, after its own beacons", async () => {
    const { status, output } = await runScript(join(directory, "missing.json"));
    expect(output)
      .to.match(/Cannot read .*missing\.json/)
      .and.not.to.match(/\n\s+at /);
    expect(output).to.contain(`${ownLines} passed, 1 failed`);
    expect(status).to.equal(1);
  });

  it("names the fault of a file that is no JSON or of another form", async () => {
    const faults: [content: unknown, message: string][] = [
      ["{", "is not JSON"],
      [{ quicknet: [] }, "evmnet"],
      [{ evmnet: [] }, "holds no beacon"],
      [{ evmnet: [{ ...vector, sig: "00" }] }, "must be 64 bytes in hex"],
      [{ evmnet: [{ ...vector, randomness: undefined }] }, "evmnet.beacons[0].randomness"],
      [{ evmnet: [vector, { ...vector, round: 0 }] }, "must be within 1..2^64-1"],
      [{ evmnet: { beacons: [vector], periodSeconds: 0 } }, "evmnet.periodSeconds"],
      [{ evmnet: { publicKey: "00".repeat(128), beacons: [vector] } }, "no point of BN254's G2"],
    ];
    for (const [content, message] of faults) {
      const path = await write(content);
      const fault = await readDrandVectors(path).catch((error: unknown) => error);
      expect(fault)
        .to.be.instanceOf(VectorFileError)
        .with.property("message")
        .that.contains(path)
        .and.contains(message);
    }
  });

  it("fails on a quote that does not come out as the manifest says, with a line of its own", async () => {
    const folder = await writeQuotes("differs", { verdict: "accept", status: "UpToDate", advisories: [] });
    const { status, output } = await runScript(undefined, folder);
    const line = "dcap minted  on chain reject no status FAILED  TypeScript reject no status FAILED\n";
    expect(output).to.contain(line).and.to.contain("passed, 1 failed");
    expect(status).to.equal(1);
  });

  it("fails on GPU evidence that does not come out as the manifest says, and claims no verdict on chain", async () => {
    const folder = await writeQuotes("gpu", rejected, { verdict: "accept", driver: "535.86.09" });
    const { status, output } = await runScript(undefined, folder);
    const line = "nvidia minted  on chain not verified (by design off chain)  TypeScript reject root-unknown FAILED\n";
    expect(output)
      .to.contain(line)
      .and.to.contain(`${ownLines - 1} passed, 1 failed`);
    expect(status).to.equal(1);
  });
});
