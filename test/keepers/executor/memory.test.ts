import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";

const childPath = fileURLToPath(new URL("./memory-child.ts", import.meta.url));
const mebibyte = 1024 * 1024;

describe("the memory of a node", function () {
  this.timeout(120_000);

  it("does not grow with the outputs of a bundle, nor with the number of its inputs", async () => {
    // the outputs as hex are 80 MiB of heap, and 35 times that where they are made by concatenation
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--no-warnings",
      "--max-old-space-size=64",
      childPath,
    ]);
    const whole = 40 * mebibyte;
    expect(JSON.parse(stdout)).to.deep.equal({ attested: 1, outputBytes: whole, shownBytes: whole });
  });
});
