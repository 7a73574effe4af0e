import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { encryptKeystoreJson } from "ethers";
import { type Hex, numberToHex, parseEther, parseGwei } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { labelledSecret } from "../../../deploy/local/world.ts";
import { ask, paramsFor } from "../../helpers/market.ts";
import { modelRuntimeDigest, parseManifest } from "../../../keepers/models/manifest.ts";
import { manifestOf } from "../executors/model-fixtures.ts";
import { openScene, type Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";
import { startProxy } from "../runtime/proxy.ts";
import { makeShell, type Shell } from "./shell.ts";

const poorKey = `0x${"42".repeat(32)}`;
const hotSecret = labelledSecret("hot key in a keystore");
const sha = `0x${"ab".repeat(32)}` as const;
const registering = ["task", "register", "--artifact-uri", "https://example.org/a", "--stake-per-node", "1"];
const asked = ["request", "1", "--units", "100", "--input", "x", "--k", "3"];

describe("What atoma refuses, and how it says so", function () {
  this.timeout(60_000);
  let scene: Scene;
  let shell: Shell;
  let restore: () => Promise<void>;

  before(async () => {
    scene = await openScene();
    shell = makeShell(scene);
  });
  after(async () => {
    shell.close();
    await scene.close();
  });
  beforeEach(async () => void (restore = await scene.snapshot()));
  afterEach(() => restore());

  const block = (): Promise<bigint> => scene.market.world.chain.getBlockNumber();
  const refused = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
    const before = await block();
    const { status, out, err } = await shell.atoma(args, { env });
    expect([status, out], err).to.deep.equal([2, ""]);
    expect(await block()).to.equal(before);
    return err;
  };

  it("signs nothing at fees that nobody agreed to, whatever the RPC says when it comes to sending", async () => {
    const proxy = await startProxy(scene.bridge.url);
    let told = 0;
    proxy.fault = ({ method }) => {
      if (method !== "eth_maxPriorityFeePerGas" || (told += 1) === 1) return undefined;
      return { kind: "result", result: numberToHex(parseGwei("50000")) };
    };
    const err = await refused([...asked, "--yes"], { ATOMA_RPC: proxy.url }).finally(() => proxy.close());
    expect(told).to.be.greaterThan(1);
    expect(err).to.match(/gas costs 5000\d\S* gwei now, and at most \S+ was agreed to/);
  });

  it("sends nothing at a first fee beyond the most that is paid, which is 500 gwei unless told", async () => {
    const proxy = await startProxy(scene.bridge.url);
    proxy.fault = ({ method }) =>
      method === "eth_maxPriorityFeePerGas" ? { kind: "result", result: numberToHex(parseGwei("700")) } : undefined;
    const env = { ATOMA_RPC: proxy.url };
    try {
      expect(await refused([...asked, "--yes"], env)).to.match(/costs up to 70\d\S* gwei, and 500 is the most here/);
      expect(await refused([...asked, "--yes", "--max-fee", "699.5"], env)).to.contain("and 699.5 is the most here");
      for (const wrong of ["0", "-1", "1e3", "0x10", "1.0000000001", "1000000000000"])
        expect(await refused([...asked, "--yes", "--max-fee", wrong], env)).to.contain("It must be gwei");
      const { status, err } = await shell.atoma([...asked, "--yes", "--max-fee", "710"], { env });
      expect(status, err).to.equal(0);
    } finally {
      await proxy.close();
    }
  });

  it("pays no more for gas than the settings of the keeper allow whose network it uses, unless told", async () => {
    const yaml = [
      "jobs: settler",
      "chain:",
      "  id: 31337",
      `  rpcUrls: ${scene.bridge.url}`,
      `  escrow: ${scene.market.instance.escrow}`,
      "  startBlock: 0",
      "  maxHeadAgeS: 0",
      "store: { path: ':memory:' }",
      `key: { keystoreFile: ${shell.folder}/none.json, passwordFile: ${shell.folder}/none }`,
      "fees: { maxFeeGwei: 0.01 }",
    ];
    const config = ["--config", shell.file("dear.yaml", yaml.join("\n"))];
    expect(await refused([...asked, ...config, "--yes"])).to.contain("and 0.01 is the most here");
    const { status, err } = await shell.atoma([...asked, ...config, "--yes", "--max-fee", "500"]);
    expect(status, err).to.equal(0);
  });

  for (const [what, filled, wanted] of [
    [
      "a gas price in place of fees",
      { type: "0x0", gasPrice: numberToHex(parseGwei("50000")) },
      /gas costs 60000 gwei/,
    ],
    ["another chain", { type: "0x2", chainId: "0x1" }, /for the chain 1, and not/],
  ] as const)
    it(`signs nothing for an RPC that fills in ${what}`, async () => {
      const proxy = await startProxy(scene.bridge.url);
      let told = 0;
      proxy.fault = ({ method }) =>
        method === "eth_fillTransaction" && (told += 1) > 0
          ? { kind: "result", result: { raw: "0x", tx: { ...filled, input: "0x", value: "0x0" } } }
          : undefined;
      const err = await refused([...asked, "--yes"], { ATOMA_RPC: proxy.url }).finally(() => proxy.close());
      expect(told, err).to.be.greaterThan(0);
      expect(err).to.match(wanted);
    });

  it("sends nothing in a dry run, and shows call, arguments, gas and amounts", async () => {
    const { requester, world } = scene.market;
    const nonce = () => world.chain.getTransactionCount({ address: requester.address as Hex });
    const before = await nonce();
    const { status, out, err } = await shell.atoma([...asked, "--dry-run", "--yes"]);
    expect(status, err).to.equal(0);
    expect(out).to.contain(`1. request of the request escrow ${scene.market.instance.escrow}`);
    expect(out)
      .to.match(/maxAsk +5\n/)
      .and.to.match(/units +100\n/)
      .and.to.match(/tip +0\.\d+ /);
    expect(out)
      .to.match(/about \d+ gas/)
      .and.to.contain("locked, the highest price")
      .and.to.contain("gas costs up to about 0.");
    expect(await nonce()).to.equal(before);
    const dry = await shell.json([...asked, "--dry-run"]);
    expect(dry).to.have.nested.property("calls[0].arguments.k", "3");
    expect(dry)
      .to.have.nested.property("calls[0].arguments.tip")
      .that.matches(/^\d{4,}$/);
    expect(dry.dryRun).to.equal(true);
    expect(await nonce()).to.equal(before);
  });

  it("asks nobody where nobody is, and takes only a yes", async () => {
    expect(await refused(asked)).to.contain("nobody is at a terminal to agree. Add --yes");
    const before = await block();
    const { err } = await shell.atoma(asked, { answer: "yeah" });
    expect(err).to.contain("Send this? [y/N]").and.to.contain("you did not agree");
    expect(await block()).to.equal(before);
  });

  it("takes a short id only if it is of one request", async () => {
    const { requestId } = await ask(scene.market);
    expect((await shell.atoma(["watch", requestId.slice(0, 10), "--once"])).out).to.contain(`${requestId}  requested`);
    const { escrow, requester } = scene.market;
    for (let slot = 1n; slot <= 16n; slot += 1n)
      await escrow.connect(requester).request(paramsFor(scene.market, { slot }), "0x"); // of 17, two begin alike
    const ids = (await shell.atoma(["watch", "--once"])).out.match(/0x[0-9a-f]{64}/g) ?? [];
    const shared = ids.find((id) => ids.filter((other) => other.startsWith(id.slice(0, 3))).length > 1) ?? "";
    const twins = ids.filter((id) => id.startsWith(shared.slice(0, 3)));
    const message = await refused(["watch", shared.slice(0, 3)]);
    expect(message).to.contain(`is ambiguous: ${twins.length} requests begin so. Give more digits: `);
    for (const twin of twins.slice(0, 5)) expect(message).to.contain(twin);
  });

  it("says so for each way in which a command line is wrong", async () => {
    expect(await refused(["node", "status", "0"])).to.contain("An id is a whole number from 1 on");
    expect(await refused(["node", "status", "99"])).to.contain("There is no node 99: 12 are registered");
    expect(await refused(["task", "show", "4294967296"])).to.contain("An id is a whole number");
    expect(await refused(["watch", `0x${"12".repeat(32)}`])).to.contain("Check the id and the network");
    expect(await refused(["watch", "0xxyz"])).to.contain("or how they begin");
    for (const amount of ["1e999", "-5", "1.0000000000000000001"])
      expect(await refused(["stake", "deposit", "1", `--amount=${amount}`, "--yes"]), amount).to.contain("--amount");
    expect(await refused([...asked, "--input-hex", "0x12"])).to.contain(
      "Give one of --input, --input-hex and --input-file",
    );
    expect(await refused(["request", "1", "--units", "1"])).to.contain("Give the input");
    expect(await refused([...asked, "--max-ask", "0.0000001", "--yes"])).to.contain("6 decimals");
    expect(await refused(["node", "register", "--endpoint", "ftp://x", "--yes"])).to.contain(
      "--endpoint must be an http or https URL",
    );
    expect(await refused(["nonsense"])).to.contain("unknown command");
    expect(await refused(["nods"]))
      .to.match(/\n\(Did you mean node\?\)$/)
      .and.not.to.contain("\\u");
  });

  it("sends no approval for what the wallet cannot pay", async () => {
    const env = { ATOMA_PRIVATE_KEY: devKey(8) };
    const short = /^atoma: 0x\w{40} holds 0 \w+ and this takes [\d.]+ \w+ from it: send it the rest first\.$/m;
    const commands = [
      ["stake", "deposit", "1", "--amount", "1"],
      ["account", "deposit", "--amount", "1"],
      [...asked, "--deposit"],
      [...registering, "--artifact-digest", sha, "--kind", "wasm", "--runtime-digest", sha],
    ];
    for (const command of commands)
      for (const how of ["--dry-run", "--yes"])
        expect(await refused([...command, how], env), command.join(" ")).to.match(short);
  });

  it("asks for nothing that it could not finish, and warns of what is likely a mistake", async () => {
    const ended = async (...more: string[]) => shell.atoma([...asked, ...more]);
    expect(await refused([...asked, "--output-file", "x", "--yes"])).to.contain("are of --wait: add --wait");
    expect(await refused([...asked, "--timeout", "5", "--yes"])).to.contain("are of --wait: add --wait");
    for (const file of ["/nowhere/at/all", shell.folder])
      expect(await refused([...asked, "--wait", "--output-file", file, "--yes"])).to.contain("cannot be written");
    const byUri = ["request", "1", "--units", "100", "--k", "3", "--input-digest", sha, "--dry-run", "--input-uri"];
    for (const uri of ["file:///etc/passwd", "ftp://x/y", "x", "ipfs://x"])
      expect(await refused([...byUri, uri]), uri).to.contain("--input-uri must be a URI that nodes can fetch");
    expect((await shell.atoma([...byUri, "https://example.org/x"])).status).to.equal(0);
    const low = "  Warning: Only 0 of 12 nodes ask at most 0.000001 ";
    expect((await ended("--max-ask", "0.000001", "--dry-run")).out).to.contain(low);
    expect((await ended("--tip", "900", "--dry-run")).out).to.match(
      /Warning: The tip of 900 \w+ is more than the work's/,
    );
    expect((await ended("--dry-run")).out).not.to.contain("Warning");
    const sent = await ended("--max-ask", "0.000001", "--yes");
    expect([sent.status, sent.err.startsWith(low.trim())], sent.err).to.deep.equal([0, true]);
  });

  it("registers a model as its manifest says, or not at all", async () => {
    const { deployer, account, atoma } = scene.market;
    await atoma.connect(deployer).transfer(account(6).address, parseEther("5000"));
    const manifest = parseManifest(manifestOf({ kind: "chat" }));
    const artifact = ["--artifact", shell.file("manifest.json", JSON.stringify(manifest))];
    const env = { ATOMA_PRIVATE_KEY: devKey(6) };
    const of = (...more: string[]) => [...registering, ...artifact, ...more, "--yes"];
    expect(await refused(of(), env)).to.contain("--unit-size is missing");
    expect(await refused(of("--unit-size", "1", "--kind", "wasm"), env)).to.contain("the manifest's kind is chat");
    expect(await refused(of("--unit-size", "1", "--runtime-digest", sha), env)).to.contain(
      modelRuntimeDigest(manifest),
    );
    const broken = shell.file("broken-manifest.json", JSON.stringify({ ...manifest, files: [] }));
    expect(await refused([...registering, "--artifact", broken, "--unit-size", "1", "--yes"], env)).to.contain("files");
    for (const uri of ["file:///x", "manifest.json"])
      expect(await refused(of("--unit-size", "1", "--artifact-uri", uri), env)).to.contain("--artifact-uri must be");
    const wasm = ["--artifact-digest", sha, "--kind", "wasm", "--runtime-digest", sha, "--yes"];
    expect(await refused([...registering, ...wasm, "--artifact-uri", "ipfs://x"], env)).to.contain(
      "data, http, https.",
    );
    const told = await shell.atoma(of("--unit-size", "1"), { env });
    expect([told.status, told.err.includes("A task's terms never change")], told.err).to.deep.equal([0, true]);
    expect(await shell.json(["task", "show", "2"])).to.include({
      kind: "chat",
      runtimeDigest: modelRuntimeDigest(manifest),
      unitSize: "1",
    });
  });

  it("says so for each way in which the network or the key cannot be used", async () => {
    expect(await refused(["node", "list"], { ATOMA_RPC: "" })).to.contain(
      "Say where the network is: --rpc URL and --deployment FILE",
    );
    expect(await refused(["node", "list"], { ATOMA_RPC: "http://127.0.0.1:1" })).to.contain(
      "cannot be read: ask again, or use another RPC",
    );
    const other = shell.file(
      "other.json",
      JSON.stringify({ chainId: 5, escrow: scene.market.instance.escrow, startBlock: 0 }),
    );
    expect(await refused(["node", "list", "--deployment", other]))
      .to.match(/^atoma: http:.* serves chain 31337, but chain 5/)
      .and.not.to.contain("cannot be read");
    const broken = shell.file("broken.json", "{");
    expect(await refused(["node", "list", "--deployment", broken]))
      .to.contain("--deployment")
      .and.to.contain("cannot be read as JSON");
    const notEscrow = shell.file(
      "not.json",
      JSON.stringify({ chainId: 31_337, escrow: scene.market.instance.nodeRegistry, startBlock: 0 }),
    );
    expect(await refused(["node", "list", "--deployment", notEscrow]))
      .to.contain("does not answer as an escrow")
      .and.not.to.match(/Docs:|Contract Call|Version: viem/);
    expect(await refused(asked, { ATOMA_PRIVATE_KEY: "" })).to.contain("Name the key that pays");
    const badKey = await refused(asked, { ATOMA_PRIVATE_KEY: "0xsecretsecret" });
    expect(badKey).to.contain("the private key is not valid").and.not.to.contain("secretsecret");
    expect(await refused(["task", "snapshot", "1", "--yes"], { ATOMA_PRIVATE_KEY: poorKey })).to.match(
      /holds 0 ETH and the gas may cost|insufficient|send it some/i,
    );
    expect(await refused([...asked, "--dry-run"], { ATOMA_KEYSTORE: "/nowhere/key.json" })).to.contain(
      "ATOMA_KEYSTORE and ATOMA_PRIVATE_KEY are both set: unset one, or name the keystore that pays",
    );
  });

  it("turns the contracts' own errors into sentences", async () => {
    expect(await refused([...asked, "--quorum", "1", "--yes"])).to.match(/Cannot request: .*quorum/i);
    expect(await refused(["request", "1", "--units", "100", "--input", "x", "--k", "1", "--yes"])).to.contain(
      "A committee of one needs a challenge window",
    );
    expect(await refused(["node", "unsubscribe", "1", "--task", "1", "--yes"])).to.match(
      /Cannot unsubscribe: 0x\w+ does not own node 1/,
    );
    expect(await refused(["task", "deprecate", "1", "--yes"])).to.contain("did not publish task 1");
    expect(await refused(["account", "withdraw", "--amount", "99999999999", "--yes"])).to.contain("Cannot withdraw:");
  });

  it("shows what strangers wrote on the chain without obeying it", async () => {
    const { nodeRegistry, owner, taskRegistry, deployer } = scene.market;
    await nodeRegistry.connect(owner).setEndpoint(1, "http://x\u001b[2J\u009b31m\nnode 2");
    await taskRegistry.connect(deployer).setArtifactUri(1, "ipfs://\u001b]0;owned\u0007\u202e");
    const shown: string[] = [];
    for (const args of [
      ["node", "status", "1"],
      ["node", "list"],
      ["task", "show", "1"],
      ["task", "list"],
      ["node", "list", "--json"],
      ["task", "list", "--json"],
    ])
      shown.push((await shell.atoma(args)).out);
    for (const text of shown) expect(text.replaceAll("\n", "")).to.match(/^[\x20-\x7e]*$/);
    expect(shown[0]).to.contain("http://x\\u001b[2J\\u009b31m\\u000anode 2");
    expect(shown[2]).to.contain("ipfs://\\u001b]0;owned\\u0007\\u202e");
    expect(JSON.parse(shown[4] ?? "")).to.have.nested.property(
      "nodes[0].endpoint",
      "http://x\u001b[2J\u009b31m\nnode 2",
    );
  });

  it("stops waiting at Ctrl-C or a timeout, and says how to resume", async () => {
    const { requestId } = await ask(scene.market);
    for (const options of [{ interruptMs: 300 }, {}]) {
      const { status, err } = await shell.atoma(
        ["watch", requestId, ...("interruptMs" in options ? [] : ["--timeout", "1"])],
        options,
      );
      expect(status).to.equal(2);
      expect(err).to.contain(`To resume: atoma watch ${requestId}`);
    }
    const all = await shell.atoma(["watch"], { interruptMs: 300 });
    expect([all.status, all.out.split("\n").length]).to.deep.equal([0, 1]);
  });

  it("completes commands, options and ids, from a cache of nothing but ids, and without the chain in a moment", async () => {
    const complete = async (words: readonly string[], env = {}) =>
      (await shell.atoma(["__complete", "--", ...words], { env })).out.split("\n");
    const { requestId } = await ask(scene.market);
    expect(await complete(["no"])).to.deep.equal(["node"]);
    expect(await complete(["node", "sub"])).to.deep.equal(["subscribe"]);
    expect(await complete(["request", "--inp"])).to.include("--input-file");
    expect(await complete(["node", "status", "1"])).to.deep.equal(["1", "10", "11", "12"]);
    expect(await complete(["node", "subscribe", "3", "--task", ""])).to.deep.equal(["1"]);
    expect(await complete(["watch", "0x"])).to.deep.equal([requestId]);
    const cache = join(shell.folder, "cache", "atoma");
    expect(existsSync(cache)).to.equal(true);
    for (const name of readdirSync(cache)) {
      const file = join(cache, name);
      const { atMs } = JSON.parse(readFileSync(file, "utf8")) as { atMs: number };
      writeFileSync(file, JSON.stringify({ atMs, ids: ["7", "$(touch owned)", "0xzz", 9] }));
    }
    expect(await complete(["node", "status", ""])).to.deep.equal(["7"]);
    expect(await complete(["node", "status", ""], { ATOMA_RPC: "http://127.0.0.1:1" })).to.deep.equal([""]);
  });

  it("opens keystores for both keys of a node, and says what is wrong with one", async () => {
    const keystore = (key: string) =>
      encryptKeystoreJson({ address: privateKeyToAddress(key as Hex), privateKey: key }, "open", { scrypt: { N: 2 } });
    const password = shell.file("password", "open\n");
    const owner = ["--keystore", shell.file("owner.json", await keystore(devKey(7))), "--password-file", password];
    const hot = [
      "--signer-keystore",
      shell.file("hot.json", await keystore(hotSecret)),
      "--signer-password-file",
      password,
    ];
    const register = ["node", "register", "--endpoint", "https://node.example.org", "--yes"];
    const { nodeId, signer } = await shell.json([...register, ...owner, ...hot]);
    expect([nodeId, signer]).to.deep.equal([13, privateKeyToAddress(hotSecret)]);
    expect(await refused([...register, ...owner, ...hot])).to.contain("serves or served node 13");
    expect(await refused([...register, ...hot, ...owner.slice(0, 2)])).to.contain("--password-file is missing");
    expect(
      await refused([...register, ...owner, "--signer-keystore", owner[1] ?? "", "--signer-password-file", password]),
    ).to.contain("owner and hot key have to differ");
    const wrong = shell.file("wrong", "shut");
    expect(await refused([...register, ...owner.slice(0, 2), "--password-file", wrong])).to.contain(
      "wrong password or damaged file",
    );
    const forged = {
      signer: privateKeyToAddress(hotSecret),
      owner: privateKeyToAddress(devKey(7)),
      deadlineS: "9999999999",
      consent: `0x${"12".repeat(65)}`,
    };
    expect(
      await refused([...register, ...owner, "--consent", shell.file("forged.json", JSON.stringify(forged))]),
    ).to.contain("The consent is not signed by");
  });

  it("examines a keeper with its own doctor", async () => {
    const yaml = [
      "jobs: settler",
      "chain:",
      "  id: 31337",
      `  rpcUrls: ${scene.bridge.url}`,
      `  escrow: ${scene.market.instance.escrow}`,
      "  startBlock: 0",
      "  maxHeadAgeS: 0",
      "key: { remoteUrl: 'http://127.0.0.1:1' }",
    ];
    const incomplete = await shell.atoma(["doctor", "--config", shell.file("keeper.yaml", yaml.join("\n"))]);
    expect(incomplete.status).to.equal(1);
    expect(incomplete.out).to.equal("BAD  configuration store is missing.");
    const key = `key: { keystoreFile: ${shell.folder}/owner.json, passwordFile: ${shell.folder}/password }`;
    const whole = [...yaml.slice(0, -1), "store: { path: ':memory:' }", key];
    const fit = await shell.atoma(["doctor", "--config", shell.file("keeper.yaml", whole.join("\n"))]);
    expect(fit.status, fit.out).to.equal(0);
    expect(fit.out).to.contain("jobs settler").and.to.contain("is the signer of no node, which these jobs do not need");
  });

  it("examines a wallet: 0 if all is there, 1 if not", async () => {
    const fit = await shell.atoma(["doctor", "--max-head-age", "0"]);
    expect(fit.status, fit.out).to.equal(0);
    expect(fit.out)
      .to.contain("12 nodes, 1 tasks")
      .and.to.match(/payment +[\d.]+ \S+ in the escrow/);
    const poor = await shell.atoma(["doctor", "--max-head-age", "0", "--json"], {
      env: { ATOMA_PRIVATE_KEY: poorKey },
    });
    expect(poor.status).to.equal(1);
    const { isFit, findings } = JSON.parse(poor.out) as {
      isFit: boolean;
      findings: { name: string; verdict: string }[];
    };
    expect(isFit).to.equal(false);
    expect(findings.filter(({ verdict }) => verdict === "bad").map(({ name }) => name)).to.deep.equal(["gas"]);
    const down = await shell.atoma(["doctor"], { env: { ATOMA_RPC: "http://127.0.0.1:1" } });
    expect([down.status, down.out.startsWith("BAD  connection")]).to.deep.equal([1, true]);
  });
});
