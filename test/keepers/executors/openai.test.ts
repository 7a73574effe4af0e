/**
 * The executor of models before real model servers: the embedded model where its package is installed, and any server that
 * the environment names: ATOMA_OPENAI_URL, ATOMA_OPENAI_MODEL, and optionally ATOMA_OPENAI_KEY, ATOMA_OPENAI_KIND (chat)
 * and ATOMA_OPENAI_TOKEN_IDS (none).
 */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  ensureModel,
  isModelPackageInstalled,
  type ModelServer,
  startModelServer,
} from "../../../gateway/model/start.ts";
import { writePerturbed } from "../../../gateway/model/perturb.ts";
import { ExecutionStatus } from "../../../keepers/executors/executor.ts";
import type { OpenAiExecutor } from "../../../keepers/executors/openai/executor.ts";
import { modelKinds, parseManifest } from "../../../keepers/models/manifest.ts";
import { codeOf, describeExecutor } from "./conformance.ts";
import {
  type ExecutorChanges,
  executorOf,
  limitsOf,
  manifestOf,
  sha256Of,
  taskOf,
  textOf,
  utf8,
} from "./model-fixtures.ts";
import { type ModelProxy, startModelProxy } from "./model-proxy.ts";

const question = "What is the capital of France?";
const slowly = "Say it slowly.";
const embedded = { servedAs: "atoma-embedded" };

const skipReason = isModelPackageInstalled() ? undefined : "the package of the embedded model is not installed";
if (skipReason !== undefined) it.skip(`The executor of models before the embedded model: ${skipReason}`);

let server: ModelServer;
let proxy: ModelProxy;
const starting = async (): Promise<void> => {
  server ??= await startModelServer({ modelFile: await ensureModel({ progress: () => {} }) });
  proxy ??= await startModelProxy(server.url);
};

/** Serves the conformance suite: the slow question is answered late. */
const makeUnderTest = async (kind: "chat" | "completion" | "embedding") => {
  await starting();
  proxy.spoil = (_path, body) => (body.includes(slowly) ? { delayMs: 1_500 } : {});
  const manifest = manifestOf({ kind });
  const task = taskOf(manifest);
  const limits = limitsOf();
  const executor = executorOf(manifest, { ...embedded, urls: [proxy.url] });
  return {
    executor,
    task,
    input: utf8(kind === "completion" ? "<svg" : question),
    otherInput: utf8(kind === "completion" ? "The" : "What is the capital of Japan?"),
    badInput: utf8('{"messages":[{"role":"tool","content":""}],"prompt":3}'),
    badTask: taskOf(utf8("not a manifest")),
    limits,
    slow: { task, input: utf8(slowly), limits },
  };
};

if (skipReason === undefined) {
  for (const kind of ["chat", "completion", "embedding"] as const)
    describeExecutor(`openai, ${kind} by the embedded model`, () => makeUnderTest(kind));

  describe("The executor of models before the embedded model", () => {
    const strict = (text: string) => text.slice(0, 400);
    let checked: Uint8Array;
    let perturbed: ModelServer;

    const ask = (executor: OpenAiExecutor, manifest: Uint8Array, text = question) =>
      executor.execute(taskOf(manifest), utf8(text), limitsOf());
    const make = (manifest: Uint8Array, changes: ExecutorChanges = {}) =>
      executorOf(manifest, { ...embedded, urls: [proxy.url], ...changes });

    before(async () => {
      await starting();
      proxy.spoil = () => ({});
      const { output } = await ask(make(manifestOf()), manifestOf());
      checked = manifestOf({ check: { input: question, outputSha256: sha256Of(output) } });
      const file = join(tmpdir(), `perturbed-${process.pid}.gguf`);
      writePerturbed(server.modelFile, file, { seed: 1, strength: 1 });
      perturbed = await startModelServer({ modelFile: file });
      rmSync(file, { force: true });
    });
    beforeEach(() => {
      proxy.spoil = () => ({});
      proxy.asked.length = 0;
    });
    after(() => perturbed?.stop());

    it("answers with the hash of the token ids and the text", async () => {
      const { status, usage, output } = await ask(make(checked), checked);
      expect(strict(textOf(output.slice(32)))).to.equal("Paris");
      expect(status).to.equal(ExecutionStatus.Success);
      expect(usage > 6n).to.equal(true);
      expect(proxy.asked).to.deep.equal(["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]);
    });

    it("gives the same whole as in a stream", async () => {
      const { check } = parseManifest(checked);
      const whole = manifestOf({ runtime: { stream: false }, check });
      expect(await ask(make(whole), whole)).to.deep.equal(await ask(make(checked), checked));
    });

    it("cuts at the asker's most tokens and at its stop, and counts what was used", async () => {
      const executor = make(checked);
      const short = await ask(
        executor,
        checked,
        JSON.stringify({ messages: [{ role: "user", content: question }], max_tokens: 2 }),
      );
      expect([short.status, textOf(short.output.slice(32))]).to.deep.equal([ExecutionStatus.Success, "Pa"]);
      const stopped = await ask(
        executor,
        checked,
        JSON.stringify({ messages: [{ role: "user", content: question }], stop: ["r"] }),
      );
      expect([stopped.status, textOf(stopped.output.slice(32))]).to.deep.equal([ExecutionStatus.Success, "Pa"]);
      expect(stopped.output.slice(0, 32)).to.not.deep.equal(short.output.slice(0, 32)); // other tokens, same text
    });

    it("never uses the answer of a perturbed model, from the start or after a restart", async () => {
      proxy.spoil = () => ({ target: perturbed.url });
      expect(await codeOf(ask(make(checked), checked))).to.equal("BackendMisbehaved");
      proxy.spoil = () => ({});
      const executor = make(checked);
      await ask(executor, checked);
      proxy.spoil = () => ({ target: perturbed.url }); // while the executor trusts it: its fingerprint is another
      expect(await codeOf(ask(executor, checked))).to.equal("BackendMisbehaved");
    });

    it("asks the check question before every request where it has to, and goes on when the right model is back", async () => {
      const edit = ({ system_fingerprint: _, ...event }: Record<string, unknown>) => event; // a server that has none
      proxy.spoil = () => ({ edit });
      const executor = make(checked, { checkEveryMs: 0 });
      const right = await ask(executor, checked);
      proxy.spoil = () => ({ edit, target: perturbed.url });
      expect(await codeOf(ask(executor, checked))).to.equal("BackendMisbehaved");
      proxy.spoil = () => ({ edit });
      expect(await ask(executor, checked)).to.deep.equal(right);
    });

    it("takes the answer of another server where one cuts, lies or is of another model", async () => {
      const other = await startModelProxy(server.url);
      const spoils: readonly ModelProxy["spoil"][] = [
        (path) => (path.includes("chat") ? { cutAfter: 2 } : {}),
        () => ({
          edit: (event) =>
            "usage" in event && event["usage"] !== null
              ? { ...event, usage: { prompt_tokens: 1, completion_tokens: 1 } }
              : event,
        }),
        () => ({ edit: (event) => ({ ...event, model: "another" }) }),
        () => ({ target: perturbed.url }),
      ];
      try {
        const right = await ask(make(checked), checked);
        for (const spoil of spoils) {
          proxy.spoil = spoil;
          proxy.asked.length = 0;
          const executor = make(checked, { urls: [proxy.url, other.url] });
          expect(await ask(executor, checked)).to.deep.equal(right);
          const { length } = proxy.asked;
          expect(length).to.be.greaterThan(0);
          expect(await ask(executor, checked)).to.deep.equal(right);
          expect(proxy.asked.length).to.equal(length); // it is left alone
        }
      } finally {
        await other.close();
      }
    });
  });

  after(async () => {
    await proxy?.close();
    await server?.stop();
  });
}

const { ATOMA_OPENAI_URL: url, ATOMA_OPENAI_MODEL: servedAs, ATOMA_OPENAI_KEY: key } = process.env;
/** The value of a variable that must be one of a few, or the first of them. */
const oneOf = <T extends string>(name: string, [first, ...others]: readonly [T, ...T[]]): T => {
  const value = process.env[name];
  const found = value === undefined ? first : [first, ...others].find((one) => one === value);
  if (found === undefined) throw new Error(`${name} is "${value}": it must be ${[first, ...others].join(", ")}.`);
  return found;
};
if ((url === undefined) !== (servedAs === undefined))
  throw new Error("Set both ATOMA_OPENAI_URL and ATOMA_OPENAI_MODEL, or neither: nothing would be tested.");
if (url !== undefined && servedAs !== undefined) {
  const kind = oneOf("ATOMA_OPENAI_KIND", modelKinds);
  const tokenIds = oneOf("ATOMA_OPENAI_TOKEN_IDS", ["none", "return_token_ids", "logprobs"]);
  let between: ModelProxy;
  after(() => between?.close());
  describeExecutor(`openai, ${kind} by ${servedAs} at ${url}`, async () => {
    between = await startModelProxy(url);
    between.spoil = (_path, body) => (body.includes(slowly) ? { delayMs: 1_500 } : {});
    const manifest = manifestOf({ kind, runtime: { tokenIds }, generation: { maxTokens: 256 } });
    const { pathname } = new URL(url);
    const authorization = key === undefined ? undefined : `Bearer ${key}`;
    const limits = limitsOf({ timeoutMs: 120_000, hardOutputBytes: 4_194_304, maxOutputBytes: 4_194_304 });
    return {
      executor: executorOf(manifest, {
        servedAs,
        backends: [{ url: between.url + pathname, concurrency: 4, authorization }],
      }),
      task: taskOf(manifest),
      input: utf8(question),
      otherInput: utf8("What is the capital of Japan?"),
      badTask: taskOf(utf8("not a manifest")),
      limits,
      slow: { task: taskOf(manifest), input: utf8(slowly), limits },
    };
  });
}
