import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { CommanderError } from "commander";
import type { Hex } from "viem";
import { registerTask, plainTask } from "../../../deploy/local/nodes.ts";
import { modelCommand } from "../../../keepers/commands/model.ts";
import { makeReport, progressText } from "../../../keepers/commands/model-progress.ts";
import { taskCommand } from "../../../keepers/commands/task.ts";
import { UsageError } from "../../../keepers/commands/usage-error.ts";
import { readCliEnvironment } from "../../../keepers/config.ts";
import { digestsOf } from "../../../keepers/models/digests.ts";
import { type ModelManifest, parseManifest } from "../../../keepers/models/manifest.ts";
import { startScriptedServer, whole } from "../executors/scripted-server.ts";
import { openScene, type Scene } from "../fixture.ts";
import { closeServers, contentOf, serve, serveFile, sha256Of } from "../models/file-server.ts";
import { bytesOf, manifestOf } from "../models/samples.ts";

const program = fileURLToPath(new URL("../../../keepers/atoma.ts", import.meta.url));

describe("atoma model", function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "atoma-model-command-"));
  });
  afterEach(async () => {
    await closeServers();
    rmSync(folder, { recursive: true });
  });

  type Ended = {
    readonly status: number | undefined;
    readonly out: string;
    readonly err: string;
    readonly error?: unknown;
  };
  const run = async (...args: readonly string[]): Promise<Ended> => {
    const out: string[] = [];
    const err: string[] = [];
    let status: number | undefined;
    const command = modelCommand({
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      exit: (code) => void (status = code),
      environment: () => readCliEnvironment({ XDG_CACHE_HOME: folder }),
      onInterrupt: () => () => {},
    });
    for (const one of command.commands) one.configureOutput({ writeErr: (text) => err.push(text), writeOut: (text) => out.push(text) }); // prettier-ignore
    const texts = (): Pick<Ended, "out" | "err"> => ({ out: out.join("\n"), err: err.join("\n") });
    try {
      await command.parseAsync([...args], { from: "user" });
      return { status, ...texts() };
    } catch (error) {
      return { status, ...texts(), error };
    }
  };
  const usage = async (...args: readonly string[]): Promise<string> => {
    const { error, status } = await run(...args);
    expect(error, args.join(" ")).to.be.instanceOf(UsageError);
    expect(status).to.equal(undefined);
    return String(error);
  };
  const at = (name: string): string => join(folder, name);
  const put = (name: string, bytes: Uint8Array | string): string => {
    mkdirSync(join(at(name), ".."), { recursive: true });
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const described = ["--kind", "chat", "--name", "Tiny", "--licence", "MIT", "--engine", "llama.cpp", "--engine-version", "b1", "--hardware", "x86-64, 1 thread"]; // prettier-ignore
  const weights = contentOf(50_000);

  describe("create", () => {
    it("writes the manifest of a folder, from which parsing gives all that was said, and prints its digests", async () => {
      put("model/weights/model.gguf", weights);
      put("model/tokenizer.json", "{}");
      put("model/.cache/x", "hidden");
      symlinkSync(at("model/weights/model.gguf"), at("model/linked.gguf"));
      const out = at("model/manifest.json"); // in the folder, and yet none of its files
      const system = put("system.txt", "Be brief.");
      const options = ["--out", out, "--url", "https://example.org/m/", "--url", "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3ef", "--setting", "threads=1", "--setting", "quantisation=Q4_K_M", "--setting", "flash=false", "--token-ids", "logprobs", "--seed", "7", "--max-tokens", "64", "--max-input-bytes", "4096", "--system", system, "--stop", "END"]; // prettier-ignore
      const { status, out: text, error } = await run("create", at("model"), ...described, ...options);
      expect(error).to.equal(undefined);
      expect(status).to.equal(0);
      const bytes = new Uint8Array(readFileSync(out));
      const manifest = parseManifest(bytes);
      expect(manifest.files.map(({ path }) => path)).to.deep.equal(["linked.gguf", "tokenizer.json", "weights/model.gguf"]); // prettier-ignore
      expect(manifest.files[2]).to.deep.equal({
        path: "weights/model.gguf",
        bytes: weights.length,
        sha256: sha256Of(weights),
        uris: ["https://example.org/m/weights/model.gguf", "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3ef/weights/model.gguf"],
      }); // prettier-ignore
      expect(manifest.tokenizer).to.deep.equal({ sha256: sha256Of(new TextEncoder().encode("{}")) });
      expect(manifest.runtime.settings).to.deep.equal({ threads: 1, quantisation: "Q4_K_M", flash: false });
      expect(manifest.generation).to.deep.equal({ seed: 7, maxTokens: 64, maxInputBytes: 4_096, system: "Be brief.", stop: ["END"] }); // prettier-ignore
      const { artifactDigest, runtimeDigest } = digestsOf(bytes, manifest);
      expect(artifactDigest).to.equal(`0x${sha256Of(bytes)}`);
      for (const part of [artifactDigest, runtimeDigest, "atoma task register --kind chat", "add --check-question"])
        expect(text).to.contain(part);
      const json = await run("create", at("model"), ...described, ...options, "--force", "--json");
      expect(JSON.parse(json.out)).to.deep.include({ artifactDigest, runtimeDigest, files: 3 });
      expect(await usage("create", at("model"), ...described, "--out", out)).to.contain("is there already");
    });

    it("prints a line that `atoma task register` takes, once its blanks are filled", async () => {
      const { out } = await run("create", put("model.gguf", weights), ...described, "--out", at("manifest.json"));
      const line = out
        .slice(out.indexOf("atoma task register"))
        .replaceAll("\\\n", " ")
        .replaceAll(/<[^>]+>/g, "7");
      const register = taskCommand().commands.find((one) => one.name() === "register");
      const words = line.split(/\s+/).slice(3);
      const { operands, unknown } = register?.parseOptions(words) ?? { operands: ["none"], unknown: ["none"] };
      expect([operands, unknown]).to.deep.equal([[], []]);
      const manifest = parseManifest(readFileSync(at("manifest.json")));
      const { runtimeDigest } = digestsOf(readFileSync(at("manifest.json")), manifest);
      expect(register?.opts()).to.deep.include({
        kind: "chat",
        artifact: at("manifest.json"),
        runtimeDigest,
        windowS: 7n,
      });
    });

    it("says what is wrong before it reads or writes anything", async () => {
      const file = put("model.gguf", weights);
      const out = ["--out", at("manifest.json")];
      const create = (...args: readonly string[]) => usage("create", file, ...described, ...out, ...args);
      expect(await create("--name", "caf\u00e9\u202e")).to.contain("name: must be printable ASCII");
      expect(await create("--tokenizer", "other.json")).to.contain("is none of the files");
      expect(await create("--check-question", "Hi")).to.contain("one of the two");
      expect(await create("--server", "http://127.0.0.1:1")).to.contain("belong together");
      expect(await create("--check-output-sha256", "ab".repeat(32))).to.contain("one of the two");
      expect(await create("--system", at("nothing"))).to.contain("cannot be read");
      expect(await usage("create", put("bad name.gguf", "x"), ...described, ...out)).to.contain("files.0.path");
      expect(await usage("create", put("empty.gguf", ""), ...described, ...out)).to.contain("is empty");
      expect(await usage("create", at("missing"), ...described, ...out)).to.contain("ENOENT");
      mkdirSync(at("none"));
      expect(await usage("create", at("none"), ...described, ...out)).to.contain("There is no file");
      for (const bad of [
        ["--kind", "speech"],
        ["--setting", "x"],
        ["--seed", "-1"],
        ["--check-output-sha256", "12"],
      ])
        expect((await run("create", file, ...described, ...out, ...bad)).error).to.be.instanceOf(CommanderError);
      expect(existsSync(at("manifest.json"))).to.equal(false);
    });

    it("follows --no-stream with the server, and refuses a question whose output nodes would not take", async () => {
      const server = await startScriptedServer();
      const list = { data: [{ id: "tiny" }] };
      let image = Buffer.from("89504e470d0a1a0a0000", "hex");
      server.answer = ({ path, body }) => {
        if (path.endsWith("/models")) return whole(list);
        if (path.endsWith("/generations")) return whole({ data: [{ b64_json: image.toString("base64") }] });
        const usage = { prompt_tokens: 5, completion_tokens: 1 };
        const choice = { finish_reason: "stop", message: { content: "blue" } };
        return body["stream"] === false ? whole({ model: "tiny", usage, choices: [choice] }) : { status: 400 };
      };
      try {
        const place = ["--server", server.url, "--served-as", "tiny"];
        const file = put("model.gguf", weights);
        const args = ["create", file, ...described, "--out", at("manifest.json"), "--force", "--check-question", "Hi", ...place]; // prettier-ignore
        expect(await usage(...args)).to.contain("status 400");
        expect((await run(...args, "--no-stream")).status).to.equal(0);
        expect(parseManifest(readFileSync(at("manifest.json"))).runtime.stream).to.equal(false);
        expect((await run("check", at("manifest.json"), ...place)).status).to.equal(0);
        expect((await run("show", at("manifest.json"))).out).to.match(/answers +whole/);
        expect((await run(...args, "--kind", "image")).status).to.equal(0);
        image = Buffer.concat([image, Buffer.alloc(1_048_576)]);
        expect(await usage(...args, "--kind", "image")).to.match(/longer than 1048576 bytes.*smaller image/);
        const nothing = ["--check-question", "Hi", "--check-output-sha256", sha256Of(new Uint8Array())];
        expect(await usage("create", file, ...described, "--out", at("other.json"), ...nothing)).to.contain(
          "of nothing",
        );
      } finally {
        await server.close();
      }
    });

    it("fills in the check from a server's own answer, and refuses one that answers differently each time", async () => {
      let asked = 0; // questions
      let isSteady = true;
      const server = createServer((request, response) => {
        if (request.method === "POST") asked += 1;
        const content = isSteady ? "blue" : `blue ${asked}`;
        const event = (value: object): string => `data: ${JSON.stringify({ model: "tiny", object: "chat.completion.chunk", ...value })}\n\n`; // prettier-ignore
        if (request.url === "/v1/models") return void response.end(JSON.stringify({ object: "list", data: [{ id: "tiny", object: "model" }] })); // prettier-ignore
        request.resume().on("end", () => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write(
            event({ choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: null }] }),
          );
          response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
          response.write(event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 } }));
          response.end("data: [DONE]\n\n");
        });
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const args = ["create", put("model.gguf", weights), ...described, "--out", at("manifest.json"), "--check-question", "Name a colour.", "--server", url, "--served-as", "tiny"]; // prettier-ignore
        const { error, err } = await run(...args);
        expect(error, String((error as Error | undefined)?.message)).to.equal(undefined);
        expect(err).to.contain("It answers: blue");
        const { check } = parseManifest(readFileSync(at("manifest.json")));
        expect(check?.input).to.equal("Name a colour.");
        expect(check?.outputSha256).to.match(/^[0-9a-f]{64}$/);
        expect(asked).to.equal(2);
        const checking = ["check", at("manifest.json"), "--served-as", "tiny", "--server", url];
        expect((await run(...checking)).out).to.equal(`${url} runs Sample.`.replace("Sample", "Tiny"));
        isSteady = false;
        const other = await run(...checking);
        expect([other.status, other.out.includes("is not proven: it serves another model than Tiny")]).to.deep.equal([1, true]); // prettier-ignore
        expect(await usage(...args, "--force")).to.contain("answers the check question differently each time");
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  });

  describe("verify and show", () => {
    it("exit with 1 and name the files that are wrong, with 0 where all are right, and name what nobody asked for", async () => {
      put("model/a/model.gguf", weights);
      put("model/b.json", "{}");
      const manifest = put("manifest.json", bytesOf(manifestOf([{ path: "a/model.gguf", bytes: weights }, { path: "b.json", bytes: new TextEncoder().encode("{}") }]))); // prettier-ignore
      const right = await run("verify", at("model"), manifest);
      expect([right.status, right.out]).to.deep.equal([0, "2 of 2 files of Sample are right."]);
      put("model/a/model.gguf", contentOf(50_000, 2));
      put("model/b.json", "{}\n");
      put("model/remote_code.py", "pass");
      const wrong = await run("verify", at("model"), manifest);
      expect(wrong.status).to.equal(1);
      expect(wrong.out)
        .to.contain("WRONG: a/model.gguf has the sha256")
        .and.to.contain("WRONG: b.json has 3 bytes, not 2");
      expect(wrong.out).to.contain("does not name remote_code.py");
      rmSync(at("model/b.json"));
      const json = await run("verify", at("model"), manifest, "--json");
      expect(JSON.parse(json.out)).to.deep.include({ isRight: false, extra: ["remote_code.py"] });
      expect(json.out).to.contain('{"path":"b.json","why":"is missing"}');
      expect(await usage("verify", at("nowhere"), manifest)).to.contain("There is no folder");
      expect(await usage("verify", at("model"), put("bad.json", "{"))).to.contain("is not JSON");
    });

    it("tell what a manifest says, in which no stranger's text steers the terminal", async () => {
      const given: ModelManifest = {
        ...manifestOf([{ path: "model.gguf", bytes: weights }], { licence: "Apache-2.0" }),
        generation: { seed: 1, maxTokens: 5, system: "\u001b[2Jhi\u202e\u0085" },
      };
      const path = put("manifest.json", bytesOf(given));
      const { status, out } = await run("show", path);
      expect(status).to.equal(0);
      const { artifactDigest, runtimeDigest } = digestsOf(bytesOf(given), given);
      for (const part of [
        artifactDigest,
        runtimeDigest,
        "Apache-2.0",
        "llama.cpp b1 on x86-64",
        "threads = 1",
        "50.0 KB",
        "no source",
      ])
        // prettier-ignore
        expect(out).to.contain(part);
      const printed = await new Promise<string>((resolve) =>
        execFile(process.execPath, [program, "model", "show", path], (_, stdout) => resolve(stdout)),
      );
      expect(printed)
        .to.contain("\\u001b[2Jhi\\u202e\\u0085")
        .and.not.to.match(/[\u001b\u202e\u0085]/);
      const json = JSON.parse((await run("show", path, "--json")).out) as { manifest: unknown };
      expect(json.manifest).to.deep.equal(given);
    });
  });

  describe("fetch", () => {
    it("downloads, says where the files are and what to put into the settings, lists and removes", async () => {
      const server = await serveFile(weights);
      const manifest = bytesOf(manifestOf([{ path: "model.gguf", bytes: weights, uris: [server.url] }]));
      const path = put("manifest.json", manifest);
      const store = ["--store", at("store")];
      const refused = await run("fetch", path, ...store);
      expect(refused.status).to.equal(2);
      expect(refused.err).to.contain("127.0.0.1 is not a public address");
      const { status, out, err } = await run("fetch", path, ...store, "--allow-private", "--pin");
      expect(status, err).to.equal(0);
      const digest = sha256Of(manifest);
      expect(out).to.contain(join(at("store"), "models", digest)).and.to.contain(`- manifest: ${join(at("store"), "manifests", `${digest}.json`)}`); // prettier-ignore
      expect(sha256Of(readFileSync(join(at("store"), "models", digest, "model.gguf")))).to.equal(sha256Of(weights));
      const json = JSON.parse((await run("fetch", path, ...store, "--json")).out) as { artifactDigest: string };
      expect(json.artifactDigest).to.equal(`0x${digest}`);
      expect((await run("list", ...store)).out).to.match(new RegExp(`^${digest} +50.0 KB .* pinned +Sample$`));
      expect((await run("remove", `0x${digest}`, ...store)).status).to.equal(0);
      expect((await run("remove", digest, ...store)).status).to.equal(1);
      expect(readdirSync(join(at("store"), "blobs"))).to.deep.equal([]);
      expect(JSON.parse((await run("list", ...store, "--json")).out)).to.deep.equal({ models: [] });
    });

    it("asks a private gateway for what is in IPFS, and for no URL of the manifest's", async () => {
      const server = await serveFile(weights);
      const fetchFrom = (uri: string) => {
        const manifest = bytesOf(manifestOf([{ path: "model.gguf", bytes: weights, uris: [uri] }]));
        const store = ["--store", at("store"), "--gateway", `http://${server.host}`];
        return run("fetch", put("manifest.json", manifest), ...store);
      };
      const refused = await fetchFrom(`http://${server.host}/api/v0/shutdown`);
      expect([refused.status, server.asked.length]).to.deep.equal([2, 0]);
      expect(refused.err).to.contain("127.0.0.1 is not a public address");
      expect((await fetchFrom("ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi")).status).to.equal(
        0,
      );
    });

    it("names every source with its reason, and bad options", async () => {
      const gone = await serve((_, response) => response.writeHead(404).end());
      const uris = Array.from({ length: 16 }, (_, i) => `${gone.url}/${"x".repeat(60)}${i}`);
      const path = put("manifest.json", bytesOf(manifestOf([{ path: "model.gguf", bytes: weights, uris }])));
      const { status, err } = await run("fetch", path, "--store", at("store"), "--allow-private");
      expect(status).to.equal(2);
      for (const uri of uris) expect(err).to.contain(`${uri}: it answered with status 404`);
      for (const bad of [
        ["--limit", "0GB"],
        ["--limit", "ten"],
        ["--gateway", "ipfs.io"],
        ["--gateway", "http://u:p@x/"],
      ])
        expect((await run("fetch", path, "--store", at("store"), ...bad)).error).to.be.instanceOf(CommanderError);
      expect(await usage("fetch", "7", "--store", at("store"))).to.contain("Say where the network is");
      expect(await usage("fetch", at("nothing.json"), "--store", at("store"))).to.contain("cannot be used");
    });
  });

  describe("fetch of a task", () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene({ nodes: 0 });
    });
    after(() => scene.close());

    const config = (): string => {
      const { instance } = scene.market;
      const text = `jobs: executor\nchain: { id: 31337, rpcUrls: '${scene.bridge.url}', escrow: '${instance.escrow}', startBlock: 0 }\nstore: { path: ':memory:' }\nkey: { remoteUrl: 'http://127.0.0.1:9', remotePublicKey: '0x${"11".repeat(64)}' }\n`; // prettier-ignore
      return put("keeper.yaml", text);
    };
    const register = async (
      manifest: Uint8Array,
      uri: string,
      changes: { runtimeDigest?: Hex; kind?: string } = {},
    ) => {
      const digests = digestsOf(manifest, parseManifest(manifest));
      const task = { ...plainTask, kind: "chat", ...digests, artifactUri: uri, ...changes };
      return (await registerTask(scene.market.world, task)).toString();
    };
    const fetchTask = (taskId: string, ...more: readonly string[]) =>
      run("fetch", taskId, "--config", config(), "--store", at("store"), "--allow-private", ...more);

    it("finds the manifest by the chain, at a URL or a gateway, and takes no other", async () => {
      const file = await serveFile(weights);
      const manifest = bytesOf(manifestOf([{ path: "model.gguf", bytes: weights, uris: [file.url] }]));
      const right = await serveFile(manifest);
      const { status, err, out } = await fetchTask(await register(manifest, right.url));
      expect(status, err).to.equal(0);
      expect(out).to.contain(sha256Of(manifest));
      const uri = "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/manifest.json";
      const byIpfs = await register(manifest, uri);
      expect((await fetchTask(byIpfs)).err).to.contain("no IPFS gateway is set");
      expect((await fetchTask(byIpfs, "--gateway", `http://${right.host}`)).status).to.equal(0);
      expect(right.asked.at(-1)?.path).to.equal(uri.replace("ipfs:/", "/ipfs"));

      const other = await serveFile(bytesOf(manifestOf([{ path: "other", bytes: weights, uris: [file.url] }])));
      expect((await fetchTask(await register(manifest, other.url))).err).to.contain("the manifest's sha256 is");
      const runtimeDigest: Hex = `0x${"12".repeat(32)}`;
      expect((await fetchTask(await register(manifest, right.url, { runtimeDigest }))).err).to.contain(
        "another runtime",
      );
      expect((await fetchTask(await register(manifest, right.url, { kind: "embedding" }))).err).to.contain("registered as embedding"); // prettier-ignore
      expect((await fetchTask(await register(manifest, right.url, { kind: "wasm" }))).err).to.contain("has no model");
      expect((await fetchTask("999")).err).to.contain("there is no task 999");
    });
  });

  describe("progress", () => {
    it("has a rate and the time that is left, from this run's bytes", () => {
      expect(progressText({ done: 3e9, total: 4e9 }, { done: 1e9, elapsedMs: 20_000 })).to.equal(
        "75 % of 4.0 GB, 100.0 MB/s, 10 s left",
      );
      expect(progressText({ done: 0, total: 4e9 }, { done: 0, elapsedMs: 9 })).to.equal("0 % of 4.0 GB");
      expect(progressText({ done: 1e9, total: 361e9 }, { done: 0, elapsedMs: 10_000 })).to.contain("1 h 0 min left");
    });

    it("is said after a second, and then every five", () => {
      const lines: string[] = [];
      let nowMs = 0;
      const report = makeReport((line) => lines.push(line), () => nowMs); // prettier-ignore
      for (; nowMs <= 12_000; nowMs += 100) report("Reading x", { done: nowMs, total: 12_000 });
      expect(lines.map((line) => line.split(" %")[0])).to.deep.equal([
        "Reading x: 8",
        "Reading x: 50",
        "Reading x: 91",
      ]);
    });
  });

  it("has help for each of its commands", async () => {
    for (const name of ["create", "fetch", "verify", "show", "check", "list", "remove"]) {
      const { out, error } = await run(name, "--help");
      expect((error as CommanderError).code).to.equal("commander.helpDisplayed");
      expect(out)
        .to.contain("--json")
        .and.to.match(new RegExp(`Usage: model ${name}`));
    }
  });
});
