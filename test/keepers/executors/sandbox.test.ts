import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { ExecutionStatus } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { runChild } from "../../../keepers/executors/wasm/process.ts";
import { findSandbox, type Sandbox } from "../../../keepers/executors/wasm/sandbox.ts";
import { assemble, body, op } from "./assemble.ts";
import { codeOf } from "./conformance.ts";
import { ascii, guest, limitsOf, taskOf } from "./fixtures.ts";

/** What a hostile program would try, had it broken out of WebAssembly into the child's JavaScript. */
const intruder = (port: number): string => `
  const builtin = (name) => process.getBuiltinModule("node:" + name);
  const attempt = (act) => { try { act(); return "allowed"; } catch (error) { return error.code ?? error.name; } };
  const fs = builtin("fs");
  const findings = {
    read: attempt(() => fs.readFileSync("/etc/hostname")),
    list: attempt(() => fs.readdirSync("/")),
    write: attempt(() => fs.writeFileSync("/atoma-intruder", "x")),
    spawn: attempt(() => builtin("child_process").spawnSync("/bin/true")),
    worker: attempt(() => new (builtin("worker_threads").Worker)("0", { eval: true })),
    wasi: attempt(() => new (builtin("wasi").WASI)({ version: "preview1", preopens: { "/": "/" } })),
    evaluate: attempt(() => Function("return 1")()),
    inspector: attempt(() => builtin("inspector").open(0)),
    environment: Object.keys(process.env),
    folder: attempt(() => process.cwd()) === "allowed" ? process.cwd() : "/",
  };
  const socket = builtin("net").connect(${port}, "127.0.0.1");
  const report = (network) => {
    const text = Buffer.from(JSON.stringify({ ...findings, network }));
    const header = Buffer.alloc(13);
    header.writeUInt32LE(text.length, 9);
    fs.writeSync(1, Buffer.concat([header, text]));
    process.exit();
  };
  socket.on("connect", () => report("allowed")).on("error", (error) => report(error.code));
`;

function sandboxRunning(source: string): Sandbox {
  return { isolation: [], warnings: [], command: () => [process.execPath, "--eval", source] };
}

const endless = assemble({ functions: [[0, body([], op.forever)]] });
const fold = () => [taskOf(guest("fold")), ascii("HPHPPHHPHP:5000"), limitsOf()] as const;

describe("The WASM sandbox", () => {
  it("gives a program that broke out no files, processes, workers, environment or network", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const sandbox = findSandbox();
    const [program, ...args] = sandbox.command(2 ** 20, 60);
    const command = [program, ...args.slice(0, -1), intruder(port)] as const;
    const { output } = await runChild({ command, frames: [], timeoutMs: 10_000, maxReplyBytes: 10_000 });
    server.close();
    const { environment, folder, network, evaluate, ...denied } = JSON.parse(
      new TextDecoder().decode(output),
    ) as Record<string, string>;
    for (const [what, finding] of Object.entries(denied)) expect(finding, what).to.equal("ERR_ACCESS_DENIED");
    expect(evaluate).to.equal("EvalError");
    expect([environment, folder]).to.deep.equal([[], "/"]);
    if (sandbox.isolation.includes("no-network")) expect(network).to.not.equal("allowed");
    else {
      console.log(`      network not checked: ${sandbox.warnings.join(" ")}`);
      expect(sandbox.warnings.length).to.be.greaterThan(0);
    }
  });

  it("survives children that crash, lie, flood or never start, and rejects with a named error", async () => {
    const broken: Readonly<Record<string, string>> = {
      "exits at once": "process.exit(1)",
      "is killed from outside": "process.kill(process.pid, 'SIGKILL')",
      aborts: "process.abort()",
      "replies nonsense": "process.stdout.write('nonsense, and more than thirteen bytes of it')",
      "replies with an unknown status": "process.stdout.write(Buffer.from([77,0,0,0,0,0,0,0,0,0,0,0,0]))",
      "replies with more fuel than it had":
        "process.stdout.write(Buffer.from([0,255,255,255,255,255,255,255,127,0,0,0,0]))",
      "replies half": "process.stdout.write(Buffer.from([0,0,0,0,0,0,0,0,0,9,0,0,0,1]))",
      "floods its output": "const b = Buffer.alloc(1 << 20); setInterval(() => process.stdout.write(b), 0)",
      "floods its diagnostics": "process.stderr.write(Buffer.alloc(1 << 22)); process.exitCode = 3",
    };
    for (const [name, source] of Object.entries(broken)) {
      const executor = makeWasmExecutor({ sandbox: sandboxRunning(source) });
      expect(await codeOf(executor.execute(...fold())), name).to.equal("SandboxFailed");
    }
    const missing: Sandbox = { isolation: [], warnings: [], command: () => ["/no/such/program"] };
    expect(await codeOf(makeWasmExecutor({ sandbox: missing }).execute(...fold()))).to.equal("SandboxMissing");
  });

  it("rejects when the child is killed from outside in the middle, and works again right after", async function () {
    if (!existsSync(childrenFile)) this.skip(); // only Linux tells which processes are whose
    const executor = makeWasmExecutor();
    await executor.capabilities();
    const before = new Set(childrenOfThisProcess());
    const running = codeOf(executor.execute(taskOf(endless), new Uint8Array(), limitsOf({ fuel: 2n ** 62n })));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const children = childrenOfThisProcess().filter((pid) => !before.has(pid));
    expect(children.length).to.equal(1);
    for (const pid of children) process.kill(pid, "SIGKILL");
    expect(await running).to.equal("SandboxFailed");
    expect((await executor.execute(...fold())).status).to.equal(ExecutionStatus.Success);
  });

  it("leaves no process behind after time-outs and abortions", async function () {
    if (!existsSync(childrenFile)) this.skip();
    const executor = makeWasmExecutor();
    await executor.capabilities();
    const before = childrenOfThisProcess().length;
    const limits = limitsOf({ fuel: 2n ** 62n, timeoutMs: 100 });
    const attempts = Array.from({ length: 4 }, () =>
      codeOf(executor.execute(taskOf(endless), new Uint8Array(), limits)),
    );
    expect(await Promise.all(attempts)).to.deep.equal(Array(4).fill("Timeout"));
    expect(childrenOfThisProcess().length).to.equal(before);
  });

  it("says how guests are confined, with a warning for what this machine does not allow", () => {
    const { isolation, warnings } = findSandbox();
    expect(isolation).to.include.members(["process", "no-files"]);
    expect(warnings.length).to.equal(4 - isolation.length);
  });
});

const childrenFile = `/proc/${process.pid}/task/${process.pid}/children`;

/** Process ids of this process's children, from the kernel. */
function childrenOfThisProcess(): number[] {
  return readFileSync(childrenFile, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
