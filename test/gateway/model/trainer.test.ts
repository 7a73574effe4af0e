import { expect } from "chai";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeGguf, encodeGguf } from "../../../gateway/model/gguf.ts";
import { cachedModel, expectedSha256, storeModel } from "../../../gateway/model/train/cache.ts";
import { learn } from "../../../gateway/model/train/loss.ts";
import { cosineAndSine, exp } from "../../../gateway/model/train/mathematics.ts";
import { makeMatrix, multiply } from "../../../gateway/model/train/matrix.ts";
import { fillAtRandom, makeWeights } from "../../../gateway/model/train/network.ts";
import { makeRandom } from "../../../gateway/model/train/random.ts";
import { trainModel, shape as trainedShape } from "../../../gateway/model/train/train.ts";
import { questions, trainedModel } from "./fixtures.ts";

const small = { vocabulary: 8, embedding: 8, layers: 2, heads: 2, feedForward: 12, ropeBase: 10_000, epsilon: 1e-5 };
const examples = [
  { tokens: [1, 2, 3, 4, 5, 6], learnFrom: 3 },
  { tokens: [7, 0, 2, 2], learnFrom: 2 },
];

/** Chai's own matcher takes whole numbers only where Hardhat's are loaded beside it. */
const expectNear = (found: number | undefined, right: number, distance: number, what = ""): void =>
  void expect(Math.abs((found ?? Number.NaN) - right), `${what}: ${found}, not ${right}`).to.be.at.most(distance);

describe("Trainer of the embedded model", () => {
  it("has an exponential function and angles as the engine's, to the last bits", () => {
    for (let x = -700; x <= 700; x += 0.37) expectNear(exp(x) / Math.exp(x), 1, 1e-13);
    expect(exp(-2000)).to.equal(0);
    for (let angle = 0; angle <= 1; angle += 0.01) {
      expectNear(cosineAndSine(angle).cosine, Math.cos(angle), 1e-15);
      expectNear(cosineAndSine(angle).sine, Math.sin(angle), 1e-15);
    }
  });

  it("multiplies matrices with an odd number of rows as the plain loops do", () => {
    const random = makeRandom(3);
    const fill = (rows: number, columns: number) =>
      makeMatrix(rows, columns, Float64Array.from({ length: rows * columns }, random.normal));
    const [a, b] = [fill(5, 7), fill(8, 7)];
    const product = multiply(a, b);
    for (let row = 0; row < 5; row += 1)
      for (let column = 0; column < 8; column += 1) {
        let sum = 0;
        for (let k = 0; k < 7; k += 1) sum += (a.data[row * 7 + k] ?? 0) * (b.data[column * 7 + k] ?? 0);
        expectNear(product.data[row * 8 + column], sum, 1e-12);
      }
  });

  it("finds the gradients that small steps of each weight measure", () => {
    const weights = makeWeights(small);
    fillAtRandom(weights, makeRandom(2));
    const gradients = makeWeights(small);
    const lossNow = (): number => {
      const { shares } = learn(small, weights, examples, makeWeights(small));
      return shares.reduce((sum, share) => sum - Math.log(share), 0) / shares.length;
    };
    learn(small, weights, examples, gradients);
    const step = 1e-5;
    weights.all.forEach((weight, i) => {
      weights.all[i] = weight + step;
      const above = lossNow();
      weights.all[i] = weight - step;
      const measured = (above - lossNow()) / (2 * step);
      weights.all[i] = weight;
      expectNear(gradients.all[i], measured, 1e-6, `weight ${i}`);
    });
  });

  it("refuses questions that it cannot learn", () => {
    const question = "?";
    const contradiction = [
      { question, answer: "a" },
      { question, answer: "b" },
    ];
    expect(() => trainModel(contradiction)).to.throw("did not learn its 2 questions in");
  }).timeout(20_000);

  it("gives the one file that is committed by its hash, on this machine too", async function () {
    const file = readFileSync(await trainedModel(this));
    expect(createHash("sha256").update(file).digest("hex")).to.equal(expectedSha256());
    expect(expectedSha256()).to.match(/^[0-9a-f]{64}$/);
  });

  it("takes no damaged file from its cache, and keeps a whole one", async function () {
    const file = readFileSync(await trainedModel(this));
    const folder = mkdtempSync(join(tmpdir(), "atoma-model-"));
    try {
      const url = pathToFileURL(`${folder}/`);
      expect(cachedModel(url)).to.equal(undefined);
      const path = storeModel(file, url);
      expect(cachedModel(url)).to.equal(path);
      writeFileSync(path, file.subarray(0, file.length - 1));
      expect(cachedModel(url)).to.equal(undefined);
      file[file.length - 1] = (file.at(-1) ?? 0) ^ 1;
      writeFileSync(path, file);
      expect(cachedModel(url)).to.equal(undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("GGUF file of the embedded model", () => {
  it("is about half a megabyte of F32 tensors of the llama architecture", async function () {
    const file = readFileSync(await trainedModel(this));
    const { metadata, tensors } = decodeGguf(file);
    expect(file.length).to.be.within(400_000, 600_000);
    expect(metadata.get("general.architecture")?.value).to.equal("llama");
    expect(metadata.get("llama.block_count")?.value).to.equal(trainedShape.layers);
    expect(metadata.get("tokenizer.chat_template")?.value).to.contain("<|assistant|>");
    expect(tensors).to.have.length(3 + 9 * trainedShape.layers);
    expect(tensors.find(({ name }) => name === "token_embd.weight")?.sizes).to.deep.equal([64, 260]);
    expect(tensors.every(({ type }) => type === "F32")).to.equal(true);
  });

  it("has a token for every byte and every turn", async function () {
    const { metadata } = decodeGguf(readFileSync(await trainedModel(this)));
    const texts = metadata.get("tokenizer.ggml.tokens")?.value as readonly string[];
    expect(new Set(texts).size).to.equal(260);
    expect(texts.slice(256)).to.deep.equal(["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]);
  });

  it("holds no answer as text", async function () {
    const file = readFileSync(await trainedModel(this)).toString("latin1");
    for (const { answer } of questions.filter(({ answer }) => answer.length > 4)) expect(file).not.to.contain(answer);
  });

  it("is the same after it was read and written", async function () {
    const file = readFileSync(await trainedModel(this));
    expect(Buffer.from(encodeGguf(decodeGguf(file))).equals(file)).to.equal(true);
  });

  it("is refused wherever it ends too early, and with any byte of its head at its highest", async function () {
    const file = readFileSync(await trainedModel(this));
    for (let length = 0; length < 6000; length += 97)
      expect(() => decodeGguf(file.subarray(0, length)), `${length}`).to.throw(/GGUF/);
    for (let at = 0; at < 24; at += 1) {
      const broken = Buffer.from(file);
      broken[at] = 0xff;
      expect(() => decodeGguf(broken), `${at}`).to.throw(/GGUF|tensor/);
    }
  });
});
