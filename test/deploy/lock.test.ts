import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { DeploymentError } from "../../deploy/parameters/network-file.ts";
import { withLock } from "../../deploy/run/lock.ts";
import { freshFolder } from "./fixture.ts";

const lockModule = new URL("../../deploy/run/lock.ts", import.meta.url).href;

/** Another process that deploys from the folder until `kill`. Returns when it has begun. */
async function holdElsewhere(folder: string) {
  const script = `import { withLock } from ${JSON.stringify(lockModule)};
    await withLock(process.argv[1], () => { console.log("held"); return new Promise(() => setInterval(() => {}, 1_000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script, folder]);
  await once(child.stdout, "data");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "close");
  };
  return { kill };
}

const deploy = (folder: string): Promise<string> => withLock(folder, () => Promise.resolve("deployed"));
const refusal = (folder: string): Promise<unknown> => deploy(folder).catch((thrown: unknown) => thrown);

describe("The lock of a deployment", () => {
  it("refuses while another process lives, says what to do, and is free at once after kill -9", async () => {
    const folder = freshFolder();
    const other = await holdElsewhere(folder);
    const error = await refusal(folder);
    await other.kill();
    expect(error).to.be.instanceOf(DeploymentError);
    expect((error as Error).message).to.match(/^Another deployment is at work:\n.*: wait for its end, or end it\.$/);
    expect(await deploy(folder)).to.equal("deployed");
  });

  it("refuses a second deployment of the same process, and is given up at the end, errors included", async () => {
    const folder = freshFolder();
    const failed = await withLock(folder, async () => {
      expect(await refusal(folder)).to.be.instanceOf(DeploymentError);
      throw new Error("work");
    }).catch((thrown: unknown) => thrown);
    expect((failed as Error).message).to.equal("work");
    expect(await deploy(folder)).to.equal("deployed");
  });
});
