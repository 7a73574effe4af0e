import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { x25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { labelledKey, labelledSecret, localEvidenceSeed } from "../../../deploy/local/world.ts";
import { openHpkeKey } from "../../../keepers/attest/hpke-key.ts";
import { makeAttestJob } from "../../../keepers/attest/run.ts";
import { devMeasurement, devReport } from "../../../keepers/attestation/dev/network.ts";
import { ConfigError } from "../../../keepers/config.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { SignerError } from "../../../keepers/runtime/errors.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { openAttest } from "../../../keepers/tee-jobs.ts";
import { machineOf } from "../../helpers/tee.ts";
import { devTask, registerDevWorkload } from "../../helpers/dev-tee.ts";
import { openScene, type Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;
const dayS = 86_400;

describe("attest job", () => {
  let scene: Scene;
  let folder: string;
  let workloadId: Hex;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene(devTask);
    folder = mkdtempSync(join(tmpdir(), "atoma-attest-"));
    for (const { signer } of scene.market.nodes.slice(0, 2))
      await scene.market.deployer.sendTransaction({ to: signer.address, value: 10n ** 19n });
  });
  after(async () => {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    restore = await scene.snapshot();
    workloadId = await registerDevWorkload(scene.market);
  });
  afterEach(() => restore());

  const settings = (index: number, machine: string): Partial<SettingsInput> => ({
    jobs: ["attest"],
    key: { privateKey: labelledSecret(`node ${index}`) },
    attest: {
      provider: "dev",
      devSeed: localEvidenceSeed,
      devMachine: machine,
      hpkeKeyFile: join(folder, `hpke-${index}.key`),
    },
    once: { waitMs: 60_000 },
  });
  const open = async (index = 0, machine = `machine ${index}`): Promise<{ parts: Parts; job: Job }> => {
    const parts = await scene.open(settings(index, machine));
    await parts.chain.sync();
    return { parts, job: await makeJob("attest", parts) };
  };
  const liveUntil = async (index = 0): Promise<number> => {
    const { teeRegistry, nodes } = scene.market;
    const node = nodes[index];
    if (node === undefined) throw new Error(`There is no node ${index}.`);
    return Number(await teeRegistry.liveUntil(workloadId, node.nodeId, node.signer.address));
  };

  it("binds the node's keys from an empty chain, and does nothing more", async () => {
    const { job, parts } = await open();
    expect(await liveUntil()).to.equal(0);
    expect(await job.once(noSignal)).to.deep.equal({ done: 4, failed: 0 }); // issuers, what they signed, key, attest
    const nowS = await scene.market.networkHelpers.time.latest();
    expect(await liveUntil()).to.be.greaterThan(nowS + 20 * dayS);
    const [bound] = await parts.chain.boundKeys(nowS);
    expect(bound).to.include({ workloadId, nodeId: scene.market.nodes[0]?.nodeId });
    expect(await job.once(noSignal)).to.deep.equal({ done: 0, failed: 0 });
  });

  it("makes an HPKE key once, for the owner's eyes only, and binds its public half", async () => {
    const { job, parts } = await open();
    await job.once(noSignal);
    const path = join(folder, "hpke-0.key");
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const publicKey = bytesToHex(x25519.getPublicKey(hexToBytes(readFileSync(path, "utf8").trim() as Hex)));
    const { teeRegistry } = scene.market;
    const [attested] = await teeRegistry.queryFilter(teeRegistry.filters.NodeAttested());
    expect(attested?.args.hpkeKey).to.equal(publicKey);
    expect(openHpkeKey(path)).to.equal(publicKey);
    expect(parts.signer.address).to.equal(attested?.args.signer);
  });

  it("refuses a file that holds no HPKE key, without showing it", () => {
    const path = join(folder, "broken.key");
    writeFileSync(path, "secret words", { mode: 0o600 });
    expect(() => openHpkeKey(path))
      .to.throw(SignerError, "is no key: expected 0x and 64 hex digits")
      .with.property("message")
      .that.does.not.include("secret words");
    writeFileSync(join(folder, "open.key"), `0x${"11".repeat(32)}`, { mode: 0o644 });
    expect(() => openHpkeKey(join(folder, "open.key"))).to.throw(SignerError, "can be read by others");
  });

  it("renews a binding when a third of its life is left, not before, and posts what has ended", async () => {
    const { job, parts } = await open();
    await job.once(noSignal);
    const first = await liveUntil();
    await scene.passTime(15 * dayS);
    await parts.chain.sync();
    expect(await job.once(noSignal)).to.deep.equal({ done: 0, failed: 0 });
    await scene.passTime(10 * dayS);
    await parts.chain.sync();
    expect(await job.once(noSignal)).to.deep.equal({ done: 0, failed: 0 }); // by the texts on chain nothing would be gained
    await scene.passTime(4 * dayS);
    await parts.chain.sync();
    expect((await job.once(noSignal)).failed).to.equal(0);
    expect(await liveUntil()).to.be.greaterThan(first + 20 * dayS);
  });

  it("sends nothing where the workload lists another measurement, and says which this machine has", async () => {
    const { teeRegistry, deployer } = scene.market;
    const measurement = devMeasurement(localEvidenceSeed);
    await teeRegistry.connect(deployer).removeMeasurement(workloadId, measurement);
    const { job, parts } = await open();
    expect(await job.once(noSignal)).to.deep.equal({ done: 0, failed: 1 });
    expect(await parts.transactions.pass()).to.include({ inFlight: 0, started: 0 });
    expect(await liveUntil()).to.equal(0);
  });

  it("binds no second node to one machine", async () => {
    const [one, two] = [await open(0, "shared"), await open(1, "shared")];
    await one.job.once(noSignal);
    await two.parts.chain.sync();
    expect(await two.job.once(noSignal)).to.deep.equal({ done: 0, failed: 1 }); // and nothing is sent
    expect(await liveUntil(0)).to.be.greaterThan(0);
    expect(await liveUntil(1)).to.equal(0);
  });

  it("shares collateral with nodes that came before", async () => {
    const [one, two] = [await open(0), await open(1)];
    await one.job.once(noSignal);
    await two.parts.chain.sync();
    expect(await two.job.once(noSignal)).to.deep.equal({ done: 3, failed: 0 }); // certificate, key, attest
    expect(await liveUntil(1)).to.be.greaterThan(0);
  });

  it("goes on where it was stopped between any two transactions", async () => {
    for (let left = 10; left > 0 && (await liveUntil()) === 0; left--) {
      const { job, parts } = await open(); // a new process each time, with an empty store
      await job.pass(noSignal);
      await parts.transactions.pass();
      await scene.mine();
    }
    expect(await liveUntil()).to.be.greaterThan(0);
  });

  it("fails for a workload that nobody registered, and binds the others", async () => {
    const unknown: Hex = `0x${"12".repeat(32)}`;
    const own = settings(0, "machine 0");
    const parts = await scene.open({ ...own, attest: { ...own.attest, workloads: [unknown] } });
    await parts.chain.sync();
    const job = await makeJob("attest", parts);
    for (let i = 0; i < 5; i++) {
      expect((await job.pass(noSignal)).failed).to.equal(1);
      await parts.transactions.pass();
    }
    expect(await liveUntil()).to.be.greaterThan(0);
  });

  it("refuses to make up evidence for a chain that pins another root", async () => {
    const own = settings(0, "machine 0");
    const parts = await scene.open({ ...own, attest: { ...own.attest, devSeed: "another" } });
    const error = await makeJob("attest", parts).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ConfigError).with.property("message").that.includes("pins another root");
  });

  it("binds anew when the HPKE key is another one, at once and once", async () => {
    const { job } = await open();
    await job.once(noSignal);
    rmSync(join(folder, "hpke-0.key"));
    const changed = await open();
    await scene.mine(3); // a quote of an earlier block is not taken
    expect(await changed.job.once(noSignal)).to.deep.equal({ done: 1, failed: 0 });
    const { teeRegistry } = scene.market;
    const all = await teeRegistry.queryFilter(teeRegistry.filters.NodeAttested());
    expect(all.map(({ args }) => args.hpkeKey)).to.have.length(2);
    expect(all[1]?.args.hpkeKey).to.equal(openHpkeKey(join(folder, "hpke-0.key")));
    expect(await changed.job.once(noSignal)).to.deep.equal({ done: 0, failed: 0 });
  });

  it("binds a key that is not the node's yet, for a node that is named", async () => {
    const [, , third] = scene.market.nodes;
    const next = "a key of tomorrow";
    const { address } = labelledKey(next);
    await scene.market.deployer.sendTransaction({ to: address, value: 10n ** 19n });
    const own = settings(2, "machine 2");
    const parts = await scene.open({
      ...own,
      key: { privateKey: labelledSecret(next) },
      attest: { ...own.attest, nodeId: Number(third?.nodeId), workloads: [workloadId] },
    });
    await parts.chain.sync();
    expect((await (await makeJob("attest", parts)).once(noSignal)).failed).to.equal(0);
    expect(await scene.market.teeRegistry.liveUntil(workloadId, third?.nodeId ?? 0n, address)).to.not.equal(0n);
  });

  it("does not bind again and again where the machine's certificate ends before the texts", async () => {
    const nowS = await scene.market.networkHelpers.time.latest();
    const ending = machineOf("", {
      seed: localEvidenceSeed,
      machine: "ending",
      certificates: { pck: { notBefore: nowS - dayS, notAfter: nowS + 5 * dayS } },
    });
    const body = devReport(ending);
    const parts = await scene.open(settings(0, "ending"));
    await parts.chain.sync();
    const deps = await openAttest(parts);
    const job = makeAttestJob(
      {
        ...deps,
        provider: { name: "ending", quote: async (reportData) => ending.quote({ body, reportData }).bytes },
        source: { name: "ending", fetch: async ({ tee }) => ending.collateral({ tee }) },
      },
      { waitMs: 60_000 },
    );
    expect((await job.passUntilBound(noSignal)).failed).to.equal(0);
    expect(await liveUntil()).to.equal(nowS + 5 * dayS);
    await scene.mine(5);
    await parts.chain.sync();
    expect(await job.passUntilBound(noSignal)).to.deep.equal({ done: 0, failed: 0 });
  });

  it("forgets evidence that a reorganisation takes back, and shows it again", async () => {
    const { job, parts } = await open();
    const before = await scene.snapshot();
    await job.once(noSignal);
    const [bound, ...others] = await parts.chain.boundKeys(0);
    expect(others).to.deep.equal([]);
    expect(await parts.chain.boundKeys(bound?.untilS ?? 0)).to.have.length(1);
    expect(await parts.chain.boundKeys((bound?.untilS ?? 0) + 1)).to.deep.equal([]); // it has ended by then
    await before();
    await scene.mine(12);
    await parts.chain.sync();
    expect(await parts.chain.boundKeys(0)).to.deep.equal([]);
    expect(await parts.chain.pcks()).to.deep.equal([]);
    expect(await parts.chain.issuers()).to.deep.equal([]);
  });
});
