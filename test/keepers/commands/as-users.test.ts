import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { mapLimit } from "../../../keepers/runtime/concurrency.ts";
import { ask } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { makeShell, type Shell } from "./shell.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("atoma as users run it", function () {
  this.timeout(120_000);
  let scene: Scene;
  let shell: Shell;

  before(async () => {
    scene = await openScene();
    shell = makeShell(scene);
  });
  after(async () => {
    shell.close();
    await scene.close();
  });

  it("runs a command of each group through npm, with its exit status", async () => {
    const runs = [
      [["node", "list", "--limit", "1"], 0, /^node +owner[^]*\n1 +0x[^]*\n11 more: --after 1\n$/],
      [["task", "list", "--json"], 0, /^\{"count":"1","tasks":\[/],
      [["stake", "status", "1"], 0, /^Node 1: 9000 ATOMA free\n/],
      [["request", "1", "--units", "100", "--input", "x", "--dry-run"], 0, /Dry run: nothing was sent\.\n$/],
      [["watch", "--once"], 0, /^$/],
      [["dispute", "list"], 0, /^No dispute was opened/],
      [["doctor", "--max-head-age", "0"], 0, /^ok +chain/],
      [["request", "1", "--units", "100", "--input", "x"], 2, /^$/],
    ] as const;
    const ended = await mapLimit(runs, 2, ([args]) => shell.npm(args));
    runs.forEach(([args, status, shape], i) => {
      expect(ended[i]?.status, `${args.join(" ")}: ${ended[i]?.err}`).to.equal(status);
      expect(ended[i]?.out, args.join(" ")).to.match(shape);
    });
    expect(ended.at(-1)?.err).to.contain("Add --yes to send without being asked");
  });

  it("completes in a real bash", async () => {
    const { out } = await shell.atoma(["completion", "bash"]);
    const script = `${out}\nCOMP_WORDS=(atoma node s); COMP_CWORD=2; _atoma; echo "\${COMPREPLY[@]}"`;
    const said = await new Promise((resolve) =>
      execFile("bash", ["-c", script], (error, text) => resolve(error === null ? text : error.message)),
    );
    expect(said).to.equal("status subscribe set-endpoint\n");
  });

  it("ends a wait cleanly at Ctrl-C, and says how to resume", async () => {
    const { requestId } = await ask(scene.market);
    const deployment = `${shell.folder}/deployment.json`;
    const command = [
      "scripts/task.mjs",
      "atoma",
      "watch",
      requestId,
      "--rpc",
      scene.bridge.url,
      "--deployment",
      deployment,
    ];
    const child = spawn(process.execPath, command, { cwd: root, detached: true });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => void (err += chunk.toString()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    process.kill(-(child.pid ?? 0), "SIGINT"); // to the whole group, as a terminal does
    const status = await new Promise((resolve) => child.once("exit", resolve));
    expect([status, err]).to.deep.equal([
      2,
      `Request ${requestId} has not ended; it goes on by itself. To resume: atoma watch ${requestId}\n`,
    ]);
  });

  it("ends quietly where its reader leaves, and finds files from where the user is", async () => {
    const env = { ...process.env, ATOMA_RPC: scene.bridge.url, INIT_CWD: shell.folder, ATOMA_DEPLOYMENT: "" };
    const run = (line: string) =>
      new Promise<string>((resolve) => {
        const all = ["-c", `${process.execPath} scripts/task.mjs atoma ${line}`];
        execFile("bash", all, { cwd: root, env, timeout: 30_000 }, (_, out, err) => resolve(`${out}|${err}`));
      });
    const place = "--deployment deployment.json"; // in INIT_CWD
    const [found, left, deaf] = await Promise.all([
      run(`task list --json ${place}`),
      run(`watch --once ${place} | true; echo \${PIPESTATUS[0]}`),
      run(`nonsense 2>&1 >/dev/null | true; echo \${PIPESTATUS[0]}`),
    ]);
    expect(found).to.match(/^\{"count":"1"[^]*\|$/);
    expect([left, deaf]).to.deep.equal(["2\n|", "2\n|"]);
  });
});
