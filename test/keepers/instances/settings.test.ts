import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError, type Environment, loadInstances, loadSettings } from "../../../keepers/config.ts";
import { deploymentOf, readDeployment } from "../../../keepers/deployment.ts";
import { makeMetrics, labelled } from "../../../keepers/runtime/metrics.ts";

const [first, second] = ["0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF", "0x0000000000000000000000000000000000000009"];
const key = { ATOMA_KEEPER_KEY_PRIVATE_KEY: `0x${"12".repeat(32)}` };
const base = `
jobs: [executor, settler]
chain: { id: 31337, rpcUrls: http://127.0.0.1:8545, deploymentFile: deployment.json }
store: { path: keeper.sqlite }
settler: { batchMax: 7 }
`;
const two = `${base}
instances:
  - { name: v1, jobs: [settler], settler: { minTip: 5 } }
  - { name: v2 }
`;

describe("Settings of several instances", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "instances-"));
    const record = (escrow: string) => ({ chainId: 31_337, escrow, startBlock: 3 });
    const both = { instances: { v1: record(first), v2: { ...record(second), startBlock: 9 } } };
    writeFileSync(join(folder, "deployment.json"), JSON.stringify(both));
    writeFileSync(join(folder, "single.json"), JSON.stringify(record(second)));
    writeFileSync(join(folder, "named.json"), JSON.stringify({ ...record(second), instance: "v2" }));
    writeFileSync(
      join(folder, "of-sdk.json"),
      JSON.stringify({ chainId: "31337", escrow: first, deployedAtBlock: "4" }),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (yaml: string): string => {
    const file = join(folder, "keeper.yaml");
    writeFileSync(file, yaml);
    return file;
  };
  const load = (yaml: string, env: Environment = {}) => loadInstances(write(yaml), { env: { ...key, ...env } });
  const problemsOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.join("\n");
      throw error;
    }
    return "";
  };

  it("have what is theirs over what is shared", () => {
    const [v1, v2] = load(two);
    expect(v1?.settler).to.include({ minTip: 5n, batchMax: 7 });
    expect(v2?.settler).to.include({ minTip: 0n, batchMax: 7 });
    expect([v1?.jobs, v2?.jobs]).to.deep.equal([["settler"], ["executor", "settler"]]);
    expect([v1, v2].map((one) => one?.store.path)).to.deep.equal(Array(2).fill(join(folder, "keeper.sqlite")));
    expect([v1, v2].map((one) => one && deploymentOf(one).escrow)).to.deep.equal([first, second]);
  });

  it("say where each is: in one file that names them, in files of their own, or by their escrows", () => {
    const own = load(`${base}
instances:
  - { name: v1 }
  - { name: v2, deploymentFile: single.json }
  - { name: v3, escrow: "${second}", startBlock: 8 }
`);
    expect(own.map(deploymentOf)).to.deep.equal([
      { chainId: 31_337, escrow: first, startBlock: 3n },
      { chainId: 31_337, escrow: second, startBlock: 3n },
      { chainId: 31_337, escrow: second, startBlock: 8n },
    ]);
  });

  it("are overridden by the environment where they are shared, and by --job everywhere", () => {
    const [v1, v2] = load(two, { ATOMA_KEEPER_SETTLER_MIN_TIP: "3", ATOMA_KEEPER_SETTLER_TURN_S: "9" });
    expect([v1?.settler.minTip, v2?.settler.minTip]).to.deep.equal([5n, 3n]);
    expect([v1?.settler.turnS, v2?.settler.turnS]).to.deep.equal([9, 9]);
    const jobs = loadInstances(write(two), { env: key, jobs: ["beacon"] }).map((one) => one.jobs);
    expect(jobs).to.deep.equal([["beacon"], ["beacon"]]);
  });

  it("are refused together, with a sentence for each thing that is wrong", () => {
    const wrong = `${base}
instances:
  - { name: v1, store: { path: other.sqlite }, jobz: [settler] }
  - { name: v1, janitor: { intervalMs: 1 } }
  - { name: "../up", beacon: { secretKey: 5 } }
  - settler
`;
    const problems = problemsOf(() => load(wrong, { ATOMA_KEEPER_CHAIN_ESCROW: first }));
    for (const part of [
      "instances.v1.store is shared by all instances: set it outside of instances.",
      "instances.v1.jobz is no setting of an instance",
      "instances: v1 is there twice",
      "instances.2.name must be 1 to 32 of",
      "instances.3 must hold settings by name",
      "beacon.secretKey is a secret and must not be in the file",
      "chain.escrow is of one instance: set it in instances",
      "In instance v1: janitor.intervalMs",
    ])
      expect(problems).to.include(part);
    expect(problemsOf(() => load(`${base}\ninstances: []`))).to.include("must be a list that names at least one");
  });

  it("are chosen by name where one is needed", () => {
    const choose = (instance?: string) =>
      loadSettings(write(two), { env: key, ...(instance === undefined ? {} : { instance }) });
    expect(choose("v2").chain.instance).to.equal("v2");
    expect(problemsOf(() => choose())).to.include("several instances: choose one of v1, v2 by --instance");
    expect(problemsOf(() => choose("v9"))).to.include("no instance v9: choose one of v1, v2");
    const single = `${base.replace("deployment.json", "single.json")}`;
    expect(problemsOf(() => loadSettings(write(single), { env: key, instance: "v1" }))).to.include("leave --instance");
  });

  it("of one instance can name it in a file that has several", () => {
    const named = base.replace("deployment.json", "deployment.json, instance: v2");
    const [settings, ...others] = load(named);
    expect([others.length, settings && deploymentOf(settings).escrow]).to.deep.equal([0, second]);
    const [ambiguous] = load(base);
    expect(problemsOf(() => ambiguous && deploymentOf(ambiguous))).to.include("choose one of v1, v2");
  });

  it("never take a record of another instance for the one that was asked for", () => {
    const read = (file: string, instance?: string) => readDeployment(join(folder, file), { instance }).escrow;
    expect(read("named.json", "v2")).to.equal(second);
    expect(problemsOf(() => read("named.json", "v1"))).to.include("it is called v2: v1 is not there");
    expect(problemsOf(() => read("single.json", "v1"))).to.include("it has no name: v1 is not there");
    expect(problemsOf(() => load(two.replace("deployment.json", "named.json")).map(deploymentOf))).to.include(
      "v1 is not there",
    );
    expect(readDeployment(join(folder, "of-sdk.json")).startBlock).to.equal(4n);
  });
});

describe("Metrics of several instances", () => {
  it("are told apart by a label, and counted from 0", async () => {
    const metrics = makeMetrics();
    const [v1, v2] = ["v1", "v2"].map((name) => labelled(metrics, { atoma_instance: name })) as [
      typeof metrics,
      typeof metrics,
    ];
    const of = { name: "jobs_total", help: "Jobs", labels: { outcome: ["ok"] } };
    v1.counter(of);
    v2.counter(of)(2, { outcome: "ok" });
    v1.gauge({ name: "height", help: "Height" })(7);
    v2.histogram({ name: "took", help: "Took", buckets: [1] })(0.5);
    const { text } = await metrics.render();
    for (const line of [
      'atoma_jobs_total{outcome="ok",atoma_instance="v1"} 0',
      'atoma_jobs_total{outcome="ok",atoma_instance="v2"} 2',
      'atoma_height{atoma_instance="v1"} 7',
      'atoma_took_count{atoma_instance="v2"} 1',
    ])
      expect(text).to.include(line);
  });
});
