import { expect } from "chai";
import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { numberToHex, parseEther, parseGwei } from "viem";
import { localDeployerKey } from "../../deploy/local/interrupt.ts";
import { readRecord } from "../../deploy/run/record.ts";
import type { Io } from "../../keepers/cli/io.ts";
import { readCliEnvironment } from "../../keepers/config.ts";
import { readDeployment } from "../../keepers/deployment.ts";
import { runProgram } from "../../keepers/program.ts";
import { parseDeployment } from "../../sdk/client/deployment.ts";
import { callsIn, parseProposal, proposerIn } from "../../sdk/governance/proposal.ts";
import { deployCommand } from "../../scripts/deploy/command.ts";
import { verifyCommand } from "../../scripts/deploy/verify-command.ts";
import { startRpcServer } from "../../scripts/demo/rpc-server.ts";
import { deployer, freshChain, freshFolder } from "./fixture.ts";

const transactions = 28;
type Command = (args: readonly string[], say: (line: string) => void) => Promise<unknown>;
type Ended = { readonly out: string; readonly error: string; readonly answer: unknown };

/** Runs a command in this process, with the key in the environment or none. */
async function run(command: Command, args: readonly string[], key?: string): Promise<Ended> {
  const saved = process.env["ATOMA_PRIVATE_KEY"];
  if (key === undefined) delete process.env["ATOMA_PRIVATE_KEY"];
  else process.env["ATOMA_PRIVATE_KEY"] = key;
  const lines: string[] = [];
  try {
    const answer = await command(args, (line) => void lines.push(line));
    return { out: lines.join("\n"), error: "", answer };
  } catch (error) {
    return { out: lines.join("\n"), error: (error as Error).message, answer: undefined };
  } finally {
    if (saved === undefined) delete process.env["ATOMA_PRIVATE_KEY"];
    else process.env["ATOMA_PRIVATE_KEY"] = saved;
  }
}

/** Runs the program and kills it, with -9, as soon as it said this. Returns whether it lived to be killed. */
function killAt(args: readonly string[], words: string): Promise<boolean> {
  const env = { ...process.env, ATOMA_PRIVATE_KEY: localDeployerKey };
  const child = spawn(process.execPath, ["scripts/deploy.ts", ...args], { env });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    if (out.includes(words)) child.kill("SIGKILL");
  });
  return new Promise((resolve) =>
    child.on("close", (status) => {
      resolve(status === null);
    }),
  );
}

/** Runs `atoma` in this process. Throws with what it says where it fails. */
async function atoma(args: readonly string[], rpcUrl: string): Promise<void> {
  const said: string[] = [];
  let status = 0;
  const io: Io = {
    out: (line) => void said.push(line),
    err: (line) => void said.push(line),
    exit: (code) => void (status = code),
    environment: () => readCliEnvironment({ ATOMA_RPC: rpcUrl }),
    onInterrupt: () => () => undefined,
  };
  await runProgram(args, io);
  if (status !== 0) throw new Error(said.join("\n"));
}

/** Arguments of the line that begins with `atoma`, as a shell takes them apart. */
function atomaLineIn(out: string): readonly string[] {
  const [, line = ""] = /^ +atoma (.+)$/m.exec(out) ?? [];
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

describe("The command deploy", () => {
  const deployments = freshFolder();
  const key = localDeployerKey;
  let world: Awaited<ReturnType<typeof freshChain>>;
  let server: Awaited<ReturnType<typeof startRpcServer>>;
  let args: readonly string[];
  const nonce = () => world.chain.getTransactionCount({ address: deployer });
  const record = (label: string) => join(deployments, label, "record.json");

  before(async () => {
    world = await freshChain();
    await world.provider.request({ method: "hardhat_mine", params: ["0x12c"] }); // more than a copy of a chain leaves out
    server = await startRpcServer(world.provider as Parameters<typeof startRpcServer>[0]);
    args = ["--network", "local", "--rpc-url", server.url, "--deployments", deployments];
  });
  after(async () => {
    await server.close();
    await world.connection.close();
  });

  it("rehearses: prints every transaction, the cost and who holds what, and sends nothing", async () => {
    const { out, error } = await run(deployCommand, [...args, "--from", deployer]);
    expect(error).to.equal("");
    expect(out.match(/^ *\d+\. nonce \d+, /gm)).to.have.length(transactions);
    expect(out).to.match(/new RequestEscrow\(c: \{ token: 0x\w{40} \(LocalUsd\), treasury: 0x\w{40} \(Treasury\)/);
    expect(out).to.include("pauseRequests(uint256)").and.include("PROPOSER");
    expect(out).to.match(/Total: 28 transactions, [\d,]+ gas, 0\.\d+ ether at/);
    expect(out).to.include("admin (sets parameters and roles)").and.include("(the timelock)");
    expect(out).to.include("deployer keeps: nothing").and.include("Nothing was sent.");
    expect(await nonce()).to.equal(0);
    expect(existsSync(record("local"))).to.equal(false);
  });

  it("signs no fee far above the one that was shown, whatever the node asks once it is trusted, and goes on later", async () => {
    const other = await freshChain();
    let [sent, isLying] = [0, true];
    const request = async (call: { readonly method: string; readonly params?: unknown[] }): Promise<unknown> => {
      if (call.method === "eth_sendRawTransaction") sent += 1;
      const isAsked = call.method === "eth_maxPriorityFeePerGas" && sent > 0 && isLying;
      return isAsked ? numberToHex(parseGwei("20000")) : other.provider.request(call);
    };
    const node = await startRpcServer({ request } as Parameters<typeof startRpcServer>[0]);
    const own = ["--network", "local", "--rpc-url", node.url, "--deployments", freshFolder(), "--send", "--yes"];
    const held = () => other.chain.getBalance({ address: deployer });
    try {
      const before = await held();
      const { error } = await run(deployCommand, own, key);
      expect(error).to.include("Fees rose since they were shown").and.include("asks up to 2000");
      expect(before - (await held()) < parseEther("0.01")).to.equal(true);
      isLying = false;
      expect(await run(deployCommand, own, key)).to.include({ error: "" });
    } finally {
      await node.close();
      await other.connection.close();
    }
  });

  it("refuses to send without a key, without a yes, to another chain and at a dear fee, each with what to do", async () => {
    const noKey = await run(deployCommand, [...args, "--from", deployer, "--send"]);
    const noYes = await run(deployCommand, [...args, "--send"], key);
    const nobody = await run(deployCommand, args);
    const unfilled = await run(deployCommand, ["--network", "l2", "--rpc-url", server.url], key);
    const dear = await run(deployCommand, [...args, "--send", "--yes", "--max-fee", "0.01"], key);
    expect(await run(deployCommand, [...args, "--from", deployer, "--max-fee", "0.01"])).to.include({ error: "" });
    const noFee = await run(deployCommand, [...args, "--send", "--yes", "--max-fee", "1e3"], key);
    expect(dear.error).to.match(
      /Nothing was sent: the RPC says that a unit of gas costs up to \S+ gwei, and 0.01 is the most here/,
    );
    for (const command of [deployCommand, verifyCommand])
      expect((await run(command, [...args, "--bogus"])).error).to.include("Unknown option '--bogus'. See --help.");
    expect(noFee.error).to.include("--max-fee 1e3: It must be gwei");
    expect(noKey.error).to.include("name the key that sends");
    expect(noYes.error).to.include("add --yes if all of the above is right");
    expect(nobody.error).to.include("--from ADDRESS for a rehearsal");
    expect(unfilled.error).to.include("guardian is not filled in: it must be the guardian's address");
    expect(noYes.out + noYes.error).not.to.include(key.slice(2));
    expect(await nonce()).to.equal(0);
  });

  it("says in one line what is wrong with the key that is named, without the key", async () => {
    const env = { ...process.env, ATOMA_KEYSTORE: "/nowhere/key.json", ATOMA_PRIVATE_KEY: key };
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/deploy.ts", ...args], {
      env,
      encoding: "utf8",
    });
    expect(stderr).to.match(/^ATOMA_KEYSTORE and ATOMA_PRIVATE_KEY are both set: .* --keystore FILE\.\n$/);
    expect([status, stdout]).to.deep.equal([1, ""]);
    const { error } = await run(deployCommand, [...args, "--keystore", "/nowhere/key.json"], key);
    expect(error).to.equal("--password-file is missing: a file with the keystore's password.");
  });

  it("goes on after kill -9 at two random transactions, and proves what it made", async () => {
    const kills = [randomInt(1, 14), randomInt(1, 10)];
    for (const kill of kills) expect(await killAt([...args, "--send", "--yes"], `Sent ${kill} of`)).to.equal(true);
    const rest = await run(deployCommand, [...args, "--from", deployer]);
    expect(rest.out, "what was deployed before has its name").not.to.include("?");
    expect(rest.out).to.match(/^ *1\. nonce [1-9]/m);
    const { error, out } = await run(deployCommand, [...args, "--send", "--yes"], key);
    expect(out).to.include(`deploy:verify -- --network "local" --rpc-url URL --deployments "${deployments}"`);
    expect(error, `killed at ${kills.join(", ")}`).to.equal("");
    expect(await nonce(), "nothing is sent twice").to.equal(transactions);
    const proved = await run(verifyCommand, args);
    expect(proved.answer, proved.out).to.equal(true);
    expect(proved.out).to.match(/\n77 proved, 0 failed$/);
  });

  it("names the folder of a deployment that was begun under other terms", async () => {
    const folder = join(freshFolder(), "local");
    mkdirSync(folder);
    writeFileSync(join(folder, "terms.json"), JSON.stringify({ instance: "other" }));
    const { error } = await run(deployCommand, [...args, "--from", deployer, "--deployments", dirname(folder)]);
    expect(error).to.include(`was begun in ${folder} under other terms`).and.include('instance was "other"');
  });

  it("does not go on with a deployment on a chain that has nothing of it", async () => {
    const folder = join(freshFolder(), "local");
    mkdirSync(folder);
    copyFileSync(join(deployments, "local", "sent.jsonl"), join(folder, "sent.jsonl"));
    const there = [...args, "--from", deployer, "--deployments", dirname(folder)];
    expect(await run(deployCommand, there)).to.include({ error: "" });
    const other = await freshChain();
    const node = await startRpcServer(other.provider as Parameters<typeof startRpcServer>[0]);
    const { error } = await run(deployCommand, [...there, "--rpc-url", node.url]);
    await node.close();
    await other.connection.close();
    expect(error).to.include(`begun in ${folder} is not on this chain`).and.include("delete the folder");
  });

  it("writes a record that the client library and the keepers read", async () => {
    const { escrow, startBlock, chainId } = readDeployment(record("local"));
    const parsed = parseDeployment(JSON.parse(readFileSync(record("local"), "utf8")));
    expect(parsed).to.include({ escrow, chainId: BigInt(chainId), deployedAtBlock: startBlock });
    expect(await world.chain.getCode({ address: escrow })).not.to.equal(undefined);
  });

  it("does nothing where the record says that all is done", async () => {
    const { out } = await run(deployCommand, [...args, "--send", "--yes"], key);
    expect(out).to.include("says that this is deployed");
  });

  it("puts another instance beside the first, whose roles come by the command that it prints", async () => {
    const second = [...args, "--instance", "v2"];
    const { out, error } = await run(deployCommand, [...second, "--send", "--yes"], key);
    expect(error).to.equal("");
    const before = await run(verifyCommand, second);
    expect(before.answer).to.equal(false);
    expect(before.out).to.include("pauseRequests needs role 0 and not 2");
    const { timelock, escrow, governor } = readRecord(record("local-v2"));
    const file = join(freshFolder(), "roles.json");
    const named = atomaLineIn(out).filter((word) => word !== "--send"); // nobody has delegated votes here
    expect(named)
      .to.include(record("local-v2"))
      .and.have.length(atomaLineIn(out).length - 1);
    await atoma([...named, "--proposer", governor, "--output", file], server.url);
    const proposal = parseProposal(JSON.parse(readFileSync(file, "utf8")));
    expect(proposal.description).to.include("Roles of instance v2").and.include(escrow);
    expect(proposerIn(proposal.description)).to.equal(governor);
    expect(escrow).not.to.equal(readRecord(record("local")).escrow);
    await world.provider.request({ method: "hardhat_impersonateAccount", params: [timelock] });
    await world.provider.request({ method: "hardhat_setBalance", params: [timelock, "0xde0b6b3a7640000"] });
    for (const { target, data } of callsIn(proposal))
      await world.provider.request({ method: "eth_sendTransaction", params: [{ from: timelock, to: target, data }] });
    const after = await run(verifyCommand, second);
    expect(after.answer, after.out).to.equal(true);
  });
});
