import { expect } from "chai";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../deploy/run/lock.ts";
import { freshFolder } from "./fixture.ts";

describe("The lock of a deployment", () => {
  it("is refused while another process holds it, by its id", async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "lock"), String(process.ppid));
    const error = await withLock(folder, () => Promise.resolve()).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.include(`process ${process.ppid} holds`);
  });

  it("that a dead process left is taken over, and given up at the end, errors included", async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, "lock"), "999999999");
    const error = await withLock(folder, () => Promise.reject(new Error("work"))).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.equal("work");
    expect(existsSync(join(folder, "lock"))).to.equal(false);
  });
});
