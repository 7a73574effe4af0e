import { expect } from "chai";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { explorerOf } from "../../deploy/explorer/explorer.ts";
import { type Submission, submitContracts } from "../../deploy/explorer/submit.ts";
import { deployLocally } from "../../deploy/local/interrupt.ts";
import { jsonText } from "../../deploy/run/files.ts";
import { openOutbox } from "../../deploy/run/outbox.ts";
import { type ContractName, contractNames, makeRecord } from "../../deploy/run/record.ts";
import type { Subject } from "../../deploy/verify/subject.ts";
import { startLocalServer } from "../../scripts/demo/local-server.ts";
import { startRpcServer } from "../../scripts/demo/rpc-server.ts";
import { verifyCommand } from "../../scripts/deploy/verify-command.ts";
import localJson from "../../deploy/networks/local.json" with { type: "json" };
import { type Form, startExplorer } from "./explorer.ts";
import { deployer, freshChain, freshFolder, localFile } from "./fixture.ts";

const chainId = 4_242; // hardhat-verify takes none of 1337 and 31337
const key = "a-key/of+the=explorer";

/** A network deployed on a chain of its own, its node and an explorer of it. */
async function deployed() {
  const world = await freshChain("osaka", chainId);
  const [file, folder] = [{ ...localFile, chainId }, freshFolder()];
  const contracts = await deployLocally({ provider: world.provider, file, folder });
  const build = { version: "0", commit: "0", compiler: "0" };
  const signed = openOutbox(folder).all();
  const record = await makeRecord({
    ...{ chain: world.chain, file, instance: "first", contracts, signed, deployer, build },
  });
  const [networkPath, recordPath] = [join(folder, "network.json"), join(folder, "record.json")];
  writeFileSync(networkPath, JSON.stringify({ ...localJson, chainId }));
  writeFileSync(recordPath, jsonText(record));
  const node = await startRpcServer(world.provider as Parameters<typeof startRpcServer>[0]);
  const args = ["--network", networkPath, "--rpc-url", node.url, "--record", recordPath];
  const subject: Subject = { chain: world.chain, file, record };
  return { ...world, node, args, subject, explorer: await startExplorer(world.chain) };
}

describe("Sources at a block explorer", () => {
  let world: Awaited<ReturnType<typeof deployed>>;
  before(async () => {
    world = await deployed();
  });
  after(async () => {
    await Promise.all([world.explorer.close(), world.node.close()]);
    await world.connection.close();
  });

  async function command(...more: readonly string[]) {
    const lines: string[] = [];
    process.env["ATOMA_EXPLORER_KEY"] = key;
    try {
      const answer = await verifyCommand([...world.args, ...more], (line) => void lines.push(line));
      return { answer, lines };
    } finally {
      delete process.env["ATOMA_EXPLORER_KEY"];
    }
  }

  async function submit(name: ContractName, change: { subject?: Subject; url?: string; limitMs?: number } = {}) {
    const { subject = world.subject, url = world.explorer.url, limitMs = 60_000 } = change;
    const explorer = { url, key };
    const all: Submission[] = [];
    const onAnswer = (one: Submission) => void all.push(one);
    await submitContracts({ subject, rpcUrl: world.node.url, explorer, names: [name], limitMs, onAnswer });
    expect(all).to.have.length(1);
    return { outcome: all[0]?.outcome, reason: all[0]?.reason ?? "" };
  }

  /** Sends a request of before again, changed. */
  async function again(name: ContractName, change: (form: Form) => Form): Promise<string | undefined> {
    const form = world.explorer.shown.get(world.subject.record[name].toLowerCase());
    if (form === undefined) throw new Error(`${name} is not shown.`);
    const before = world.explorer.refusals.length;
    const url = `${world.explorer.url}?module=contract&action=verifysourcecode`;
    await fetch(url, { method: "POST", body: new URLSearchParams(change(form)) });
    return world.explorer.refusals.slice(before)[0];
  }

  it("are refused where a constructor argument is another", async () => {
    const { file } = world.subject;
    const emissions = { ...file.emissions, emissionPrice: file.emissions.emissionPrice + 1n };
    const { outcome, reason } = await submit("emissions", {
      subject: { ...world.subject, file: { ...file, emissions } },
    });
    expect(outcome).to.equal("refused");
    expect(reason).to.include("Unable to verify");
    expect(world.explorer.refusals.at(-1)).to.equal("Emissions: other constructor arguments");
    expect(world.explorer.shown.size).to.equal(0);
  });

  it("are submitted after the proofs, and shown for every contract", async () => {
    const { answer, lines } = await command("--explorer", world.explorer.url);
    const said = lines.slice(lines.findIndex((line) => /^\d+ proved, 0 failed$/.test(line)) + 1);
    expect(answer, said.join("\n")).to.equal(true);
    const wanted = contractNames.map((name) => `verified  ${name} ${world.subject.record[name]}`);
    expect(said).to.deep.equal([...wanted, "15 verified, 0 shown before, 0 refused"]);
    expect(world.explorer.shown.size).to.equal(contractNames.length);
    expect([...world.explorer.keys]).to.deep.equal([key]);
    expect(lines.join("\n")).not.to.include(key);
  });

  it("are not submitted twice", async () => {
    expect(await submit("escrow")).to.deep.equal({ outcome: "shown before", reason: "" });
  });

  it("are refused where a source or a setting is another, be it a word of a comment", async () => {
    const change = (from: string, to: string) => (form: Form) => {
      expect(form["sourceCode"]).to.include(from);
      return { ...form, sourceCode: (form["sourceCode"] ?? "").replace(from, to) };
    };
    expect(await again("treasury", (form) => form)).to.equal(undefined);
    expect(
      await again("treasury", change("SPDX-License-Identifier: MIT\\n", "SPDX-License-Identifier: MIT\\n// one\\n")),
    ).to.include("Treasury: other sources");
    expect(await again("escrow", change('"runs":100000', '"runs":99999'))).to.include("RequestEscrow: other sources");
    const runs = (form: Form): Form => ({ ...form, compilerversion: "v0.8.36+commit.00000000" });
    expect(await again("escrow", runs)).to.equal("another compiler");
  });

  it("are not submitted where the chain's code is not the build's, nor where something is not proved", async () => {
    const snapshot = await world.provider.request({ method: "evm_snapshot", params: [] });
    const { chain, record } = world.subject;
    const code = (await chain.getCode({ address: record.emissions })) ?? "0x";
    const params = [record.emissions, `${code.slice(0, 20)}00${code.slice(22)}`];
    await world.provider.request({ method: "hardhat_setCode", params });
    world.explorer.shown.delete(record.emissions.toLowerCase());
    expect((await submit("emissions")).reason).to.include("does not match the contract");
    const { answer, lines } = await command("--explorer", world.explorer.url);
    await world.provider.request({ method: "evm_revert", params: [snapshot] });
    expect(answer).to.equal(false);
    expect(lines.at(-1)).to.equal("Nothing was submitted to the explorer: not everything is proved.");
    expect(world.explorer.shown.has(record.emissions.toLowerCase())).to.equal(false);
  });

  it("are refused by an explorer that never decides, is not there, or says the key and control characters", async () => {
    const never = await startLocalServer(async (request, response) => {
      const result = request.url?.includes("getsource") === true ? [{}] : "Pending in queue";
      response.end(JSON.stringify({ status: "1", message: "OK", result }));
    });
    const late = await submit("treasury", { url: never.url, limitMs: 2_000 });
    await never.close();
    const gone = await submit("treasury", { url: never.url });
    let status = 403;
    const rude = await startLocalServer(async (request, response) => {
      const result = `\u001b[2Jno such key:\n${key} ${request.url}`;
      response.writeHead(status).end(JSON.stringify({ status: "0", message: "NOTOK", result }));
    });
    const forbidden = await submit("treasury", { url: rude.url });
    status = 200;
    const refused = await submit("treasury", { url: rude.url });
    await rude.close();
    expect(late.reason).to.equal("The explorer did not decide in 2 s. Ask again later.");
    expect(gone.reason).to.include("ECONNREFUSED");
    expect(refused.reason).to.include("[2Jno such key: *** ").and.include("apikey=***");
    expect(refused.reason).not.to.match(/\p{Cc}/u);
    expect(forbidden.reason).to.include("403").and.not.include("a-key");
    expect([late, gone, refused].map(({ outcome }) => outcome)).to.deep.equal(["refused", "refused", "refused"]);
  });

  it("are sent to no address that is not encrypted or holds a secret, and for no chain of this machine", () => {
    const refused = [
      "http://explorer.example/api",
      "ftp://127.0.0.1",
      "explorer",
      "https://a:b@c.example/",
      "https://c/?k=1",
    ];
    for (const url of refused) expect(() => explorerOf(url, key, 1), url).to.throw("--explorer must");
    expect(() => explorerOf("https://explorer.example/api", key, 31_337)).to.throw("submits nothing for chain 31337");
    expect(explorerOf("https://explorer.example/api", "", 1)).to.include({ key: undefined });
  });
});
