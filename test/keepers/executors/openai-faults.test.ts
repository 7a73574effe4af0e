import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { keccak256, toHex } from "viem";
import { type ExecutionLimits, ExecutionStatus } from "../../../keepers/executors/executor.ts";
import type { OpenAiExecutor } from "../../../keepers/executors/openai/executor.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { codeOf, failureOf } from "./conformance.ts";
import { executorOf, limitsOf, manifestOf, sha256Of, taskOf, textOf, utf8 } from "./model-fixtures.ts";
import {
  chat,
  chatEvents,
  type Script,
  type ScriptedServer,
  startScriptedServer,
  stream,
  whole,
} from "./scripted-server.ts";

const manifest = manifestOf();
const isAnswer = ({ path }: { readonly path: string }): boolean => !path.endsWith("/models");
const yes = `0x${Buffer.from("Yes.").toString("hex")}`;

describe("The executor of models before servers that fail", () => {
  let server: ScriptedServer;
  let other: ScriptedServer;
  let usual: ScriptedServer["answer"];
  before(async () => {
    server = await startScriptedServer();
    other = await startScriptedServer();
    usual = server.answer;
  });
  after(async () => {
    await server.close();
    await other.close();
  });
  beforeEach(() => {
    for (const one of [server, other]) {
      one.answer = usual;
      one.asked.length = 0;
      one.abandoned = 0;
      one.mostAtOnce = 0;
    }
  });

  /** Answers questions, not requests for the list, with a script. */
  const answering = (script: Script | (() => Script)): void => {
    server.answer = (asked) => (isAnswer(asked) ? (typeof script === "function" ? script() : script) : usual(asked));
  };
  const run = (
    executor: OpenAiExecutor,
    { artifact = manifest, text = "Is it?", signal, ...limits }: RunOptions = {},
  ) => executor.execute(taskOf(artifact), utf8(text), limitsOf(limits), signal);
  type RunOptions = Partial<ExecutionLimits> & {
    readonly artifact?: Uint8Array;
    readonly text?: string;
    readonly signal?: AbortSignal;
  };
  const alone = (changes: Parameters<typeof executorOf>[1] = {}) =>
    executorOf(manifest, { urls: [server.url], ...changes });
  const both = (changes: Parameters<typeof executorOf>[1] = {}) =>
    executorOf(manifest, { urls: [server.url, other.url], ...changes });
  const questions = ({ asked }: ScriptedServer) => asked.filter(isAnswer);

  it("takes no answer that no honest server gives, says which server gave it, and asks another one", async () => {
    const events = chatEvents();
    const scripts: Readonly<Record<string, Script>> = {
      "an HTML page": { headers: { "content-type": "text/html" }, pieces: ["<html><body>Welcome</body></html>"] },
      "text for events": { ...stream([]), pieces: ["data: Welcome\n\n"] },
      "JSON of another form": stream([{ hello: "world" }]),
      "two choices": stream([{ model: "test", choices: [{ index: 0 }, { index: 1 }] }]),
      "a second choice": stream([{ model: "test", choices: [{ index: 1, delta: { content: "x" } }] }]),
      "bytes that are no UTF-8": {
        ...stream([]),
        pieces: [Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0x22, 0xff, 0x22, 10, 10])],
      },
      "half of a surrogate pair": chat({ text: "\uD83D", ids: [1] }),
      "an endless line": { ...stream([]), pieces: ["data: ", "x".repeat(100_000)], then: "repeat" },
      "an endless stream": { ...stream([{ model: "test", choices: [] }]), then: "repeat" },
      "endless comments": { ...stream([]), pieces: [": ping\n\n".repeat(1_000)], then: "repeat" },
      "text after the end": stream([...events.slice(0, -1), events[1], events.at(-1), "[DONE]"]),
      "two ends": stream([...events.slice(0, -1), events.at(-2), events.at(-1), "[DONE]"]),
      "no usage": stream([...events.slice(0, -1), "[DONE]"]),
      "a usage that its token ids deny": chat({ usage: { prompt_tokens: 3, completion_tokens: 3 } }),
      "a prompt that its token ids deny": chat({ usage: { prompt_tokens: 2, completion_tokens: 4 } }),
      "a negative usage": chat({ usage: { prompt_tokens: 3, completion_tokens: -4 } }),
      "a usage that is no number": chat({ usage: { prompt_tokens: "3", completion_tokens: 4 } }),
      "more tokens than asked for": chat({ text: "x".repeat(33) }),
      "no prompt tokens": chat({ promptIds: [] }),
      "another model": chat({ model: "another" }),
      "no model": stream([...events.map((event) => ({ ...(event as object), model: null })), "[DONE]"]),
      "another end": chat({ finish: "content_filter" }),
      "token ids that are none": stream([{ model: "test", choices: [{ delta: { content: "x" }, token_ids: [1.5] }] }]),
    };
    for (const [what, script] of Object.entries(scripts)) {
      answering(script);
      const error = await failureOf(run(alone()));
      expect(await codeOf(Promise.reject(error)), what).to.equal("BackendMisbehaved");
      expect((error as Error).message, what).to.include(server.url);
      const { output } = await run(both());
      expect(toHex(output.slice(32)), what).to.equal(yes);
    }
  });

  it("has no outcome where servers fail, cut, refuse or redirect", async () => {
    const events = chatEvents();
    const redirect = { status: 302, headers: { location: `${other.url}/v1/chat/completions` } };
    const scripts: Readonly<Record<string, readonly [string, Script]>> = {
      "a cut before the first event": ["BackendUnavailable", stream([], { then: "cut" })],
      "a cut in the middle": ["BackendUnavailable", stream(events.slice(0, 3), { then: "cut" })],
      "an end in the middle": ["BackendUnavailable", stream(events.slice(0, 3))],
      "a stream without its end": ["BackendUnavailable", stream(events)],
      "an end that is missing": ["BackendUnavailable", stream([...events.slice(0, 3), "[DONE]"])],
      "an error within the stream": [
        "BackendUnavailable",
        stream([events[0], { error: { message: "out of memory" } }]),
      ],
      "status 500": ["BackendUnavailable", { status: 500, pieces: ["oops"] }],
      "status 503 without a time": ["BackendUnavailable", { status: 503 }],
      "status 401": ["BackendUnavailable", { status: 401 }],
      "status 403": ["BackendUnavailable", { status: 403 }],
      "status 404": ["BackendUnavailable", { status: 404 }],
      "a redirect": ["BackendUnavailable", redirect],
      "status 204": ["BackendUnavailable", { status: 204 }],
      "status 400": ["BackendRefused", { status: 400, pieces: ['{"error":{"message":"context length exceeded"}}'] }],
      "status 413": ["BackendRefused", { status: 413 }],
      "status 422": ["BackendRefused", { status: 422 }],
      "a cut at a limit of the server's own": ["BackendRefused", chat({ finish: "length" })],
    };
    for (const [what, [code, script]] of Object.entries(scripts)) {
      answering(script);
      expect(await codeOf(run(alone())), what).to.equal(code);
    }
    expect(other.asked).to.deep.equal([]);
    const nobody = executorOf(manifest, { urls: ["http://127.0.0.1:1"] });
    expect(await codeOf(run(nobody))).to.equal("BackendUnavailable");
  });

  it("ends at once with servers that speak HTTP as no server does", async () => {
    const interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const upgrade = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    for (const [bytes, why] of [
      [interim.repeat(17), /interim answers only/],
      [upgrade, /switch protocols/],
      ["SSH-2.0-x\r\n", /connection failed/],
    ] as const) {
      const raw = createServer((socket) => void socket.on("error", () => {}).write(bytes));
      await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}`;
      const error = (await failureOf(run(executorOf(manifest, { urls: [url] }), { timeoutMs: 2_000 }))) as Error;
      raw.close();
      expect(error.message).to.match(why);
    }
  });

  it("does not take a server out of use over requests that it refuses", async () => {
    const executor = alone();
    answering({ status: 400 });
    expect(await codeOf(run(executor))).to.equal("BackendRefused");
    server.answer = usual;
    const startMs = Date.now();
    expect((await run(executor)).status).to.equal(ExecutionStatus.Success);
    expect(Date.now() - startMs).to.be.below(300);
  });

  describe("with a check question", () => {
    let artifact: Uint8Array;
    beforeEach(async () => {
      artifact = manifestOf({ check: { input: "Check.", outputSha256: sha256Of((await run(alone())).output) } });
      server.asked.length = 0;
    });
    const fails = (text: string, how: Script, check: Script = chat()): void => {
      server.answer = (asked) => {
        if (!isAnswer(asked)) return usual(asked);
        const body = JSON.stringify(asked.body);
        return body.includes(text) ? how : body.includes("Check.") ? check : chat();
      };
    };
    const checks = () => questions(server).filter(({ body }) => JSON.stringify(body).includes("Check.")).length;

    it("are not taken out of use by a question at which they fail, while they pass their check", async () => {
      const executor = executorOf(artifact, { urls: [server.url] });
      const broken = [
        { status: 500, pieces: ['{"error":{"message":"Conversation roles must alternate"}}'] },
        { status: 501 },
        stream([chatEvents()[0], { error: { message: "roles must alternate" } }]),
      ];
      for (const script of broken) {
        fails("poison", script);
        const error = await failureOf(run(executor, { artifact, text: "poison" }));
        expect(await codeOf(Promise.reject(error))).to.equal("BackendRefused");
        expect((error as Error).message).to.include("it passes its check");
        const startMs = Date.now();
        expect((await run(executor, { artifact })).status).to.equal(ExecutionStatus.Success);
        expect(Date.now() - startMs).to.be.below(300);
      }
      expect(checks()).to.equal(1 + broken.length);
    });

    it("are asked it once for all questions at which they fail meanwhile", async () => {
      const executor = executorOf(artifact, { backends: [{ url: server.url, concurrency: 8 }] });
      fails("poison", { status: 500 }, { ...chat(), pauseMs: 20 });
      await run(executor, { artifact });
      const codes = await Promise.all(
        Array.from({ length: 8 }, () => codeOf(run(executor, { artifact, text: "poison" }))),
      );
      expect(new Set(codes)).to.deep.equal(new Set(["BackendRefused"]));
      expect(checks()).to.be.within(2, 3);
    });

    it("are set aside where they fail at that too, or where a gateway fails for them", async () => {
      for (const [how, check, code, count] of [
        [{ status: 500 }, { status: 500 }, "BackendUnavailable", 2],
        [{ status: 500 }, chat({ text: "No." }), "BackendMisbehaved", 2],
        [{ status: 502 }, chat(), "BackendUnavailable", 1],
        [{ status: 503 }, chat(), "BackendUnavailable", 1],
        [{ status: 504 }, chat(), "BackendUnavailable", 1],
      ] as const) {
        server.answer = usual;
        server.asked.length = 0;
        const executor = executorOf(artifact, { urls: [server.url] });
        await run(executor, { artifact });
        fails("Is it?", how, check);
        expect(await codeOf(run(executor, { artifact }))).to.equal(code);
        expect(checks()).to.equal(count);
        expect((await executor.check()).ok).to.equal(false);
      }
    });

    it("are not believed that the fuel is spent where they are another program, or do not say which model it is", async () => {
      const executor = executorOf(artifact, { urls: [server.url] });
      const ask = () => run(executor, { artifact, fuel: 10n });
      const text = "x".repeat(10);
      answering(chat({ fingerprint: "a" }));
      expect((await ask()).status).to.equal(ExecutionStatus.Success);
      answering(chat({ fingerprint: "b", text }));
      expect(await codeOf(ask())).to.equal("BackendMisbehaved");
      const unnamed = chatEvents({ text }).map((event) => ({ ...(event as object), model: null }));
      answering(stream([...unnamed, "[DONE]"]));
      expect(await codeOf(run(alone(), { fuel: 10n }))).to.equal("BackendMisbehaved");
    });
  });

  it("leaves a failing server alone for a while, checks it, and uses it again", async () => {
    const executor = both();
    answering({ status: 500 });
    await run(executor);
    const before = server.asked.length;
    server.answer = usual;
    await run(executor);
    await run(executor);
    expect(server.asked.length).to.equal(before); // set aside
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    await Promise.all([run(executor), run(executor)]);
    expect(server.asked.slice(before).map(({ path }) => path)).to.deep.equal(["/v1/models", "/v1/chat/completions"]);
  });

  it("waits as long as a busy server asks for, and asks it again", async () => {
    let isFirst = true;
    answering(() => {
      const script = isFirst ? { status: 429, headers: { "retry-after": "1" } } : chat();
      isFirst = false;
      return script;
    });
    const startMs = Date.now();
    expect((await run(alone())).status).to.equal(ExecutionStatus.Success);
    expect(Date.now() - startMs).to.be.within(990, 2_000);
    answering({ status: 503, headers: { "retry-after": "999999" } });
    let sleeping = 0;
    const sleep: typeof systemClock.sleep = async (ms, signal) => {
      sleeping += 1;
      await systemClock.sleep(ms, signal);
      sleeping -= 1;
    };
    const clock = { ...systemClock, sleep };
    expect(await codeOf(run(alone({ clock }), { timeoutMs: 100 }))).to.equal("Timeout");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sleeping).to.equal(0); // nobody waits, so nothing is waited for
  });

  it("gives up servers that are silent or send a byte at a time, for another or with Timeout", async () => {
    const loris = chat().pieces?.join("").split("") ?? [];
    const scripts: readonly Script[] = [
      { ...stream([]), then: "hang" },
      { ...stream(chatEvents().slice(0, 2)), then: "hang" },
      { ...stream([]), pieces: loris, pauseMs: 5 },
    ];
    for (const script of scripts) {
      answering(script);
      expect(await codeOf(run(alone(), { timeoutMs: 150 }))).to.equal("Timeout");
      const why = ((await failureOf(run(alone({ idleMs: 150, timeoutMs: 300 })))) as Error).message;
      expect(why).to.match(script.then === "hang" ? /nothing came for 150 ms/ : /no whole answer came within 300 ms/);
      const { output } = await run(both({ idleMs: 150, timeoutMs: 300 }));
      expect(toHex(output.slice(32))).to.equal(yes);
      expect(questions(server).length).to.be.greaterThan(0);
    }
  });

  it("reads events however they are cut", async () => {
    const text = chat({ text: "Größe 😀" }).pieces?.join("").replaceAll("\n", "\r\n") ?? "";
    const bytes = Buffer.from(text);
    const whole = await run(alone(), (answering(chat({ text: "Größe 😀" })), {}));
    answering({ ...stream([]), pieces: text.match(/[\s\S]{1,3}/gu) ?? [] });
    expect(await run(alone())).to.deep.equal(whole);
    expect(textOf(whole.output.slice(32))).to.equal("Größe 😀");
    expect(bytes.length).to.be.greaterThan(text.length); // it was not all ASCII
  });

  it("ends the server's work when it is not wanted any more, or its fuel is spent", async () => {
    const reason = new Error("settled by others");
    const stopping = new AbortController();
    answering({ ...stream(chatEvents().slice(0, 2)), then: "hang" });
    const running = failureOf(run(alone(), { signal: stopping.signal }));
    setTimeout(() => stopping.abort(reason), 50);
    expect(await running).to.equal(reason);
    answering({ ...stream(chatEvents({ text: "x".repeat(20) }).slice(0, 12)), then: "hang" });
    const spent = await run(alone(), { fuel: 8n });
    expect(spent).to.deep.equal({ status: ExecutionStatus.OutOfFuel, usage: 8n, output: new Uint8Array() });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.abandoned).to.equal(2);
    expect(questions(server)[1]?.body["max_tokens"]).to.equal(8);
  });

  it("asks greedily, with the manifest's seed and prompt, and for token ids as the manifest says", async () => {
    const generation = { seed: 11, maxTokens: 9, system: "Be brief.", stop: ["\n"] };
    const bodies: (readonly [Uint8Array, string, object])[] = [
      [manifestOf({ generation }), "Is it?", { return_token_ids: true }],
      [manifestOf({ generation, runtime: { tokenIds: "logprobs" } }), "Is it?", { logprobs: true, top_logprobs: 1 }],
      [manifestOf({ generation, runtime: { tokenIds: "none" } }), "Is it?", {}],
      [manifestOf({ generation, runtime: { tokenIds: "none", stream: false } }), "Is it?", { stream: false }],
    ];
    for (const [artifact, text, extra] of bodies) {
      server.asked.length = 0;
      answering({ status: 400 });
      await failureOf(run(executorOf(artifact, { urls: [server.url] }), { artifact, text }));
      expect(questions(server)[0]).to.deep.equal({
        path: "/v1/chat/completions",
        authorization: undefined,
        body: {
          model: "test",
          messages: [
            { role: "system", content: "Be brief." },
            { role: "user", content: "Is it?" },
          ],
          ...{ max_tokens: 9, temperature: 0, top_p: 1, n: 1, seed: 11, stop: ["\n"] },
          ...("stream" in extra ? {} : { stream: true, stream_options: { include_usage: true } }),
          ...extra,
        },
      });
    }
  });

  it("commits to token ids from logprobs, and to none where a server tells none", async () => {
    const events = (withIds: boolean) => [
      {
        model: "test",
        choices: [{ delta: { content: "Yes" }, logprobs: withIds ? { content: [{ id: 5 }, { id: 258 }] } : null }],
      },
      { model: "test", choices: [{ delta: {}, finish_reason: "stop" }] },
      { model: "test", choices: [], usage: { prompt_tokens: 3, completion_tokens: 3 } },
      "[DONE]",
    ];
    const ask = async (tokenIds: "logprobs" | "none") => {
      const artifact = manifestOf({ runtime: { tokenIds } });
      return run(executorOf(artifact, { urls: [server.url] }), { artifact });
    };
    answering(stream(events(true)));
    const told = await ask("logprobs");
    expect(toHex(told.output.slice(0, 32))).to.equal(keccak256("0x0000000500000102"));
    expect(told.usage).to.equal(5n); // 3 and the two ids
    answering(stream(events(false)));
    const untold = await ask("none");
    expect(toHex(untold.output.slice(0, 32))).to.equal(keccak256("0x"));
    expect(untold.usage).to.equal(6n);
    answering(stream([{ model: "test", choices: [{ delta: { content: "Yes" }, logprobs: { content: [{}] } }] }]));
    expect(await codeOf(ask("logprobs"))).to.equal("BackendMisbehaved");
    answering(stream(events(false)));
    expect(await codeOf(ask("logprobs"))).to.equal("BackendMisbehaved"); // text that no id stands for
  });

  it("has no outcome of a whole answer whose ids a stop text took, and does not blame the server", async () => {
    const artifact = manifestOf({ runtime: { tokenIds: "logprobs", stream: false } });
    const executor = executorOf(artifact, { urls: [server.url] });
    const choice = { finish_reason: "stop", message: { content: "Hel" }, logprobs: { content: [] } };
    answering(whole({ model: "test", choices: [choice], usage: { prompt_tokens: 3, completion_tokens: 1 } }));
    const text = '{"messages":[{"role":"user","content":"x"}],"stop":["lo"]}';
    expect(await codeOf(run(executor, { artifact, text }))).to.equal("BackendRefused");
    expect((await executor.check()).ok).to.equal(true);
    expect(await codeOf(run(executor, { artifact }))).to.equal("BackendMisbehaved"); // no stop text to blame
  });

  it("waits for the first byte of a whole answer as long as for the answer, and for the rest no longer than for others", async () => {
    const artifact = manifestOf({ runtime: { stream: false } });
    const choice = { finish_reason: "stop", message: { content: "Yes." }, token_ids: [1, 2, 3, 4] };
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    const [text = ""] = whole({ model: "test", choices: [choice], usage, prompt_token_ids: [1, 2, 3] }).pieces ?? [];
    const late: Script = { pieces: ["", "", "", "", text], pauseMs: 60 };
    const ask = (given: Uint8Array) =>
      run(executorOf(given, { urls: [server.url], idleMs: 150, timeoutMs: 1_000 }), { artifact: given });
    answering(late);
    expect((await ask(artifact)).status).to.equal(ExecutionStatus.Success);
    answering({ pieces: ["{"], then: "hang" });
    expect(((await failureOf(ask(artifact))) as Error).message).to.match(/nothing came for 150 ms/);
    answering({ then: "hang" });
    expect(((await failureOf(ask(artifact))) as Error).message).to.match(
      /(whole answer|nothing) came (within|for) 1000 ms/,
    );
  });

  it("uses a server only while it lists the model and answers the check question", async () => {
    const right = await run(alone());
    const artifact = manifestOf({ check: { input: "Is it?", outputSha256: sha256Of(right.output) } });
    const make = () => executorOf(artifact, { urls: [server.url] });
    server.answer = (asked) => (isAnswer(asked) ? usual(asked) : whole({ data: [{ id: "other" }] }));
    expect(((await failureOf(run(make(), { artifact }))) as Error).message).to.match(/has no model test, but other/);
    answering(chat({ text: "No." }));
    const error = (await failureOf(run(make(), { artifact }))) as Error;
    expect(error.message).to.match(/serves another model than test model.*sha256 [0-9a-f]{64}/);
    expect((await make().check()).ok).to.equal(false);
    server.answer = usual;
    expect(await make().check()).to.deep.equal({ ok: true });
    expect(await run(make(), { artifact })).to.deep.equal(right);
  });

  it("checks a server anew whose fingerprint changes, and never takes an answer of two programs", async () => {
    const artifact = manifestOf({ check: { input: "Check.", outputSha256: sha256Of((await run(alone())).output) } });
    const executor = executorOf(artifact, { urls: [server.url] });
    let fingerprint = "a";
    answering(() => chat({ fingerprint }));
    await run(executor, { artifact });
    const before = server.asked.length;
    fingerprint = "b";
    expect((await run(executor, { artifact })).status).to.equal(ExecutionStatus.Success);
    expect(server.asked.slice(before).map(({ path }) => path.slice(4))).to.deep.equal([
      "chat/completions", // of the new program: not used
      "models",
      "chat/completions", // the check
      "chat/completions",
    ]);
    const [first, ...rest] = chatEvents({ fingerprint: "b" });
    answering(stream([first, ...rest.map((event) => ({ ...(event as object), system_fingerprint: "c" })), "[DONE]"]));
    expect(await codeOf(run(executor, { artifact }))).to.equal("BackendMisbehaved");
  });

  it("checks a server again that failed others while it answered, before it uses the answer", async () => {
    const right = await run(alone());
    const artifact = manifestOf({ check: { input: "Check.", outputSha256: sha256Of(right.output) } });
    const executor = executorOf(artifact, { urls: [server.url] });
    await run(executor, { artifact });
    let isOther = false; // the server is replaced while it answers the first question, and the second finds it down
    server.answer = (asked) => {
      if (!isAnswer(asked)) return usual(asked);
      const text = JSON.stringify(asked.body);
      if (text.includes("Second")) return { status: 502 };
      return text.includes("First") ? { ...chat({ text: "No." }), pauseMs: 40 } : chat(isOther ? { text: "No." } : {});
    };
    const first = failureOf(run(executor, { artifact, text: "First" }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    isOther = true;
    await failureOf(run(executor, { artifact, text: "Second" }));
    expect(((await first) as Error | undefined)?.message).to.match(/serves another model/);
  });

  it("sends the key to its server, and shows it to nobody", async () => {
    const key = "sk-very-secret-key-0123456789";
    const backends = [{ url: server.url, concurrency: 1, authorization: `Bearer ${key}` }];
    answering({ status: 401, pieces: [`{"error":"the key ${key} is not known"}\u001b[31m`] });
    const error = (await failureOf(run(alone({ backends })))) as Error;
    expect(server.asked.map(({ authorization }) => authorization)).to.deep.equal([`Bearer ${key}`, `Bearer ${key}`]);
    expect(error.message)
      .to.match(/status 401/)
      .and.not.include(key)
      .and.not.include("\u001b");
    expect(error.message.length).to.be.below(601);
  });

  it("gives each server as many requests as it takes, the least loaded first, and lets the rest wait in line", async () => {
    answering({ ...chat(), pauseMs: 10 });
    other.answer = server.answer;
    const backends = [
      { url: server.url, concurrency: 1 },
      { url: other.url, concurrency: 3 },
    ];
    const executor = executorOf(manifest, { backends });
    expect((await executor.capabilities()).concurrency).to.equal(4);
    const results = await Promise.all(Array.from({ length: 16 }, () => run(executor)));
    expect(results.every(({ status }) => status === ExecutionStatus.Success)).to.equal(true);
    expect([server.mostAtOnce, other.mostAtOnce]).to.deep.equal([1, 3]);
    expect(questions(server).length + questions(other).length).to.equal(16);
    expect(questions(other).length).to.be.within(10, 14);
  });

  it("frees the place of who waits in vain", async () => {
    answering({ ...stream([]), then: "hang" });
    const executor = alone({ backends: [{ url: server.url, concurrency: 1 }] });
    const all = await Promise.all([1, 2, 3].map(() => codeOf(run(executor, { timeoutMs: 100 }))));
    expect(all).to.deep.equal(["Timeout", "Timeout", "Timeout"]);
    server.answer = usual;
    expect((await run(executor)).status).to.equal(ExecutionStatus.Success);
  });
});

describe("The executor of embeddings and images before servers that fail", () => {
  let server: ScriptedServer;
  before(async () => {
    server = await startScriptedServer();
  });
  after(() => server.close());

  const list = whole({ data: [{ id: "test" }] });
  const run = (artifact: Uint8Array, text: string, value: unknown, limits: Partial<ExecutionLimits> = {}) => {
    server.answer = ({ path }) => (path.endsWith("/models") ? list : whole(value));
    return executorOf(artifact, { urls: [server.url] }).execute(taskOf(artifact), utf8(text), limitsOf(limits));
  };
  const embedding = manifestOf({ kind: "embedding", generation: { dimensions: 3 } });
  const image = manifestOf({ kind: "image" });
  const png = Buffer.from("89504e470d0a1a0a0000", "hex");

  it("gives a vector as bytes, at unit length", async () => {
    const usage = { prompt_tokens: 2 };
    const { output, usage: used } = await run(embedding, "word", {
      model: "test",
      data: [{ embedding: [3, 0, -4] }],
      usage,
    });
    expect([...new Int8Array(output.buffer)]).to.deep.equal([76, 0, -102]); // 76.2 and -101.6
    expect(used).to.equal(2n);
    const starved = await run(
      embedding,
      "word",
      { model: "test", data: [{ embedding: [3, 0, -4] }], usage },
      { fuel: 1n },
    );
    expect(starved.status).to.equal(ExecutionStatus.OutOfFuel);
  });

  it("takes no vector that is none, or of another length or model", async () => {
    const vectors = [[null, 0, 1], ["NaN", 0, 1], [0, 0, 0], [], [1, 2], [1, 2, 3, 4], undefined];
    for (const vector of vectors) {
      const answer = { model: "test", data: [{ embedding: vector }], usage: { prompt_tokens: 2 } };
      expect(await codeOf(run(embedding, "word", answer)), JSON.stringify(vector)).to.equal("BackendMisbehaved");
    }
    const good = { model: "test", data: [{ embedding: [1, 2, 3] }], usage: { prompt_tokens: 2 } };
    for (const bad of [
      { ...good, model: "another" },
      { ...good, usage: { prompt_tokens: 0 } },
      { ...good, usage: { prompt_tokens: 1e9 } },
      { ...good, data: [...good.data, ...good.data] },
    ])
      expect(await codeOf(run(embedding, "word", bad))).to.equal("BackendMisbehaved");
  });

  it("gives an image as it is, and counts its pixels", async () => {
    const answer = { data: [{ b64_json: png.toString("base64") }] };
    const { status, usage, output } = await run(image, '{"prompt":"a cat","size":"64x32"}', answer);
    expect([status, usage, Buffer.from(output)]).to.deep.equal([ExecutionStatus.Success, 2n, png]);
    expect((await run(image, "a cat", answer)).usage).to.equal(1_024n);
    const asked = server.asked.length;
    expect((await run(image, "a cat", answer, { fuel: 1_023n })).status).to.equal(ExecutionStatus.OutOfFuel);
    expect(server.asked.length).to.equal(asked); // known without asking
    expect((await run(image, "a cat", answer, { maxOutputBytes: 1 })).status).to.equal(ExecutionStatus.SuccessLong);
    expect((await run(image, "a cat", answer, { maxOutputBytes: 1, hardOutputBytes: 9 })).status).to.equal(
      ExecutionStatus.OutputTooLong,
    );
  });

  it("passes no check with an image that is too long for an output, whatever it shows", async () => {
    const large = (fill: number) => Buffer.concat([png, Buffer.alloc(1_048_576, fill)]);
    const answer = { data: [{ b64_json: large(1).toString("base64") }] };
    const artifact = manifestOf({ kind: "image", check: { input: "a cat", outputSha256: sha256Of(large(1)) } });
    const error = await failureOf(run(artifact, "a cat", answer));
    expect(await codeOf(Promise.reject(error))).to.equal("BackendMisbehaved");
    expect((error as Error).message).to.match(/longer than 1048576 bytes.*smaller image/);
  });

  it("takes no image that is none", async () => {
    const good = png.toString("base64");
    for (const b64_json of [`${good.slice(0, -3)}*==`, `${good}A`, Buffer.from("<html>").toString("base64"), ""])
      expect(await codeOf(run(image, "a cat", { data: [{ b64_json }] })), b64_json).to.equal("BackendMisbehaved");
    expect(await codeOf(run(image, "a cat", { data: [{ url: server.url }] }))).to.equal("BackendMisbehaved");
    expect(await codeOf(run(image, "a cat", { model: "another", data: [{ b64_json: good }] }))).to.equal(
      "BackendMisbehaved",
    );
  });
});
