import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadSettings } from "../../keepers/config.ts";
import { ExecutionStatus } from "../../keepers/executors/executor.ts";
import { inputBounds, readInput } from "../../keepers/executors/openai/input.ts";
import { parseManifest } from "../../keepers/models/manifest.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/serve-a-model.md";
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("The guide to serving a model", () => {
  const manifestText = (blocksOf(page, "json")[0] ?? "")
    .replaceAll("…64 hex digits…", "ab".repeat(32))
    .replace("…", "cid");
  const manifest = parseManifest(utf8(manifestText));

  it("has settings that are accepted", () => {
    const folder = mkdtempSync(join(tmpdir(), "guide-"));
    try {
      const file = join(folder, "keeper.yaml");
      writeFileSync(file, (blocksOf(page, "yaml")[0] ?? "").replaceAll(/^ {3}/gm, ""));
      const { models, executor } = loadSettings(file, { env: {} });
      expect(executor.wasm).to.equal(false);
      expect(models[0]?.backends.map(({ url, concurrency }) => [url, concurrency])).to.deep.equal([
        ["http://10.0.0.5:8000", 16],
        ["http://10.0.0.6:8000", 16],
      ]);
      expect(models[0]?.checkEveryS).to.equal(60); // as the page says
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("has a manifest that is accepted, and explains its fields", () => {
    expect(manifest).to.include({ kind: "chat", name: "Llama 3.1 8B" });
    const text = textOf(page);
    for (const field of [...Object.keys(manifest.generation), "dimensions", "check", "runtime.tokenIds"])
      expect(text, field).to.match(new RegExp(`^\\| .*\\b${field}\``, "m"));
  });

  it("states the bounds of inputs that hold", () => {
    const { messages, stopLength, side, bytes } = inputBounds;
    const text = textOf(page);
    expect(text).to.include(`1 to ${messages} of`).and.to.include(`texts of 1 to ${stopLength} characters`);
    expect(text).to.include(`each side ${side.least} to ${side.most}, ${side.usual}x${side.usual} where absent`);
    expect([bytes, text.includes("1 MiB where absent")]).to.deep.equal([1_048_576, true]);
    expect(readInput(utf8("x".repeat(7_001)), manifest)).to.equal(undefined); // maxInputBytes of the example
  });

  it("names statuses by their numbers", () => {
    const named = [...textOf(page).matchAll(/^\| (\d) `(\w+)` \|/gm)].map(([, number, name = ""]) => [
      name,
      Number(number),
    ]);
    expect(named.length).to.equal(6);
    for (const [name, number] of named) expect(ExecutionStatus[name as keyof typeof ExecutionStatus]).to.equal(number);
  });
});
