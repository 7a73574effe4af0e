import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError, type Environment, environmentNames, loadSettings, settingsOf } from "../../../keepers/config.ts";
import { deploymentOf } from "../../../keepers/deployment.ts";
import { openBeaconSecret, openSigner, secretsOf } from "../../../keepers/key.ts";
import type { Settings } from "../../../keepers/settings.ts";
import { settingsExample } from "../main/guide.ts";

const escrow = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";
const privateKey = `0x${"12".repeat(32)}`;
const least = `
jobs: [settler]
chain: { id: 31337, rpcUrls: http://127.0.0.1:8545, escrow: ${escrow}, startBlock: 7 }
store: { path: data/keeper.sqlite }
`;

describe("configuration", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "config-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const load = (yaml: string, env: Environment = { ATOMA_KEEPER_KEY_PRIVATE_KEY: privateKey }): Settings => {
    const file = join(folder, "keeper.yaml");
    writeFileSync(file, yaml);
    return loadSettings(file, { env });
  };
  const problemsOf = (yaml: string, env?: Environment): readonly string[] => {
    try {
      load(yaml, env);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };

  it("takes the least that is needed, with safe defaults, and paths relative to the file", () => {
    const settings = load(least);
    expect(settings.chain).to.include({ id: 31_337, escrow, startBlock: 7, confirmations: 12 });
    expect(settings.chain.rpcUrls).to.deep.equal(["http://127.0.0.1:8545"]);
    expect(settings.store.path).to.equal(join(folder, "data/keeper.sqlite"));
    expect(settings.executor.allowPrivateInputUrls).to.equal(false);
    expect(settings.network).to.include({ host: "127.0.0.1", allowPrivatePeers: false });
    expect(settings.ops.host).to.equal("127.0.0.1");
    expect(settings.janitor).to.include({ tasks: "subscribed", earnings: false });
    expect(deploymentOf(settings)).to.deep.equal({ chainId: 31_337, escrow, startBlock: 7n });
  });

  it("never takes an address, a key or a large number for anything else than its text", () => {
    const settings = load(`${least}\nsettler: { minTip: 123456789012345678901234567890 }`);
    expect(settings.chain.escrow).to.equal(escrow); // without quotes, and all digits
    expect(settings.settler.minTip).to.equal(123_456_789_012_345_678_901_234_567_890n);
  });

  it("lets the environment override each setting, and knows each by name", () => {
    const settings = load(least, {
      ATOMA_KEEPER_KEY_PRIVATE_KEY: privateKey,
      ATOMA_KEEPER_JOBS: "beacon, janitor",
      ATOMA_KEEPER_CHAIN_RPC_URLS: "https://a.example,https://b.example",
      ATOMA_KEEPER_JANITOR_TASKS: "3,5",
      ATOMA_KEEPER_EXECUTOR_ALLOW_PRIVATE_INPUT_URLS: "true",
      UNRELATED: "1",
    });
    expect(settings.jobs).to.deep.equal(["beacon", "janitor"]);
    expect(settings.chain.rpcUrls).to.deep.equal(["https://a.example", "https://b.example"]);
    expect(settings.janitor.tasks).to.deep.equal([3n, 5n]);
    expect(settings.executor.allowPrivateInputUrls).to.equal(true);
    expect(environmentNames.get("ATOMA_KEEPER_FEES_MAX_FEE_GWEI")).to.deep.equal(["fees", "maxFeeGwei"]);
  });

  it("tells all problems at once, a sentence each", () => {
    const yaml = `jobs: [settler, cook]
chain: { id: x, rpcUrls: [ftp://a], escrow: 0x12, wat: 1 }
settler: { turnS: 0 }
executor: { requireIsolation: perhaps }
beacon: { source: moon }`;
    const problems = problemsOf(yaml, { ATOMA_KEEPER_NO_SUCH: "1" });
    for (const part of [
      "jobs must be a list of executor, settler, beacon, janitor, watchtower, attest, collateral.",
      "chain.id must be a whole number",
      "chain.rpcUrls.0 must be an http or https URL.",
      "chain.escrow must be an address",
      "chain.wat is no setting",
      "store is missing.",
      "settler.turnS must be a whole number within 1..3600.",
      "executor.requireIsolation must be true or false.",
      "beacon.source must be drand or local.",
      "ATOMA_KEEPER_NO_SUCH is no setting",
    ])
      expect(
        problems.some((problem) => problem.includes(part)),
        `${part}\n${problems.join("\n")}`,
      ).to.equal(true);
    for (const problem of problems) expect(problem).to.match(/\.$/);
  });

  it("keeps secrets out of the file, and out of what it says", () => {
    const problems = problemsOf(`${least}\nkey: { privateKey: "0x1234" }`);
    expect(problems.join()).to.include("must not be in the file").and.to.not.include("0x1234");
    expect(problemsOf(least, { ATOMA_KEEPER_KEY_PRIVATE_KEY: "0xsecret" }).join()).to.not.include("secret");
    expect(secretsOf(load(least)))
      .to.include(privateKey)
      .and.to.include(privateKey.slice(2));
  });

  it("wants exactly one key and one deployment", () => {
    expect(problemsOf(least, {}).join()).to.include("is missing");
    const two = `${least}\nkey: { keystoreFile: k.json, remoteUrl: "http://127.0.0.1:1" }`;
    const problems = problemsOf(two).join("\n");
    expect(problems)
      .to.include("Only one of")
      .and.to.include("key.passwordFile is missing")
      .and.to.include("key.remotePublicKey is missing");
    expect(problemsOf(least.replace(", startBlock: 7", "")).join()).to.include("chain.startBlock is missing");
    const local = `${least.replace("settler", "beacon")}\nbeacon: { source: local }`;
    expect(problemsOf(local).join()).to.include("beacon.secretKeyFile or ATOMA_KEEPER_BEACON_SECRET_KEY is missing");
  });

  it("refuses what is no settings file by name", () => {
    expect(problemsOf("[1, 2]").join()).to.include("must hold settings by name");
    expect(problemsOf("a: [").join()).to.include("is not YAML");
    expect(problemsOf("a: &x [*x]").length).to.be.greaterThan(0);
    expect(() => loadSettings(join(folder, "none.yaml"), { env: {} })).to.throw(ConfigError, "cannot be read");
  });

  it("accepts the example of the operator guide", () => {
    const settings = load(settingsExample(), {});
    expect(settings.jobs).to.deep.equal(["executor", "settler"]);
    expect(settings.network.publicUrl).to.equal("https://node.example.org");
  });

  it("refuses a deployment record that is of another chain or none at all", () => {
    const record = join(folder, "deployment.json");
    const yaml = least.replace(/escrow: .*, startBlock: 7/, "deploymentFile: deployment.json");
    writeFileSync(record, JSON.stringify({ chainId: 31_337, escrow, startBlock: "12" }));
    expect(deploymentOf(load(yaml))).to.deep.equal({ chainId: 31_337, escrow, startBlock: 12n });
    writeFileSync(record, JSON.stringify({ chainId: 1, escrow, startBlock: 12 }));
    expect(() => deploymentOf(load(yaml))).to.throw(ConfigError, "of chain 1");
    writeFileSync(record, "{");
    expect(() => deploymentOf(load(yaml))).to.throw(ConfigError, "cannot be read as JSON");
    writeFileSync(record, JSON.stringify({ chainId: 31_337, escrow: "0x12" }));
    expect(() => deploymentOf(load(yaml))).to.throw(ConfigError, "check escrow, startBlock");
  });

  it("opens keys and beacon secrets, and says what is wrong with them without showing them", async () => {
    const settings = load(least);
    expect((await openSigner(settings)).address).to.match(/^0x/);
    const missing = settingsOf({
      jobs: ["beacon"],
      chain: { id: 1, rpcUrls: ["http://127.0.0.1:1"], escrow, startBlock: 0 },
      store: { path: ":memory:" },
      key: { keystoreFile: join(folder, "none.json"), passwordFile: "none" },
      beacon: { source: "local", secretKey: "0x5eed" },
    });
    expect(openBeaconSecret(missing)).to.equal(0x5eedn);
    expect(() => openBeaconSecret({ beacon: { ...missing.beacon, secretKey: "hunter2" } })).to.throw("is no number");
    const failure = await openSigner(missing).catch((error: unknown) => String(error));
    expect(failure).to.include("cannot be read");
  });
});
