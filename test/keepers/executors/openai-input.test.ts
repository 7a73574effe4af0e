import { expect } from "chai";
import { keccak256, toHex } from "viem";
import { ExecutionStatus } from "../../../keepers/executors/executor.ts";
import { BackendError } from "../../../keepers/executors/openai/fault.ts";
import { type Asked, readInput } from "../../../keepers/executors/openai/input.ts";
import { conclude, tokenHash } from "../../../keepers/executors/openai/outcome.ts";
import { makePool, newBackend } from "../../../keepers/executors/openai/pool.ts";
import { makeSseReader } from "../../../keepers/executors/openai/sse.ts";
import { quantise } from "../../../keepers/executors/openai/vector.ts";
import { modelRuntimeDigest, parseManifest } from "../../../keepers/models/manifest.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { executorOf, limitsOf, manifestOf, sha256Of, taskOf, utf8 } from "./model-fixtures.ts";

const manifests = {
  chat: parseManifest(manifestOf({ generation: { maxTokens: 50, stop: ["END"], maxInputBytes: 2_000 } })),
  completion: parseManifest(manifestOf({ kind: "completion" })),
  embedding: parseManifest(manifestOf({ kind: "embedding" })),
  image: parseManifest(manifestOf({ kind: "image" })),
};
type Kind = keyof typeof manifests;
const read = (kind: Kind, input: string | Uint8Array): Asked | undefined =>
  readInput(typeof input === "string" ? utf8(input) : input, manifests[kind]);
const message = (content: unknown, role: unknown = "user", more: object = {}) => ({ role, content, ...more });
const chatOf = (fields: object): string => JSON.stringify({ messages: [message("Hi")], ...fields });

describe("Inputs of models", () => {
  it("are plain text, whatever it says unless it begins with a brace", () => {
    const usual = { maxTokens: 32, stop: [] };
    const chat = { kind: "chat", maxTokens: 50, stop: ["END"] };
    for (const text of ["Hi", " {", "\uFEFF{}", "[]", '"', "\u0000", "Größe 😀"]) {
      expect(read("chat", text)).to.deep.equal({ ...chat, messages: [message(text)] });
      expect(read("completion", text)).to.deep.equal({ kind: "completion", prompt: text, ...usual });
      expect(read("embedding", text)).to.deep.equal({ kind: "embedding", input: text });
      expect(read("image", text)).to.deep.equal({ kind: "image", prompt: text, width: 1_024, height: 1_024 });
    }
  });

  it("are JSON with these fields where they begin with a brace", () => {
    const messages = [message("Be kind.", "system"), message("Hi"), message("Ho", "assistant"), message("")];
    expect(read("chat", chatOf({ messages, max_tokens: 7, stop: ["\n", "a"] }))).to.deep.equal({
      kind: "chat",
      messages,
      maxTokens: 7,
      stop: ["END", "\n", "a"],
    });
    expect(read("chat", chatOf({ max_tokens: 1_000_000 }))).to.include({ maxTokens: 50 });
    expect(read("completion", '{"prompt":"{","max_tokens":3}')).to.include({ prompt: "{", maxTokens: 3 });
    expect(read("embedding", '{"input":"{}"}')).to.deep.equal({ kind: "embedding", input: "{}" });
    expect(read("image", '{"prompt":"a","size":"16x4096"}')).to.include({ width: 16, height: 4_096 });
  });

  it("are refused where anything is amiss", () => {
    const bad: Readonly<Record<Kind, readonly (string | Uint8Array)[]>> = {
      chat: [
        "",
        "{",
        "{}",
        "x".repeat(2_001),
        new Uint8Array([0xc0, 0x80]),
        new Uint8Array([0xed, 0xa0, 0x80]),
        '{"messages":[]}',
        '{"messages":{}}',
        '{"messages":[{"role":"user","content":"\\ud800"}]}',
        `{"messages":[${Array.from({ length: 257 }, () => '{"role":"user","content":""}').join()}]}`,
        ...[
          message("a", "tool"),
          message("a", "constructor"),
          message(1),
          message(["a"]),
          message(null),
          message("a", "user", { name: "x" }),
          null,
          "a",
        ].map((one) => chatOf({ messages: [one] })),
        ...[0, -1, 1.5, "5", null, true, 2 ** 53, [1]].map((max_tokens) => chatOf({ max_tokens })),
        ...["a", [""], [1], ["x".repeat(65)], ["a", "b", "c", "d"], null, {}].map((stop) => chatOf({ stop })),
        ...["temperature", "model", "stream", "n", "__proto__", "toString", "prompt"].map((name) =>
          chatOf({}).replace("{", `{"${name}":1,`),
        ),
      ],
      completion: [
        '{"prompt":""}',
        '{"prompt":["a"]}',
        '{"prompt":"a","messages":[]}',
        '{"prompt":"a","echo":true}',
        "{}",
      ],
      embedding: ['{"input":""}', '{"input":["a"]}', '{"input":"a","dimensions":3}', '{"prompt":"a"}'],
      image: [
        '{"prompt":""}',
        '{"prompt":"a","n":2}',
        ...["15x16", "16x4097", "016x16", "16x16 ", "16X16", "1e2x16", 16, null, "-16x16"].map((size) =>
          JSON.stringify({ prompt: "a", size }),
        ),
      ],
    };
    for (const [kind, inputs] of Object.entries(bad) as [Kind, readonly (string | Uint8Array)[]][])
      for (const input of inputs)
        expect(read(kind, input), `${kind}: ${String(input).slice(0, 80)}`).to.equal(undefined);
  });

  it("that are refused end in BadInput without any server", async () => {
    const manifest = manifestOf();
    const executor = executorOf(manifest, { urls: ["http://127.0.0.1:1"] });
    const result = await executor.execute(taskOf(manifest), utf8('{"messages":0}'), limitsOf());
    expect(result).to.deep.equal({ status: ExecutionStatus.BadInput, usage: 0n, output: new Uint8Array() });
  });

  it("are not refused for a fault of the reader's own", () => {
    const generation = { ...manifests.chat.generation };
    Object.defineProperty(generation, "stop", { get: () => [...new Array<string>(-1)] });
    const faulty = { ...manifests.chat, generation };
    expect(() => readInput(utf8("Hi"), faulty)).to.throw(RangeError);
    expect(() => readInput(utf8(chatOf({})), faulty)).to.throw(RangeError);
    expect(readInput(utf8('{"messages'), faulty)).to.equal(undefined);
  });

  it("survive deep nesting", () => {
    const deep = parseManifest(manifestOf({ generation: { maxInputBytes: 16_777_216 } }));
    expect(readInput(utf8(`{"messages":${"[".repeat(1_000_000)}`), deep)).to.equal(undefined);
    expect(readInput(utf8(`{"messages":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`), deep)).to.equal(undefined);
  });
});

describe("Manifests of models", () => {
  it("say whether answers are streams, as the runtime's digest does", () => {
    const digest = (runtime: { stream?: boolean }) => modelRuntimeDigest(parseManifest(manifestOf({ runtime })));
    expect(digest({ stream: true })).to.equal(digest({}));
    expect(digest({ stream: false })).to.not.equal(digest({}));
  });

  it("have no check that nothing passes but an output of no bytes", () => {
    const check = { input: "a cat", outputSha256: sha256Of(new Uint8Array()) };
    expect(() => parseManifest(manifestOf({ kind: "image", check }))).to.throw(
      /outputSha256: is the sha256 of nothing/,
    );
  });
});

describe("Outcomes of models", () => {
  it("hash token ids of four bytes each, most significant first", () => {
    expect(toHex(tokenHash([]))).to.equal(keccak256("0x"));
    expect(toHex(tokenHash([1, 0xfffefdfc]))).to.equal(keccak256("0x00000001fffefdfc"));
  });

  it("let fuel count before length, so that it does not matter how far an answer came", () => {
    const limits = { fuel: 5n, maxOutputBytes: 1, hardOutputBytes: 2 };
    const statuses = (used: number, bytes: number | undefined) =>
      conclude(used, bytes === undefined ? undefined : new Uint8Array(bytes), limits).status;
    expect([statuses(6, 3), statuses(6, undefined), statuses(6, 1)]).to.deep.equal(
      Array(3).fill(ExecutionStatus.OutOfFuel),
    );
    expect([statuses(5, 3), statuses(5, undefined)]).to.deep.equal(Array(2).fill(ExecutionStatus.OutputTooLong));
    expect([statuses(5, 2), statuses(5, 1)]).to.deep.equal([ExecutionStatus.SuccessLong, ExecutionStatus.Success]);
  });

  it("round vectors half away from zero, whatever their length", () => {
    const bytes = (vector: readonly number[]) => [...new Int8Array(quantise(vector)?.buffer ?? new ArrayBuffer(0))];
    expect(bytes([1, 0])).to.deep.equal([127, 0]);
    expect(bytes([1e308, -1e308])).to.deep.equal([90, -90]); // 89.8, without an overflow
    expect(bytes([5e-324, 0])).to.deep.equal([127, 0]);
    expect(bytes([2.5, -2.5, Math.sqrt(127 * 127 - 12.5)])).to.deep.equal([3, -3, 127]); // of length 127
    for (const none of [[0, -0], [Number.NaN], [Number.POSITIVE_INFINITY], [1, Number.NaN]])
      expect(bytes(none)).to.deep.equal([]);
  });
});

describe("The servers of a model", () => {
  it("are left alone twice as long with each failure, up to a minute, one failure counting once", () => {
    const clock = { ...systemClock, now: () => 0, random: () => 1 };
    const server = { base: new URL("http://127.0.0.1/v1/"), servedAs: "test", idleMs: 1, wholeMs: 1 };
    const backend = newBackend("a", server, 1);
    const told: (string | undefined)[] = [];
    const pool = makePool([backend], clock, (_, fault) => void told.push(fault));
    const waits = Array.from({ length: 8 }, () => {
      const error = new BackendError("failing", "status 500");
      pool.fail(backend, error);
      pool.fail(backend, error); // of another request that waited for the same check
      return backend.asideUntilMs;
    });
    expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    pool.trust(backend, 1, undefined);
    expect(told).to.deep.equal(["status 500", undefined]); // once each
    for (const [retryAfterMs, untilMs] of [
      [0, 1_000], // never at once: that would be an endless loop
      [5_000, 5_000],
      [1, 1_000], // and no longer with each: it says itself how long
    ] as const) {
      pool.fail(backend, new BackendError("busy", "status 429", { retryAfterMs }));
      expect([backend.asideUntilMs, backend.trustedUntilMs]).to.deep.equal([untilMs, 1]); // busy is no reason for a doubt
    }
  });
});

describe("Server-sent events", () => {
  const bounds = { maxEventBytes: 100, maxEvents: 3 };
  const readAll = (text: string, size: number, given = bounds): readonly string[] => {
    const reader = makeSseReader(given);
    const bytes = utf8(text);
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    return pieces.flatMap((piece) => reader.push(piece));
  };

  it("are the same however they are cut", () => {
    const text = ": hello\n\nevent: x\ndata: one\r\ndata:two\nid: 3\n\n\n\ndata\n\ndata:  ü\n\ndata: never ended";
    for (let size = 1; size <= text.length; size++) expect(readAll(text, size)).to.deep.equal(["one\ntwo", "", " ü"]);
  });

  it("are bounded in length and number, with the same bounds however they are cut", () => {
    const longest = `data: ${"x".repeat(93)}\n\n`;
    for (const size of [1, 7, 1_000]) {
      expect(readAll(longest, size)).to.have.length(1);
      expect(() => readAll(longest.replace("x", "xxx"), size)).to.throw(/longer than 100 bytes/);
      expect(() => readAll(`${"data: a\n".repeat(15)}`, size)).to.throw(/longer than 100 bytes/);
      expect(() => readAll("data: a\n\n".repeat(4), size)).to.throw(/more than 3 events/);
      expect(readAll(`${": ping\n".repeat(1_000)}\ndata: a\n\n`, size)).to.deep.equal(["a"]);
    }
  });
});
