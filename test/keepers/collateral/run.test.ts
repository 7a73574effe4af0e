import { expect } from "chai";
import type { Hex } from "viem";
import { labelledKey } from "../../../deploy/local/world.ts";
import { rootOf } from "../../../deploy/parameters/parameters.ts";
import { hexOf } from "../../../keepers/attestation/dev/bytes.ts";
import { timeText } from "../../../keepers/attestation/dev/signed-text.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { type IntelService, startIntelService } from "../../helpers/attestation/intel-service.ts";
import { mintWorld, type World } from "../../helpers/attestation/world.ts";
import { attestArgs, measuredOf, prepareMachine, registerWorkload, workloadSalt } from "../../helpers/tee.ts";
import { workloadIdOf } from "../../../sdk/attestation/binding.ts";
import { openScene, type Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;
const dayS = 86_400;

/** Texts and a list that are issued at a time and valid for thirty days. */
const issuedAt = (atS: number) => {
  const texts = { issueDate: timeText(atS), nextUpdate: timeText(atS + 30 * dayS) };
  return { tcbInfo: texts, qeIdentity: texts, pckCrl: { thisUpdate: atS, nextUpdate: atS + 30 * dayS } };
};

const deployer = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"; // the first account of every local chain

describe("collateral job", () => {
  let scene: Scene;
  let machine: World;
  let service: IntelService;
  let workloadId: Hex;
  let restore: () => Promise<void>;

  /** The same platform as Intel speaks of it at another time. */
  const at = (atS: number): World => machine.remint({ at: atS, ...issuedAt(atS - 60) });
  const platform = (): string => `tdx:${hexOf(machine.platform.sgx.fmspc)}:${machine.ca}`;

  before(async () => {
    // a local chain's clock starts when the process does, which may have run other tests for minutes
    const nowS = Math.floor(Date.now() / 1_000) - 3_600;
    machine = mintWorld({ at: nowS, ...issuedAt(nowS - 60) });
    workloadId = workloadIdOf(deployer, workloadSalt);
    scene = await openScene({
      nodes: 2,
      task: { workloadId },
      adjust: (p) => ({ ...p, attestationRoot: rootOf(machine.rootKey) }),
    });
    service = await startIntelService(machine);
  });
  after(async () => {
    await service.close();
    await scene.close();
  });
  beforeEach(async () => {
    restore = await scene.snapshot();
    service.serve(machine);
  });
  afterEach(() => restore());

  type Settings = NonNullable<SettingsInput["collateral"]>;
  const open = async (settings: Settings = {}): Promise<{ parts: Parts; job: Job }> => {
    const { baseUrl, rootCrlUrl } = service;
    const collateral = { baseUrl, rootCrlUrl, freshMs: 0, ...settings };
    const parts = await scene.open({ jobs: ["collateral"], collateral });
    return { parts, job: await makeJob("collateral", parts) };
  };
  const pass = async ({ parts, job }: { parts: Parts; job: Job }): Promise<{ done: number; failed: number }> => {
    await parts.chain.sync();
    const { done, failed } = await job.pass(noSignal);
    await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return { done, failed };
  };
  const ends = async (): Promise<{ info: number; identity: number }> => {
    const { ethers, instance } = scene.market;
    const collateral = await ethers.getContractAt("DcapCollateral", instance.collateral);
    const info = await collateral.tcbInfo(0x81, machine.platform.sgx.fmspc, machine.evaluation);
    const identity = await collateral.qeIdentity(0x81, machine.evaluation);
    return { info: Number(info.nextUpdate), identity: Number(identity.nextUpdate) };
  };
  /** Binds a node's key by a quote of the machine. */
  const bind = async (): Promise<void> => {
    const { market } = scene;
    const [node] = market.nodes;
    if (node === undefined) throw new Error("There is no node.");
    await registerWorkload(market, machine);
    await prepareMachine(market, machine);
    await market.teeRegistry.attest(...(await attestArgs({ ...market, workloadId }, machine, node)));
  };
  const liveUntil = async (): Promise<number> => {
    const [node] = scene.market.nodes;
    return Number(await scene.market.teeRegistry.liveUntil(workloadId, node?.nodeId ?? 0n, node?.signer.address ?? ""));
  };

  it("posts what Intel says of the configured platforms, signer first, and no more", async () => {
    const keeper = await open({ platforms: [platform()] });
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 0 }); // the signer
    expect(await pass(keeper)).to.deep.equal({ done: 2, failed: 0 });
    const nowS = await scene.market.networkHelpers.time.latest();
    const { info, identity } = await ends();
    expect(info).to.be.greaterThan(nowS + 29 * dayS);
    expect(identity).to.be.greaterThan(nowS + 29 * dayS);
    expect(await pass(keeper)).to.deep.equal({ done: 0, failed: 0 });
  });

  it("asks nobody and posts nothing where no machine is bound and no platform is named", async () => {
    const asked = service.requests.length;
    expect(await pass(await open())).to.deep.equal({ done: 0, failed: 0 });
    expect(service.requests).to.have.length(asked);
  });

  it("keeps the texts of a bound machine fresh: a week before they end, once Intel has later ones", async () => {
    await bind();
    const keeper = await open();
    const before = await ends();
    expect(await pass(keeper)).to.deep.equal({ done: 0, failed: 0 });
    await scene.passTime(24 * dayS);
    expect(await pass(keeper)).to.deep.equal({ done: 0, failed: 0 }); // the service still has the same
    service.serve(at(await scene.market.networkHelpers.time.latest()));
    expect(await pass(keeper)).to.deep.equal({ done: 2, failed: 0 });
    const after = await ends();
    expect(after.info).to.be.greaterThan(before.info + 20 * dayS);
    expect(after.identity).to.be.greaterThan(before.identity + 20 * dayS);
  });

  it("posts nothing for machines whose keys serve no task: strangers cannot have it spend gas", async () => {
    await bind();
    const { taskRegistry, taskId, nodes, owner } = scene.market;
    await taskRegistry.connect(owner).unsubscribe(taskId, nodes[0]?.nodeId ?? 0n);
    await scene.passTime(24 * dayS);
    service.serve(at(await scene.market.networkHelpers.time.latest()));
    expect(await pass(await open())).to.deep.equal({ done: 0, failed: 0 });
  });

  it("proves that a machine's certificate is revoked, and ends what it was bound by", async () => {
    await bind();
    const keeper = await open();
    expect(await liveUntil()).to.be.greaterThan(0);
    service.serve(machine.remint({ pckCrl: { revoked: [{ serial: machine.certificates.pck.serial }] } }));
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 0 });
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 0 });
    expect(await liveUntil()).to.equal(0);
    expect(await keeper.parts.chain.pcks()).to.deep.equal([]);
    expect(await pass(keeper)).to.deep.equal({ done: 0, failed: 0 });
  });

  it("proves it too of a machine whose key is bound to nothing", async () => {
    await prepareMachine(scene.market, machine);
    const keeper = await open();
    service.serve(machine.remint({ pckCrl: { revoked: [{ serial: machine.certificates.pck.serial }] } }));
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 0 });
    expect(await keeper.parts.chain.pcks()).to.deep.equal([]);
  });

  it("leaves revocations to others where it is told to", async () => {
    await bind();
    const keeper = await open({ revoke: false });
    service.serve(machine.remint({ pckCrl: { revoked: [{ serial: machine.certificates.pck.serial }] } }));
    expect(await pass(keeper)).to.deep.equal({ done: 0, failed: 0 });
    expect(await liveUntil()).to.be.greaterThan(0);
  });

  it("ends bindings to a measurement that was removed", async () => {
    await bind();
    const { teeRegistry, deployer } = scene.market;
    await teeRegistry.connect(deployer).removeMeasurement(workloadId, measuredOf(machine));
    expect(await pass(await open())).to.deep.equal({ done: 1, failed: 0 });
    expect(await liveUntil()).to.equal(0);
  });

  it("ends no more than four bindings in a pass, and the rest in the next", async () => {
    await bind();
    const { market } = scene;
    const [node] = market.nodes;
    if (node === undefined) throw new Error("There is no node.");
    for (const name of ["a", "b", "c", "d"]) {
      const signs = labelledKey(`another key, ${name}`);
      const args = await attestArgs({ ...market, workloadId }, machine, node, {
        keys: { signer: signs.address },
        signs,
      });
      await market.teeRegistry.attest(...args);
    }
    await market.teeRegistry.connect(market.deployer).removeMeasurement(workloadId, measuredOf(machine));
    const keeper = await open();
    expect((await pass(keeper)).done).to.equal(4);
    expect((await pass(keeper)).done).to.equal(1);
    expect(await keeper.parts.chain.boundKeys(0)).to.deep.equal([]);
  });

  it("counts a service that fails, and does the rest", async () => {
    await bind();
    const { teeRegistry, deployer } = scene.market;
    const keeper = await open({ platforms: ["tdx:ffffffffffff:platform"] });
    await teeRegistry.connect(deployer).removeMeasurement(workloadId, measuredOf(machine));
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 1 }); // Intel knows no such platform
  });

  it("believes nobody but Intel's root", async () => {
    const other = mintWorld({ seed: "another root", at: machine.at });
    service.serve(other.remint({ sgx: { fmspc: machine.platform.sgx.fmspc } }));
    expect(await pass(await open({ platforms: [platform()] }))).to.deep.equal({ done: 0, failed: 1 });
    expect(await ends()).to.deep.equal({ info: 0, identity: 0 });
  });

  it("asks the service again only when what it said is an hour old", async () => {
    const keeper = await open({ platforms: [platform()], freshMs: 3_600_000 });
    const asked = service.requests.length;
    await pass(keeper);
    await pass(keeper);
    expect(service.requests).to.have.length(asked + 4);
    await scene.passTime(3_601);
    await pass(keeper);
    expect(service.requests).to.have.length(asked + 8);
  });

  it("posts later texts at once when a signer was revoked, which it proves", async () => {
    await bind();
    const keeper = await open();
    const revoked = { revoked: [{ serial: machine.certificates.tcbSigning.serial }] };
    await scene.mine();
    const nowS = await scene.market.networkHelpers.time.latest();
    const successor = mintWorld({ seed: "a later signer", at: nowS }).certificates.tcbSigning;
    const issued = (atS: number): World =>
      machine.remint({
        at: atS,
        ...issuedAt(atS),
        rootCrl: { ...revoked, thisUpdate: atS },
        certificates: { tcbSigning: { key: successor.key, serial: successor.serial } },
      });
    service.serve(issued(nowS));
    await pass(keeper); // the revocation: what was issued before it counts no more, whoever signed it
    await scene.passTime(60);
    const laterS = await scene.market.networkHelpers.time.latest();
    service.serve(issued(laterS));
    for (let i = 0; i < 3; i++) await pass(keeper); // the new signer, then the texts
    const { ethers, instance } = scene.market;
    const collateral = await ethers.getContractAt("DcapCollateral", instance.collateral);
    const { fmspc } = machine.platform.sgx;
    const [info] = await collateral.collateralOf(0x81, fmspc, machine.evaluation); // reverts for texts that count no more
    expect(Number(info.issueDate)).to.equal(laterS);
  });

  it("finds the list of an authority though a platform that is named is not known to the service", async () => {
    await prepareMachine(scene.market, machine);
    const keeper = await open({ platforms: [`tdx:ffffffffffff:${machine.ca}`] });
    service.serve(machine.remint({ pckCrl: { revoked: [{ serial: machine.certificates.pck.serial }] } }));
    expect(await pass(keeper)).to.deep.equal({ done: 1, failed: 1 });
    expect(await keeper.parts.chain.pcks()).to.deep.equal([]);
  });

  it("ends a binding again that was made again with the same end", async () => {
    await bind();
    const { teeRegistry, deployer: owner, nodes, networkHelpers } = scene.market;
    const [node] = nodes;
    if (node === undefined) throw new Error("There is no node.");
    const keeper = await open();
    const until = await liveUntil();
    for (let i = 0; i < 2; i++) {
      await teeRegistry.connect(owner).removeMeasurement(workloadId, measuredOf(machine));
      expect((await pass(keeper)).done).to.equal(1);
      expect(await liveUntil()).to.equal(0);
      if (i === 1) break;
      await teeRegistry.connect(owner).addMeasurement(workloadId, measuredOf(machine));
      await networkHelpers.time.increase(dayS + 1);
      await teeRegistry.attest(...(await attestArgs({ ...scene.market, workloadId }, machine, node)));
      expect(await liveUntil()).to.equal(until); // the texts end first
      await scene.mine(1);
    }
  });

  it("does all in one run from cron", async () => {
    const keeper = await open({ platforms: [platform()] });
    await keeper.parts.chain.sync();
    expect(await keeper.job.once(noSignal)).to.deep.equal({ done: 3, failed: 0 });
    expect((await ends()).info).to.be.greaterThan(0);
  });
});
