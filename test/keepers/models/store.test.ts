import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { FetchError } from "../../../keepers/executor/fetch.ts";
import { tryLock } from "../../../keepers/runtime/lock.ts";
import { ManifestError } from "../../../keepers/models/manifest.ts";
import { type FetchModelOptions, makeModelStore, type ModelStoreDeps } from "../../../keepers/models/store.ts";
import { makeDownloads } from "../../../keepers/network/download.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { answerWith, closeServers, contentOf, type FileServer, serve, serveFile, sha256Of } from "./file-server.ts";
import { bytesOf, manifestOf, type SampleFile } from "./samples.ts";

const child = fileURLToPath(new URL("store-child.ts", import.meta.url));
const size = 100_000;

describe("The cache of models", function () {
  this.timeout(30_000);
  let base: string;
  let directory: string;
  let nowMs: number;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), "atoma-models-"));
    directory = join(base, "cache");
    nowMs = 1_700_000_000_000;
  });
  afterEach(async () => {
    await closeServers();
    rmSync(base, { recursive: true });
  });

  const makeStore = (changes: Partial<ModelStoreDeps> = {}) =>
    makeModelStore({
      directory,
      limitBytes: 10 * size,
      downloads: makeDownloads({ allowPrivate: true }),
      clock: { now: () => nowMs, sleep: systemClock.sleep },
      pace: { everyMs: 2_000, leastBytes: 1 },
      retryMs: 1,
      ...changes,
    });
  const fetchFrom = (
    store: ReturnType<typeof makeStore>,
    manifest: unknown,
    changes: Partial<FetchModelOptions> = {},
  ) => store.fetch(bytesOf(manifest), { signal: AbortSignal.timeout(20_000), ...changes });
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => "no error",
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(FetchError);
    return (error as FetchError).message;
  };
  /** A file with a server of its own. */
  const served = async (path: string, bytes: Uint8Array): Promise<SampleFile & { readonly server: FileServer }> => {
    const server = await serveFile(bytes);
    return { path, bytes, uris: [server.url], server };
  };
  const blob = (bytes: Uint8Array): string => join(directory, "blobs", sha256Of(bytes));
  const isHeld = (bytes: Uint8Array): boolean => existsSync(blob(bytes));

  it("makes a folder with the manifest's paths, fetches files that are equal once, and nothing the second time", async () => {
    const [weights, tokenizer] = [await served("weights/model.gguf", contentOf(200_000)), await served("tokenizer.json", contentOf(500, 3))]; // prettier-ignore
    const copy = { ...weights, path: "weights/copy.gguf" };
    const manifest = manifestOf([weights, tokenizer, copy]);
    const store = makeStore();
    const { folder, digest } = await fetchFrom(store, manifest);
    expect(folder).to.equal(join(directory, "models", digest));
    expect(digest).to.equal(sha256Of(bytesOf(manifest)));
    for (const { path, bytes } of [weights, tokenizer, copy])
      expect(sha256Of(readFileSync(join(folder, path))), path).to.equal(sha256Of(bytes));
    expect(statSync(join(folder, weights.path)).ino).to.equal(statSync(blob(weights.bytes)).ino);
    await fetchFrom(store, manifest);
    await fetchFrom(makeStore(), manifest);
    expect([weights.server.asked.length, tokenizer.server.asked.length]).to.deep.equal([1, 1]);
    expect(readdirSync(join(directory, "models"))).to.deep.equal([digest]);
    expect(readdirSync(join(directory, "parts"))).to.deep.equal([]);
  });

  it("reads a file once per process, and again when it changed; a damaged one is fetched anew", async () => {
    const file = await served("model.gguf", contentOf(200_000));
    const manifest = manifestOf([file]);
    const store = makeStore();
    let checked = 0;
    const onProgress: FetchModelOptions["onProgress"] = ({ phase }) => void (checked += phase === "checking" ? 1 : 0);
    const { folder } = await fetchFrom(store, manifest, { onProgress });
    await fetchFrom(store, manifest, { onProgress });
    expect(checked).to.equal(0); // hashed while it came
    await fetchFrom(makeStore(), manifest, { onProgress });
    expect(checked).to.equal(1);
    for (const damage of [
      () => appendFileSync(blob(file.bytes), "x"),
      () => writeFileSync(blob(file.bytes), contentOf(200_000, 9)),
      () => {
        rmSync(blob(file.bytes));
        symlinkSync("/etc/hostname", blob(file.bytes));
      },
      () => {
        rmSync(blob(file.bytes));
        mkdirSync(blob(file.bytes));
      },
    ]) {
      chmodSync(blob(file.bytes), 0o644);
      damage();
      await fetchFrom(store, manifest);
      expect(sha256Of(readFileSync(join(folder, "model.gguf")))).to.equal(sha256Of(file.bytes));
      expect(statSync(blob(file.bytes)).isFile()).to.equal(true);
    }
    expect(file.server.asked).to.have.length(5);
    expect(readFileSync("/etc/hostname").length).to.be.lessThan(1_000);
  });

  it("follows no link in place of a file, not even one as long as the file", async () => {
    const target = join(base, "private");
    const file = await served("model.gguf", contentOf(target.length));
    writeFileSync(target, file.bytes);
    const store = makeStore();
    await fetchFrom(store, manifestOf([file]));
    rmSync(blob(file.bytes));
    symlinkSync(target, blob(file.bytes));
    await fetchFrom(makeStore(), manifestOf([file]));
    expect(lstatSync(blob(file.bytes)).isFile()).to.equal(true);
    expect([file.server.asked.length, existsSync(target)]).to.deep.equal([2, true]);
  });

  it("puts its folder right where files were added, replaced or made links", async () => {
    const file = await served("a/model.gguf", contentOf(5_000));
    const manifest = manifestOf([file]);
    const store = makeStore();
    const { folder } = await fetchFrom(store, manifest);
    const outside = join(base, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "model.gguf"), "other");
    for (const harm of [
      () => writeFileSync(join(folder, "a/config.json"), "{}"),
      () => {
        rmSync(join(folder, "a/model.gguf"));
        writeFileSync(join(folder, "a/model.gguf"), "other");
      },
      () => {
        rmSync(join(folder, "a"), { recursive: true });
        symlinkSync(outside, join(folder, "a"));
      },
    ]) {
      harm();
      await fetchFrom(store, manifest);
      expect(readdirSync(join(folder, "a"))).to.deep.equal(["model.gguf"]);
      expect(sha256Of(readFileSync(join(folder, "a/model.gguf")))).to.equal(sha256Of(file.bytes));
    }
    expect(readFileSync(join(outside, "model.gguf"), "utf8")).to.equal("other");
    expect(file.server.asked).to.have.length(1);
  });

  it("refuses a cache whose own folders are links, and manifests whose paths lead out or collide", async () => {
    const file = await served("model.gguf", contentOf(5_000));
    for (const path of [
      "../x",
      "/etc/passwd",
      "a/../b",
      "a//b",
      ".hidden",
      "a/.git/config",
      "a\\b",
      "a/",
      "",
      "a\0b",
      "C:x",
    ]) {
      const error = await fetchFrom(makeStore(), manifestOf([{ ...file, path }])).catch((caught: unknown) => caught);
      expect(error, path).to.be.instanceOf(ManifestError);
      expect(String(error)).to.contain("files.0.path");
    }
    for (const [one, two] of [
      ["a", "a"],
      ["a/B", "A/b"],
      ["a", "a/b"],
      ["a/b", "A"],
    ] as const) {
      // prettier-ignore
      const manifest = manifestOf([{ ...file, path: one }, { ...file, path: two }]);
      const error = await fetchFrom(makeStore(), manifest).catch((caught: unknown) => caught);
      expect(String(error), `${one} ${two}`).to.contain("must not repeat a path");
    }
    expect(existsSync(directory)).to.equal(false);
    const [first] = manifestOf([file]).files;
    const twoLengths = { ...manifestOf([file]), files: [first, { ...first, path: "b", bytes: 4 }] };
    expect(String(await fetchFrom(makeStore(), twoLengths).catch((caught: unknown) => caught))).to.contain(
      "two lengths",
    );
    mkdirSync(join(base, "elsewhere"));
    mkdirSync(directory);
    symlinkSync(join(base, "elsewhere"), join(directory, "blobs"));
    expect(await refusal(fetchFrom(makeStore(), manifestOf([file])))).to.contain("is no folder of its own");
    expect(readdirSync(join(base, "elsewhere"))).to.deep.equal([]);
    expect(file.server.asked).to.have.length(0);
  });

  it("makes room by removing what was used least recently, and only as much as is needed", async () => {
    const files = await Promise.all([1, 2, 3, 4].map((seed) => served("model.gguf", contentOf(3 * size, seed))));
    const shared = await served("tokenizer.json", contentOf(1_000, 7));
    const models = files.map((file, i) => manifestOf([file, ...(i < 2 ? [shared] : [])], { name: `Model ${i}` }));
    const store = makeStore();
    const evicted: string[] = [];
    const onEvict: FetchModelOptions["onEvict"] = ({ manifest }) => void evicted.push(manifest.name);
    for (const model of models.slice(0, 3)) {
      await fetchFrom(store, model, { onEvict });
      nowMs += 1_000;
    }
    await fetchFrom(store, models[0]); // used again: Model 1 is the oldest now
    nowMs += 1_000;
    await fetchFrom(store, models[3], { onEvict });
    expect(evicted).to.deep.equal(["Model 1"]);
    expect(files.map(({ bytes }) => isHeld(bytes))).to.deep.equal([true, false, true, true]);
    expect(isHeld(shared.bytes)).to.equal(true);
    const names = (await store.list()).map(({ manifest }) => manifest.name).sort();
    expect(names).to.deep.equal(["Model 0", "Model 2", "Model 3"]);
    expect(readdirSync(join(directory, "models"))).to.have.length(3);
  });

  it("never removes a pinned model, nor one whose files are linked to from elsewhere, and says what stays", async () => {
    const [pinned, linked, third] = await Promise.all([1, 2, 3].map((seed) => served("model.gguf", contentOf(4 * size, seed)))); // prettier-ignore
    if (pinned === undefined || linked === undefined || third === undefined) throw new Error("three files");
    const store = makeStore();
    await fetchFrom(store, manifestOf([pinned], { name: "Pinned" }), { pin: true });
    const own = await fetchFrom(store, manifestOf([linked], { name: "Linked" }), { to: join(base, "own") });
    expect(own.folder).to.equal(join(base, "own"));
    expect(statSync(join(base, "own/model.gguf")).ino).to.equal(statSync(blob(linked.bytes)).ino);
    const message = await refusal(fetchFrom(store, manifestOf([third])));
    expect(message).to.contain(
      "does not fit the cache's limit: 400.0 KB are needed and 200.0 KB can be had; these stay: ",
    );
    expect(message).to.contain("Pinned (").and.to.contain("Linked (").and.to.contain("Raise the limit, or remove");
    expect(third.server.asked).to.have.length(0);
    expect([isHeld(pinned.bytes), isHeld(linked.bytes)]).to.deep.equal([true, true]);
    rmSync(join(base, "own"), { recursive: true });
    await fetchFrom(store, manifestOf([third]));
    expect([isHeld(pinned.bytes), isHeld(linked.bytes)]).to.deep.equal([true, false]);
  });

  it("refuses a model larger than the limit, or than what the disk has free, before anything is asked or removed", async () => {
    const old = await served("model.gguf", contentOf(2 * size, 1));
    const file = await served("model.gguf", contentOf(3 * size, 2));
    await fetchFrom(makeStore(), manifestOf([old]));
    expect(await refusal(fetchFrom(makeStore({ limitBytes: 3 * size - 1 }), manifestOf([file])))).to.contain("limit");
    const reserve = 256 * 1024 * 1024;
    const full = makeStore({ freeBytes: async () => reserve + size - 1 });
    const message = await refusal(fetchFrom(full, manifestOf([file])));
    expect(message).to.contain("does not fit the disk: 300.0 KB are needed and 300.0 KB can be had"); // one byte less
    expect([isHeld(old.bytes), file.server.asked.length]).to.deep.equal([true, 0]);
    await fetchFrom(makeStore({ freeBytes: async () => reserve + size }), manifestOf([file]));
    expect([isHeld(old.bytes), isHeld(file.bytes)]).to.deep.equal([false, true]);
  });

  it("puts nothing over other files in a folder of the operator's", async () => {
    const file = await served("model.gguf", contentOf(5_000));
    const own = join(base, "own");
    mkdirSync(own);
    writeFileSync(join(own, "model.gguf"), "mine");
    expect(await refusal(fetchFrom(makeStore(), manifestOf([file]), { to: own }))).to.contain("name a new folder");
    expect(readFileSync(join(own, "model.gguf"), "utf8")).to.equal("mine");
    rmSync(join(own, "model.gguf"));
    for (let i = 0; i < 2; i++) await fetchFrom(makeStore(), manifestOf([file]), { to: own });
    expect(sha256Of(readFileSync(join(own, "model.gguf")))).to.equal(sha256Of(file.bytes));
  });

  it("removes a model and what is its alone, unless a download runs", async () => {
    const [one, two] = [await served("one", contentOf(5_000, 1)), await served("two", contentOf(5_000, 2))];
    const store = makeStore();
    const first = await fetchFrom(store, manifestOf([one, two]), { pin: true });
    await fetchFrom(store, manifestOf([two]));
    const lock = tryLock(join(directory, "lock"));
    expect(await refusal(store.remove(first.digest))).to.contain("a download into this cache runs");
    lock?.release();
    expect(await store.remove(first.digest)).to.equal(true);
    expect(await store.remove(first.digest)).to.equal(false);
    expect([isHeld(one.bytes), isHeld(two.bytes), existsSync(first.folder)]).to.deep.equal([false, true, false]);
    expect(readdirSync(join(directory, "manifests"))).to.have.length(1);
  });

  it("keeps what came of a model whose fetch failed, and goes on with it", async () => {
    const good = await served("a.bin", contentOf(50_000, 1));
    const content = contentOf(80_000, 2);
    const flaky = await serve(
      (request, response, i) =>
      i < 3 ? answerWith(content, request, response, { breakAfter: i === 0 ? 30_000 : 0 }) : answerWith(content, request, response), // prettier-ignore
    );
    const manifest = manifestOf([good, { path: "b.bin", bytes: content, uris: [flaky.url] }]);
    const store = makeStore({ pace: { everyMs: 2_000, leastBytes: 40_000 } });
    expect(await refusal(fetchFrom(store, manifest))).to.contain("b.bin could not be had");
    const { folder } = await fetchFrom(store, manifest);
    expect(sha256Of(readFileSync(join(folder, "b.bin")))).to.equal(sha256Of(content));
    expect([good.server.asked.length, flaky.asked.at(-1)?.range]).to.deep.equal([1, "bytes=30000-"]);
  });

  const launch = (manifestPath: string) => {
    const started = spawn(process.execPath, [child, directory, manifestPath], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    started.stdout.on("data", (text: Buffer) => (out += text.toString()));
    started.stderr.on("data", (text: Buffer) => (err += text.toString()));
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      started.on("close", (code) => resolve({ code, out, err })),
    );
    return { kill: () => started.kill("SIGKILL"), ended };
  };
  const written = (manifest: unknown): string => {
    const path = join(base, "manifest.json");
    writeFileSync(path, bytesOf(manifest));
    return path;
  };

  it("survives kill -9 in the middle of a download: the next process takes the lock at once and goes on", async () => {
    const content = contentOf(3 * size);
    let arrived: () => void = () => {};
    const isHalf = new Promise<void>((resolve) => (arrived = resolve));
    const server = await serve((request, response, i) => {
      if (i > 0) return answerWith(content, request, response);
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, size), () => arrived());
    });
    const manifest = manifestOf([{ path: "model.gguf", bytes: content, uris: [server.url] }]);
    const path = written(manifest);
    const first = launch(path);
    await isHalf;
    const part = join(directory, "parts", sha256Of(content));
    while (!existsSync(part) || statSync(part).size < size) await systemClock.sleep(20);
    expect(tryLock(join(directory, "lock"))).to.equal(undefined);
    first.kill();
    await first.ended;
    expect(isHeld(content)).to.equal(false);
    const { code, out, err } = await launch(path).ended;
    expect(code, err).to.equal(0);
    expect(sha256Of(readFileSync(join(out.trim().split("\n").at(-1) ?? "", "model.gguf")))).to.equal(sha256Of(content));
    expect(server.asked.map(({ range }) => range)).to.deep.equal([undefined, `bytes=${size}-`]);
  });

  it("lets two processes, and two calls in one, fetch the same model at once: each file comes once", async () => {
    const content = contentOf(2 * size);
    const server = await serve(
      (request, response) => void setTimeout(() => answerWith(content, request, response), 300),
    );
    const manifest = manifestOf([{ path: "model.gguf", bytes: content, uris: [server.url] }]);
    const path = written(manifest);
    const waits: string[] = [];
    const onProgress: FetchModelOptions["onProgress"] = ({ phase }) => void (phase === "waiting" && waits.push(phase));
    const calls = [makeStore(), makeStore()].map((store) => fetchFrom(store, manifest, { onProgress }));
    const ended = await Promise.all([launch(path).ended, launch(path).ended, ...calls]);
    for (const one of ended) if ("code" in one) expect(one.code, one.err).to.equal(0);
    expect(server.asked).to.have.length(1);
    expect(waits.length).to.be.greaterThan(0);
    const folder = join(directory, "models", sha256Of(bytesOf(manifest)));
    expect(sha256Of(readFileSync(join(folder, "model.gguf")))).to.equal(sha256Of(content));
    expect(readdirSync(join(directory, "parts"))).to.deep.equal([]);
  });

  it("takes damaged manifests in the cache for nobody's, whose files go first", async () => {
    const [lost, kept, next] = await Promise.all([1, 2, 3].map((seed) => served("model.gguf", contentOf(4 * size, seed)))); // prettier-ignore
    if (lost === undefined || kept === undefined || next === undefined) throw new Error("three files");
    const store = makeStore();
    const { digest } = await fetchFrom(store, manifestOf([lost]));
    await fetchFrom(store, manifestOf([kept]));
    writeFileSync(join(directory, "manifests", `${digest}.json`), "{");
    utimesSync(join(directory, "manifests", `${digest}.json`), 2e9, 2e9); // the newest
    await fetchFrom(store, manifestOf([next]));
    expect([lost, kept, next].map(({ bytes }) => isHeld(bytes))).to.deep.equal([false, true, true]);
    expect(readdirSync(join(directory, "models"))).to.have.length(2);
  });

  it("takes the links that a killed process left for nobody's", async () => {
    const [one, two] = [await served("a", contentOf(6 * size, 1)), await served("a", contentOf(6 * size, 2))];
    const store = makeStore();
    const { folder } = await fetchFrom(store, manifestOf([one]));
    mkdirSync(`${folder}.0d9f`);
    linkSync(blob(one.bytes), join(`${folder}.0d9f`, "a"));
    await fetchFrom(store, manifestOf([two]));
    expect([isHeld(one.bytes), readdirSync(join(directory, "models")).length]).to.deep.equal([false, 1]);
  });
});
