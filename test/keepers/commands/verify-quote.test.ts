import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { hexOf } from "../../../keepers/attestation/dev/bytes.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

const program = fileURLToPath(new URL("../../../keepers/atoma.ts", import.meta.url));

type Ended = { readonly status: number; readonly out: string; readonly err: string };

const atoma = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, out, err) => {
      resolve({ status: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
    });
  });

describe("atoma verify-quote", function () {
  this.timeout(60_000);
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("command"), status: { platform: "SWHardeningNeeded" } });
  let folder: string;
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  let binary: readonly string[];
  const clock = ["--at", String(world.at), "--root-key", hexOf(world.rootKey)] as const;
  const allow = ["--allow", "UpToDate,SWHardeningNeeded"] as const;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "atoma-quote-"));
    const collateral = write("collateral.json", JSON.stringify(world.collateral()));
    binary = ["verify-quote", "--quote", write("quote.bin", world.quote().bytes), "--collateral", collateral];
  });
  after(() => rmSync(folder, { recursive: true }));

  it("says that a quote is accepted, why, what it measures and until when that holds, and exits with 0", async () => {
    const { status, out } = await atoma(...binary, ...clock, ...allow);
    expect(status, out).to.equal(0);
    expect(out)
      .to.match(/^ACCEPTED at \d{4}-/)
      .and.to.contain("the status SWHardeningNeeded");
    expect(out)
      .to.match(/holds from \d{4}-.* until \d{4}-/)
      .and.to.contain("version 4 from TDX (TD 1.0)");
    expect(out)
      .to.match(/ {2}mrTd +0x[0-9a-f]{96}\n/)
      .and.to.contain(hexOf(world.platform.sgx.ppid));
  });

  it("takes a quote in hex, with or without 0x and an end of line", async () => {
    const digits = hexOf(world.quote().bytes);
    for (const text of [digits, `0x${digits}\n`, digits.toUpperCase()]) {
      const args = ["verify-quote", "--quote", write("quote.hex", text), ...binary.slice(3)];
      expect((await atoma(...args, ...clock, ...allow)).status).to.equal(0);
    }
  });

  it("says why a quote is rejected and what to do, and exits with 1", async () => {
    const { status, out } = await atoma(...binary, ...clock);
    expect(status).to.equal(1);
    expect(out)
      .to.match(/^REJECTED at .* \(status-not-allowed\)\.\n/)
      .and.to.contain("allowed is UpToDate. Update the machine");
    const changed = await atoma(...binary, ...clock, "--at", String(world.at + 400 * 86_400));
    expect([changed.status, /\((\w+)-expired\)/.test(changed.out)]).to.deep.equal([1, true]);
  });

  it("pins Intel's root and takes the machine's clock unless told otherwise", async () => {
    const { status, out } = await atoma(...binary, "--at", String(world.at));
    expect([status, out.includes("(root-unknown)")]).to.deep.equal([1, true]);
    const now = Math.floor(Date.now() / 1000);
    const today = mintWorld({ seed: caseSeed("today"), at: now });
    const collateral = write("today.json", JSON.stringify(today.collateral()));
    const args = ["verify-quote", "--quote", write("today.bin", today.quote().bytes), "--collateral", collateral];
    const accepted = await atoma(...args, "--root-key", `0x${hexOf(today.rootKey)}`, "--json");
    const { verdict, at } = JSON.parse(accepted.out) as { verdict: string; at: number };
    expect([accepted.status, verdict, at >= now && at < now + 60]).to.deep.equal([0, "accept", true]);
  });

  it("prints one line of JSON on request", async () => {
    const { status, out } = await atoma(...binary, ...clock, "--json");
    expect([status, out.trimEnd().split("\n").length]).to.deep.equal([1, 1]);
    const answer = JSON.parse(out) as Record<string, unknown>;
    expect(answer).to.include({ verdict: "reject", status: "SWHardeningNeeded", at: world.at });
    expect(answer.facts).to.include({ version: 4, ppid: `0x${hexOf(world.platform.sgx.ppid)}` });
    expect(answer.reason).to.include({ code: "status-not-allowed" });
  });

  it("exits with 2 and names the fault of a file or an argument", async () => {
    const faults: readonly (readonly [fault: string, args: readonly string[]])[] = [
      ["Cannot read", ["verify-quote", "--quote", join(folder, "missing"), ...binary.slice(3)]],
      ["is empty", ["verify-quote", "--quote", write("empty", ""), ...binary.slice(3)]],
      ["is not JSON", [...binary.slice(0, 3), "--collateral", write("broken.json", "{")]],
      ["--collateral", binary.slice(0, 3)],
      ["unix seconds", [...binary, "--at", "today"]],
      ["Statuses are UpToDate", [...binary, "--allow", "Fine"]],
      ["64 bytes", [...binary, "--root-key", "00"]],
      ["48 bytes", [...binary, "--service-td", "0x00"]],
      ["unknown option", [...binary, "--nothing"]],
      ["unknown command", ["nothing"]],
    ];
    for (const [fault, args] of faults) {
      const { status, out, err } = await atoma(...args);
      expect([fault, status, out]).to.deep.equal([fault, 2, ""]);
      expect(err)
        .to.contain(fault)
        .and.not.to.match(/\n\s+at /);
    }
  });

  it("explains itself", async () => {
    const { status, out } = await atoma("verify-quote", "--help");
    expect(status).to.equal(0);
    for (const option of ["--quote", "--collateral", "--at", "--allow", "--root-key", "--json"])
      expect(out).to.contain(option);
  });
});
