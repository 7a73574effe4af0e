import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError, loadSettings } from "../../../keepers/config.ts";
import { examineModels } from "../../../keepers/doctor-models.ts";
import { executorOptionsOf, keysOf, readModels } from "../../../keepers/models/services.ts";
import { makeOpenAiExecutor } from "../../../keepers/executors/openai/executor.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { makeMetrics } from "../../../keepers/runtime/metrics.ts";
import { limitsOf, manifestOf, sha256Of, taskOf, utf8 } from "../executors/model-fixtures.ts";
import { chat, type ScriptedServer, startScriptedServer } from "../executors/scripted-server.ts";

const base = `
jobs: [executor]
chain: { id: 31337, rpcUrls: http://127.0.0.1:8545, escrow: "0x${"ff".repeat(20)}", startBlock: 7 }
store: { path: keeper.sqlite }
`;
const env = { ATOMA_KEEPER_KEY_PRIVATE_KEY: `0x${"12".repeat(32)}` };

describe("Models in the settings", () => {
  let folder: string;
  let server: ScriptedServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "models-"));
    writeFileSync(join(folder, "manifest.json"), manifestOf());
    writeFileSync(join(folder, "other.json"), manifestOf({ name: "other model" }));
    writeFileSync(join(folder, "not.json"), "{}");
    writeFileSync(join(folder, "key"), "sk-0123456789abcdef\n");
    writeFileSync(join(folder, "keys"), "sk-one\nsk-two\n");
    server = await startScriptedServer();
  });
  beforeEach(() => void (server.asked.length = 0));
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const load = (yaml: string, more: Record<string, string> = {}) => {
    const file = join(folder, "keeper.yaml");
    writeFileSync(file, base + yaml);
    return loadSettings(file, { env: { ...env, ...more } });
  };
  const problemsOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.join("\n");
      throw error;
    }
    return "none";
  };
  const models = (...all: readonly string[]): string => `models:\n${all.map((one) => `  - ${one}\n`).join("")}`;
  const model = (manifest = "manifest.json", more = ""): string =>
    `{ manifest: ${manifest}, servedAs: test, backends: [{ url: "${server.url}" }]${more} }`;

  it("are lists with defaults, and paths relative to the file", () => {
    expect(load("").models).to.deep.equal([]);
    expect(load(models(model("manifest.json", ", keyFile: key, checkEveryS: 0"))).models).to.deep.equal([
      {
        manifest: join(folder, "manifest.json"),
        servedAs: "test",
        backends: [{ url: server.url, concurrency: 4 }],
        keyFile: join(folder, "key"),
        timeoutS: 600,
        idleS: 60,
        checkEveryS: 0,
      },
    ]);
  });

  it("are refused with a sentence for each thing that is wrong", () => {
    const yaml = models(
      `{ servedAs: "", backends: [] }`,
      `{ manifest: m, servedAs: a, backends: [{ url: "http://user:pass@a" }, { url: "http://a?key=secret" }, { url: "ftp://a" }, { url: "http://a", concurrency: 0, stream: false }], apiKey: secret }`,
    );
    const problems = problemsOf(() => load(yaml));
    for (const part of [
      "models.0.manifest is missing",
      "models.0.servedAs must be",
      "models.0.backends must name at least one server",
      "models.1.backends.0.url must have no user, password or query",
      "models.1.backends.1.url must have no user, password or query",
      "models.1.backends.2.url must be an http or https URL",
      "models.1.backends.3.concurrency must be a whole number within 1..1024",
      "models.1.backends.3.stream is no setting",
      "models.1.apiKey is no setting",
    ])
      expect(problems).to.include(part);
    expect(problems).to.not.include("secret").and.to.not.include("pass@");
    expect(problemsOf(() => load("", { ATOMA_KEEPER_MODELS: "x" }))).to.include("models must be a list");
    expect(problemsOf(() => load("executor: { wasm: false }"))).to.include("nothing to execute");
    expect(load(`executor: { wasm: false }\n${models(model())}`).executor.wasm).to.equal(false);
  });

  it("name manifests and keys, whose faults are told together", () => {
    const yaml = models(
      model("none.json"),
      model("not.json"),
      model("other.json", ", keyFile: keys"),
      model("manifest.json", ", keyFile: none"),
    );
    const problems = problemsOf(() => readModels(load(yaml)));
    expect(problems).to.match(/models\.0\.manifest: .*no such file/);
    expect(problems).to.match(/models\.1\.manifest: format: /);
    expect(problems)
      .to.match(/models\.2\.keyFile: .*one API key/)
      .and.not.include("sk-one");
    expect(problems).to.match(/models\.3\.keyFile: .*no such file/);
    expect(problemsOf(() => readModels(load(models(model(), model()))))).to.include("named twice");
    const sources = readModels(load(models(model("manifest.json", ", keyFile: key"), model("other.json"))));
    expect(sources.map(({ manifest }) => manifest.name)).to.deep.equal(["test model", "other model"]);
    expect(keysOf(sources)).to.deep.equal(["sk-0123456789abcdef"]);
  });

  it("become executors that send the key and are counted", async () => {
    const [source] = readModels(load(models(model("manifest.json", ", keyFile: key"))));
    if (source === undefined) throw new Error("no model");
    const metrics = makeMetrics();
    const executor = makeOpenAiExecutor(executorOptionsOf(source, { clock: systemClock, log: silentLog, metrics }));
    expect((await metrics.render()).text).to.include(
      'atoma_model_failures_total{model="test model",fault="garbage"} 0',
    );
    const limits = limitsOf();
    await executor.execute(taskOf(manifestOf()), utf8("Hi"), limits);
    await executor.execute(taskOf(manifestOf()), utf8("Hi"), { ...limits, fuel: 2n });
    server.answer = () => ({ status: 500 });
    await executor.execute(taskOf(manifestOf()), utf8("Hi"), limits).catch(() => undefined);
    const { text } = await metrics.render();
    expect(text).to.include('atoma_model_answers_total{model="test model",outcome="success"} 1');
    expect(text).to.include('atoma_model_answers_total{model="test model",outcome="out_of_fuel"} 1');
    expect(text).to.include('atoma_model_failures_total{model="test model",fault="failing"} 1');
    expect(text).to.include('atoma_model_in_flight{model="test model"} 0');
    expect(text).to.include('atoma_model_servers_fit{model="test model"} 0');
    expect(text).to.include('atoma_model_seconds_count{model="test model"} 2');
    expect(new Set(server.asked.map(({ authorization }) => authorization))).to.deep.equal(
      new Set(["Bearer sk-0123456789abcdef"]),
    );
    expect(await executor.check()).to.deep.equal({ ok: false, why: `${server.url}/: status 500` });
  });

  it("are looked at by doctor, server by server", async () => {
    const fresh = await startScriptedServer();
    try {
      const settings = (manifest: string, ...urls: readonly string[]) =>
        load(
          models(
            `{ manifest: ${manifest}, servedAs: test, backends: [${urls.map((url) => `{ url: "${url}" }`).join()}] }`,
          ),
        );
      const said = async (...given: Parameters<typeof settings>) =>
        (await examineModels(settings(...given))).map(
          ({ verdict, text }) => `${verdict} ${text.replace(/http\S+:/, "at")}`,
        );
      const [unproven] = await said("manifest.json", fresh.url);
      expect(unproven).to.match(
        /^warn test model at at has the model, return_token_ids, but .* is [0-9a-f]{64}: compare/,
      );
      const found = await makeOpenAiExecutor({
        ...{ manifest: manifestOf(), servedAs: "test", backends: [{ url: fresh.url, concurrency: 1 }] },
        ...{ clock: systemClock, log: silentLog },
      }).execute(taskOf(manifestOf()), utf8("Hi"), limitsOf());
      const check = { input: "Hi", outputSha256: sha256Of(found.output) };
      writeFileSync(join(folder, "checked.json"), manifestOf({ check }));
      const down = "http://127.0.0.1:1";
      expect(await said("checked.json", fresh.url, down)).to.deep.equal([
        "ok test model at at has the model, passes its check, return_token_ids",
        "warn test model at at the connection failed",
      ]);
      fresh.answer = ({ path }) =>
        path.endsWith("models") ? { pieces: ['{"data":[{"id":"test"}]}'] } : chat({ text: "No." });
      expect((await said("checked.json", fresh.url))[0]).to.match(/^bad .* it serves another model than test model/);
      expect((await said("checked.json", down))[0]).to.match(/^bad .* the connection failed/);
    } finally {
      await fresh.close();
    }
  });
});
