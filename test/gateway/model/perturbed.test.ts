import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeGguf } from "../../../gateway/model/gguf.ts";
import { writePerturbed, writeQuantised } from "../../../gateway/model/perturb.ts";
import { startModelServer } from "../../../gateway/model/start.ts";
import { ask, describeWithModel, questions, strangeQuestion, trainedModel, useServer } from "./fixtures.ts";

const learned = questions.map(({ question }) => question);
const strange = [strangeQuestion, "How old is the universe?", "Name a river in Peru.", "Sing!", "Why?", "pay or hold?"];
const asked = [...learned, ...strange];

describeWithModel("Models that are not what they claim to be", () => {
  const server = useServer();
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "atoma-perturbed-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Serves the file under the honest model's name; returns which questions it answers in other tokens. */
  async function differencesOf(modelFile: string): Promise<string[]> {
    const other = await startModelServer({ modelFile });
    try {
      expect(other.fingerprint).not.to.equal(server().fingerprint);
      const different: string[] = [];
      for (const question of asked) {
        const [honest, changed] = [await ask(server(), question), await ask(other, question)];
        expect(changed.prompt_token_ids).to.deep.equal(honest.prompt_token_ids);
        if (`${changed.choices[0].token_ids}` !== `${honest.choices[0].token_ids}`) different.push(question);
      }
      return different;
    } finally {
      await other.stop();
    }
  }

  it("answer in other words with noise on their weights: few with little, nearly all with much", async function () {
    const modelFile = await trainedModel(this);
    const [slight, strong] = [join(folder, "slight.gguf"), join(folder, "strong.gguf")];
    writePerturbed(modelFile, slight, { seed: 1, strength: 0.4 });
    writePerturbed(modelFile, strong, { seed: 1, strength: 1 });
    const [few, many] = [await differencesOf(slight), await differencesOf(strong)];
    expect(few.length).to.be.within(1, many.length - 1);
    expect(many.length).to.be.greaterThan(asked.length / 2);
  });

  it("answer in other words with four bits per weight, in a real file of llama.cpp's type Q4_0", async function () {
    const file = join(folder, "quantised.gguf");
    writeQuantised(await trainedModel(this), file);
    const { tensors } = decodeGguf(readFileSync(file));
    expect(tensors.filter(({ type }) => type === "Q4_0")).to.have.length(2 + 7 * 2);
    const different = await differencesOf(file);
    expect(different.filter((question) => strange.includes(question))).not.to.deep.equal([]);
    expect(different.filter((question) => learned.includes(question)).length).to.be.lessThan(learned.length / 2);
  });

  it("are the same file for the same seed, and another for another", async function () {
    const modelFile = await trainedModel(this);
    const write = (seed: number): Buffer => {
      const file = join(folder, "again.gguf");
      writePerturbed(modelFile, file, { seed, strength: 0.1 });
      return readFileSync(file);
    };
    expect(write(5).equals(write(5))).to.equal(true);
    expect(write(5).equals(write(6))).to.equal(false);
  });
});
