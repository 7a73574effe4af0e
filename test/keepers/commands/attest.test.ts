import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Hex } from "viem";
import { labelledSecret, localEvidenceSeed } from "../../../deploy/local/world.ts";
import { devMeasurement } from "../../../keepers/attestation/dev/network.ts";
import { devTask, registerDevWorkload } from "../../helpers/dev-tee.ts";
import { openScene, type Scene } from "../fixture.ts";

const program = fileURLToPath(new URL("../../../keepers/atoma.ts", import.meta.url));

type Ended = { readonly status: number; readonly out: string; readonly err: string };

describe("atoma attest", function () {
  this.timeout(120_000);
  let scene: Scene;
  let folder: string;
  let workloadId: Hex;
  let restore: () => Promise<void>;

  const attest = (...args: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const all = [program, "attest", "--config", join(folder, "keeper.yaml"), ...args];
      const env = { ...process.env, ATOMA_KEEPER_KEY_PRIVATE_KEY: labelledSecret("node 0") };
      execFile(process.execPath, all, { env }, (error, out, err) => {
        resolve({ status: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err });
      });
    });
  const liveUntil = async (): Promise<bigint> => {
    const { teeRegistry, nodes } = scene.market;
    return teeRegistry.liveUntil(workloadId, nodes[0]?.nodeId ?? 0n, nodes[0]?.signer.address ?? "");
  };
  const writeConfig = (attestLines: readonly string[]): void => {
    const lines = [
      "jobs: executor",
      "chain:",
      "  id: 31337",
      `  rpcUrls: ${scene.bridge.url}`,
      `  escrow: ${scene.market.instance.escrow}`,
      "  startBlock: 0",
      "  maxHeadAgeS: 0",
      "  pollMs: 50",
      "  confirmations: 1",
      "store: { path: ':memory:' }",
      "log: { level: silent }",
      "attest:",
      "  provider: dev",
      "  devMachine: machine 0",
      "  hpkeKeyFile: hpke.key",
      ...attestLines,
    ];
    writeFileSync(join(folder, "keeper.yaml"), lines.join("\n"));
  };

  before(async () => {
    scene = await openScene(devTask);
    folder = mkdtempSync(join(tmpdir(), "atoma-attest-command-"));
    const [node] = scene.market.nodes;
    await scene.market.deployer.sendTransaction({ to: node?.signer.address ?? "", value: 10n ** 19n });
  });
  after(async () => {
    await scene.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    restore = await scene.snapshot();
    workloadId = await registerDevWorkload(scene.market);
    writeConfig([`  devSeed: ${localEvidenceSeed}`]);
  });
  afterEach(() => restore());

  it("says in a dry run what the evidence is worth and what would be sent, and sends nothing", async () => {
    const before = await scene.market.world.chain.getBlockNumber();
    const { status, out, err } = await attest("--dry-run");
    expect(status, err).to.equal(0);
    expect(out)
      .to.contain(`Workload ${workloadId}\n`)
      .and.to.contain(`measurement  ${devMeasurement(localEvidenceSeed)}`);
    expect(out).to.contain("never: nothing is bound").and.to.contain("UpToDate in evaluation");
    expect(out).to.match(/1\. Register the Intel SGX PCK P\w+ CA \(collateral, \d+ bytes\)/);
    expect(out).to.contain("7. Bind the node's keys (registry)\n");
    expect(out).to.match(/Dry run: nothing was sent\.\n$/);
    expect(await scene.market.world.chain.getBlockNumber()).to.equal(before);
  });

  it("binds the keys, says until when, and has nothing to send after that", async () => {
    const { status, out, err } = await attest();
    expect(status, err).to.equal(0);
    expect(out).to.match(new RegExp(`Workload ${workloadId}: bound until 20\\d\\d-`));
    expect(await liveUntil()).to.be.greaterThan(0n);
    const again = await attest("--dry-run", "--json");
    expect(again.status, again.err).to.equal(0);
    const { workloads, isSent } = JSON.parse(again.out) as { workloads: object[]; isSent: boolean };
    expect(isSent).to.equal(false);
    expect(workloads).to.have.length(1);
    expect(workloads[0]).to.include({ workloadId, isDue: false, boundUntil: Number(await liveUntil()) });
  });

  it("exits with 1 where the workload does not allow what runs here, and says which measurement it is", async () => {
    const { teeRegistry, deployer } = scene.market;
    await teeRegistry.connect(deployer).removeMeasurement(workloadId, devMeasurement(localEvidenceSeed));
    const { status, out } = await attest("--dry-run");
    expect(status).to.equal(1);
    expect(out).to.contain(
      `REFUSED      the workload does not allow the measurement ${devMeasurement(localEvidenceSeed)}`,
    );
  });

  it("exits with 2 and says what to do where there is no node, no workload or no such chain of evidence", async () => {
    writeConfig(["  devSeed: another seed"]);
    const foreign = await attest("--dry-run");
    expect(foreign.status).to.equal(2);
    expect(foreign.err).to.contain("attest.provider dev makes no evidence for this chain: it pins another root.");
    const bad = await attest("--workload", "0x12");
    expect(bad.status).to.equal(2);
    expect(bad.err).to.contain("A workload id is 0x and 64 hex digits.");
    writeConfig([`  devSeed: ${localEvidenceSeed}`]);
    const unknown = await attest("--dry-run", "--workload", `0x${"34".repeat(32)}`);
    expect(unknown.status).to.equal(2);
    expect(unknown.err).to.contain("is registered on this chain: check the id");
  });
});
