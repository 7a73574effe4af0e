import { expect } from "chai";
import { keccak256, numberToHex, stringToHex, toHex, zeroAddress, zeroHash } from "viem";
import { labelledKey } from "../../../deploy/local/world.ts";
import { bindingHash, challengeHash, workloadIdOf } from "../../../sdk/attestation/binding.ts";
import { chainEvidenceOf } from "../../../sdk/attestation/chain-calls.ts";
import { measurementOf } from "../../../sdk/attestation/measurement.ts";
import { statusBitmap } from "../../../sdk/attestation/status.ts";
import { localChainId } from "../../../deploy/local/world.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { timeText } from "../../../keepers/attestation/dev/signed-text.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import {
  attestArgs,
  machineOf,
  measuredOf,
  plainWorkload,
  prepareMachine,
  registerWorkload,
  revokeCertificate,
  type Showing,
  useTeeMarket,
} from "../../helpers/tee.ts";

const dayS = 86_400;
const hourS = 3_600;
const historyContract = "0x0000F90827F1C53a10cb7A02335B175320002935";
const historyCode =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

describe("The TEE registry", function () {
  this.timeout(300_000);
  printSeedOnFailure();
  const machine = machineOf("registry");
  const market = useTeeMarket(machine, { nodes: 3 });
  const nodeAt = (i: number) => {
    const node = market().nodes[i];
    if (node === undefined) throw new Error(`There is no node ${i}.`);
    return node;
  };
  const attest = async (showing: Showing = {}, i = 0, from = machine) =>
    market().teeRegistry.attest(...(await attestArgs(market(), from, nodeAt(i), showing)));

  describe("binds a node's keys", () => {
    beforeEach(async () => {
      await registerWorkload(market(), machine);
      await prepareMachine(market(), machine);
    });

    it("for as long as the workload says, and tells of it", async () => {
      const m = market();
      const { nodeId, signer } = nodeAt(0);
      const sent = await attest();
      const { timestamp } = await m.world.chain.getBlock();
      const until = timestamp + BigInt(plainWorkload.maxAge);
      const hpkeKey = keccak256(stringToHex(`hpke ${nodeId}`));
      const pckId = chainEvidenceOf(machine.quote().bytes, machine.collateral()).quote.pckId;
      await expect(sent)
        .to.emit(m.teeRegistry, "NodeAttested")
        .withArgs(
          m.workloadId,
          nodeId,
          signer.address,
          hpkeKey,
          measuredOf(machine),
          pckId,
          zeroHash,
          zeroHash,
          1,
          until,
        );
      const binding = await m.teeRegistry.bindingOf(m.workloadId, signer.address);
      expect([binding.nodeId, binding.until]).to.deep.equal([nodeId, until]);
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.equal(until);
      expect(await m.teeRegistry.liveUntil(m.workloadId, 2, signer.address)).to.equal(0n);
      expect(await m.teeRegistry.machineOf(toHex(machine.platform.sgx.ppid))).to.deep.equal([nodeId, until]);
      await m.networkHelpers.time.increaseTo(until);
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.equal(until);
      await m.networkHelpers.time.increase(1);
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.equal(0n);
    });

    it("again, for longer; an old key lives on beside a new one", async () => {
      const m = market();
      const { nodeId, signer } = nodeAt(0);
      await attest();
      const first = await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address);
      await m.networkHelpers.time.increase(dayS);
      await m.networkHelpers.mine();
      await attest();
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.be.above(first);
      const other = labelledKey("a second enclave");
      await attest({ keys: { signer: other.address }, signs: other });
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, other.address)).to.not.equal(0n);
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.not.equal(0n);
    });

    it("no longer than collateral and certificate are good for", async () => {
      const m = market();
      const end = Number((await m.world.chain.getBlock()).timestamp) + 10 * dayS;
      const text = { issueDate: timeText(end - 11 * dayS + 60), nextUpdate: timeText(end) };
      const brief = machine.remint({ tcbInfo: text, evaluation: 70 });
      await prepareMachine(m, brief);
      await attest({ evaluation: 70 }, 0, brief);
      const { nodeId, signer } = nodeAt(0);
      expect(await m.teeRegistry.liveUntil(m.workloadId, nodeId, signer.address)).to.equal(BigInt(end));
    });

    const refused = async (error: string, showing: Showing, i = 0) =>
      expect(attest(showing, i)).to.be.revertedWithCustomError(market().teeRegistry, error);

    it("not for another node, owner, key, chain or registry than the quote is about", async () => {
      const { signer: stranger } = nodeAt(1);
      await refused("WrongBinding", { shown: { signer: stranger.address }, signs: stranger });
      await refused("WrongBinding", { shown: { hpkeKey: keccak256("0x01") } });
      await refused("WrongBinding", { shown: { gpuId: keccak256("0x01") } });
      await refused("WrongBinding", { shown: { gpuEvidenceHash: keccak256("0x01") } });
      await refused("WrongBinding", { shown: { runtimeHash: keccak256("0x01") } });
      await refused("WrongBinding", { shown: { nodeId: 2n } });
      await refused("WrongBinding", { keys: { owner: stranger.address } });
      await refused("WrongBinding", { chainId: 1n });
      await refused("WrongBinding", { registry: market().instance.escrow });
      await refused("WrongBinding", { reportData: new Uint8Array(64) });
    });

    it("not where the key itself did not sign: a quote copied by another is worth nothing", async () => {
      const m = market();
      await refused("NotSignedBySigner", { signs: nodeAt(1).signer });
      const args = await attestArgs(m, machine, nodeAt(0));
      const other = keccak256(stringToHex("another workload"));
      await registerWorkload(m, machine, { salt: other });
      const id = workloadIdOf(m.deployer.address as `0x${string}`, other);
      await expect(
        m.teeRegistry.attest(id, ...(args.slice(1) as never as [never, never, never])),
      ).to.be.revertedWithCustomError(m.teeRegistry, "NotSignedBySigner");
    });

    it("not by a quote that was shown before, nor by other collateral than the signer chose", async () => {
      const m = market();
      const args = await attestArgs(m, machine, nodeAt(0));
      await m.teeRegistry.attest(...args);
      await m.networkHelpers.time.increase(hourS);
      const bound = args[1].challengeBlock;
      await expect(m.teeRegistry.connect(m.stranger).attest(...args))
        .to.be.revertedWithCustomError(m.teeRegistry, "ChallengeNotNewer")
        .withArgs(bound, bound);
      await m.networkHelpers.mine();
      await refused("NotSignedBySigner", { signed: { evaluation: 1 } });
      await refused("NotSignedBySigner", { signed: { pckId: zeroHash } });
    });

    it("not of a node that nobody owns", async () => {
      await expect(attest({ keys: { nodeId: 77n } }))
        .to.be.revertedWithCustomError(market().teeRegistry, "UnknownNode")
        .withArgs(77);
    });

    it("whatever GPUs another workload's nodes claim: each workload has its own", async () => {
      const m = market();
      const gpuId = keccak256(stringToHex("a GPU"));
      const salt = keccak256(stringToHex("a thief's"));
      await registerWorkload(m, machine, { salt });
      const workloadId = workloadIdOf(m.deployer.address as `0x${string}`, salt);
      const other = machineWithOtherPpid();
      await prepareMachine(m, other);
      await m.teeRegistry.addMeasurement(workloadId, measuredOf(other));
      await m.networkHelpers.time.increase(dayS);
      await attest({ workloadId, keys: { gpuId } }, 1, other);
      await attest({ keys: { gpuId } });
      expect((await m.teeRegistry.gpuOf(m.workloadId, gpuId))[0]).to.equal(1n);
    });

    it("not with a stale challenge, one of another node, or one of a block to come", async () => {
      const m = market();
      const block = await m.world.chain.getBlockNumber();
      await refused("WrongChallenge", { challenge: challengeHash(keccak256("0x02"), 1n, m.instance.teeRegistry) });
      const { hash } = await m.world.chain.getBlock();
      await refused("WrongChallenge", { challenge: challengeHash(hash, 2n, m.instance.teeRegistry) });
      const args = await attestArgs(m, machine, nodeAt(0));
      const later = { ...args[1], challengeBlock: block + 100n };
      await expect(m.teeRegistry.attest(args[0], later, args[2], args[3]))
        .to.be.revertedWithCustomError(m.teeRegistry, "ChallengeTooOld")
        .withArgs(block + 100n);
      await m.networkHelpers.mine(300);
      await expect(m.teeRegistry.attest(...args)).to.be.revertedWithCustomError(m.teeRegistry, "ChallengeTooOld");
      await keepHistory(args[1].challengeBlock);
      await m.teeRegistry.attest.staticCall(...args);
      await m.networkHelpers.mine(8_191);
      await expect(m.teeRegistry.attest(...args))
        .to.be.revertedWithCustomError(m.teeRegistry, "ChallengeTooOld")
        .withArgs(args[1].challengeBlock);
    });

    /** What the local chain leaves out: the contract of EIP-2935, and what the system writes into it with each block. */
    async function keepHistory(block: bigint): Promise<void> {
      const { networkHelpers, world } = market();
      const { hash } = await world.chain.getBlock({ blockNumber: block });
      await networkHelpers.setCode(historyContract, historyCode);
      await networkHelpers.setStorageAt(historyContract, block % 8_191n, hash);
    }

    it("not where the workload does not allow the measurement, the status, the evaluation number or the TEE", async () => {
      const m = market();
      await expect(attest({ quote: { name: "another TD" } }))
        .to.be.revertedWithCustomError(m.teeRegistry, "MeasurementNotAllowed")
        .withArgs(measuredOf(machine, 0, { name: "another TD" }), 0);
      const late = machine.remint({ status: { platform: "OutOfDate" }, evaluation: 71 });
      await prepareMachine(m, late);
      await expect(attest({ evaluation: 71 }, 0, late))
        .to.be.revertedWithCustomError(m.teeRegistry, "StatusNotAllowed")
        .withArgs(5);
      await m.teeRegistry.tighten(m.workloadId, plainWorkload.statuses, 1_000, hourS);
      await refused("EvaluationTooLow", {});
      const salt = keccak256(stringToHex("for enclaves"));
      await registerWorkload(m, machine, { salt, tee: 0 });
      const workloadId = workloadIdOf(m.deployer.address as `0x${string}`, salt);
      await refused("WrongTee", { workloadId });
    });

    it("not of a machine or GPUs that back another node, until their time is over", async () => {
      const m = market();
      const gpuId = keccak256(stringToHex("a GPU"));
      await attest({ keys: { gpuId } });
      const until = await m.teeRegistry.liveUntil(m.workloadId, 1, nodeAt(0).signer.address);
      await expect(attest({}, 1))
        .to.be.revertedWithCustomError(m.teeRegistry, "MachineTaken")
        .withArgs(toHex(machine.platform.sgx.ppid), 1, until);
      const other = machineWithOtherPpid();
      await prepareMachine(m, other);
      await m.teeRegistry.addMeasurement(m.workloadId, measuredOf(other));
      await m.networkHelpers.time.increase(dayS);
      await expect(attest({ keys: { gpuId } }, 1, other))
        .to.be.revertedWithCustomError(m.teeRegistry, "GpuTaken")
        .withArgs(gpuId, 1, until);
      await attest({}, 1, other);
      await m.networkHelpers.time.increaseTo(until + 1n);
      await attest({ keys: { gpuId } }, 2);
      expect((await m.teeRegistry.machineOf(toHex(machine.platform.sgx.ppid)))[0]).to.equal(3n);
      expect((await m.teeRegistry.gpuOf(m.workloadId, gpuId))[0]).to.equal(3n);
    });

    const machineWithOtherPpid = () =>
      machine.remint({
        sgx: { ppid: new Uint8Array(16).fill(7) },
        certificates: { pck: { serial: 7n } },
        evaluation: machine.tcbInfo("TDX").tcbEvaluationDataNumber,
      });

    it("until its owner revokes them; then never again, also by a quote made before", async () => {
      const m = market();
      const args = await attestArgs(m, machine, nodeAt(0));
      await m.teeRegistry.attest(...args);
      const key = nodeAt(0).signer.address;
      await expect(m.teeRegistry.connect(m.stranger).revokeBinding(m.workloadId, key))
        .to.be.revertedWithCustomError(m.teeRegistry, "NotNodeOwner")
        .withArgs(1, m.stranger.address);
      await expect(m.teeRegistry.connect(m.owner).revokeBinding(m.workloadId, key))
        .to.emit(m.teeRegistry, "BindingEnded")
        .withArgs(m.workloadId, key);
      expect(await m.teeRegistry.liveUntil(m.workloadId, 1, key)).to.equal(0n);
      await expect(m.teeRegistry.attest(...args)).to.be.revertedWithCustomError(m.teeRegistry, "KeyIsRevoked");
      const unknown = m.teeRegistry.connect(m.owner).revokeBinding(m.workloadId, nodeAt(1).signer.address);
      await expect(unknown).to.be.revertedWithCustomError(m.teeRegistry, "UnknownBinding");
    });

    it("until the measurement is removed, the evaluation number raised or the certificate revoked, and somebody says so", async () => {
      const m = market();
      const key = nodeAt(0).signer.address;
      const pckId = chainEvidenceOf(machine.quote().bytes, machine.collateral()).quote.pckId;
      const end = (measurement = measuredOf(machine), pck = pckId) =>
        m.teeRegistry.connect(m.stranger).endBinding(m.workloadId, key, pck, measurement);
      await attest();
      await expect(end()).to.be.revertedWithCustomError(m.teeRegistry, "StillAllowed");
      await expect(end(keccak256("0x03"))).to.be.revertedWithCustomError(m.teeRegistry, "OtherEvidence");
      const alike = numberToHex(BigInt(measuredOf(machine)) ^ 1n, { size: 32 });
      await expect(end(alike)).to.be.revertedWithCustomError(m.teeRegistry, "OtherEvidence");
      await expect(end(measuredOf(machine), keccak256("0x03"))).to.be.revertedWithCustomError(
        m.teeRegistry,
        "OtherEvidence",
      );
      await m.teeRegistry.removeMeasurement(m.workloadId, measuredOf(machine));
      expect(await m.teeRegistry.liveUntil(m.workloadId, 1, key)).to.not.equal(0n);
      await expect(end()).to.emit(m.teeRegistry, "BindingEnded").withArgs(m.workloadId, key);
      expect(await m.teeRegistry.liveUntil(m.workloadId, 1, key)).to.equal(0n);
      await expect(end()).to.be.revertedWithCustomError(m.teeRegistry, "UnknownBinding");

      await m.teeRegistry.addMeasurement(m.workloadId, measuredOf(machine));
      await expect(attest()).to.be.revertedWithCustomError(m.teeRegistry, "MeasurementNotAllowed");
      await m.networkHelpers.time.increase(dayS);
      await attest();
      const bound = await m.networkHelpers.takeSnapshot();
      await m.teeRegistry.tighten(m.workloadId, plainWorkload.statuses, 1_000, hourS);
      await end();
      await bound.restore();
      await expect(end()).to.be.revertedWithCustomError(m.teeRegistry, "StillAllowed");
      await revokeCertificate(m, machine);
      await expect(end()).to.emit(m.teeRegistry, "BindingEnded").withArgs(m.workloadId, key);
    });

    it("until their owner revokes them, also if they have lapsed: no later quote brings them back", async () => {
      const m = market();
      const key = nodeAt(0).signer.address;
      await attest();
      await m.networkHelpers.time.increase(plainWorkload.maxAge + 1);
      await m.networkHelpers.mine();
      expect(await m.teeRegistry.liveUntil(m.workloadId, 1, key)).to.equal(0n);
      await m.teeRegistry.connect(m.owner).revokeBinding(m.workloadId, key);
      await refused("KeyIsRevoked", {});
    });

    it("of an enclave too, by its own measurement, or by its signer and a least version", async () => {
      const m = market();
      const quote = { tee: "SGX", version: 4, body: { isvSvn: 5 } } as const;
      await prepareMachine(m, machine, quote);
      const evaluation = machine.tcbInfo("SGX").tcbEvaluationDataNumber;
      const workloads = {
        code: { parts: 0, minIsvSvn: 0 },
        signer: { parts: 2, minIsvSvn: 5 },
        newer: { parts: 2, minIsvSvn: 6 },
      };
      const idOf = async (name: keyof typeof workloads) => {
        const [salt, fields] = [keccak256(stringToHex(name)), workloads[name]];
        await registerWorkload(m, machine, {
          salt,
          tee: 0,
          ...fields,
          measurements: [measuredOf(machine, fields.parts, quote)],
        });
        return workloadIdOf(m.deployer.address as `0x${string}`, salt);
      };
      for (const name of ["code", "signer"] as const) {
        const workloadId = await idOf(name);
        await attest({ workloadId, quote, evaluation });
        expect(await m.teeRegistry.liveUntil(workloadId, 1, nodeAt(0).signer.address)).to.not.equal(0n);
      }
      await expect(attest({ workloadId: await idOf("newer"), quote, evaluation }))
        .to.be.revertedWithCustomError(m.teeRegistry, "IsvSvnTooLow")
        .withArgs(5, 6);
    });

    it("as long as the workload is in force", async () => {
      const m = market();
      const key = nodeAt(0).signer.address;
      await attest();
      await m.teeRegistry.revokeWorkload(m.workloadId);
      expect(await m.teeRegistry.liveUntil(m.workloadId, 1, key)).to.equal(0n);
      await expect(attest()).to.be.revertedWithCustomError(m.teeRegistry, "WorkloadIsRevoked");
    });
  });

  describe("keeps workloads", () => {
    const salt = keccak256(stringToHex("bounds"));
    it("within their bounds, once", async () => {
      const m = market();
      for (const [field, value] of [
        ["tee", 1],
        ["parts", 8],
        ["statuses", 0],
        ["statuses", statusBitmap(["UpToDate", "Revoked"])],
        ["statuses", 1],
        ["maxAge", hourS - 1],
        ["maxAge", 30 * dayS + 1],
        ["minIsvSvn", 1],
      ] as const)
        await expect(registerWorkload(m, machine, { salt, measurements: [], [field]: value }))
          .to.be.revertedWithCustomError(m.teeRegistry, "WorkloadFieldOutOfBounds")
          .withArgs(field, value);
      await registerWorkload(m, machine, { salt, tee: 0, parts: 2, minIsvSvn: 3, measurements: [] });
      await expect(registerWorkload(m, machine, { salt, measurements: [] })) //
        .to.be.revertedWithCustomError(m.teeRegistry, "WorkloadExists");
    });

    it("that only their owner changes, and only to be stricter", async () => {
      const m = market();
      await registerWorkload(m, machine);
      const { teeRegistry: tee, workloadId } = m;
      const { statuses } = plainWorkload;
      const stranger = tee.connect(m.stranger);
      for (const call of [
        stranger.addMeasurement(workloadId, zeroHash),
        stranger.removeMeasurement(workloadId, zeroHash),
        stranger.tighten(workloadId, statuses, 1, hourS),
        stranger.transferWorkload(workloadId, m.stranger.address),
      ])
        await expect(call)
          .to.be.revertedWithCustomError(tee, "NotWorkloadOwner")
          .withArgs(workloadId, m.stranger.address);
      await expect(stranger.revokeWorkload(workloadId)) //
        .to.be.revertedWithCustomError(tee, "AccessManagedUnauthorized")
        .withArgs(m.stranger.address);
      const wider = statusBitmap(["UpToDate", "SWHardeningNeeded"]);
      await expect(tee.tighten(workloadId, wider, 1, hourS)).to.be.revertedWithCustomError(tee, "NotTighter");
      await expect(tee.tighten(workloadId, statuses, 0, hourS)).to.be.revertedWithCustomError(tee, "NotTighter");
      await expect(tee.tighten(workloadId, statuses, 1, 31 * dayS)).to.be.revertedWithCustomError(tee, "NotTighter");
      await expect(tee.tighten(workloadId, statuses, 1, 0)) //
        .to.be.revertedWithCustomError(tee, "WorkloadFieldOutOfBounds");
      await tee.tighten(workloadId, statuses, 2, hourS);
      const { minEvaluation, maxAge } = await tee.workloadOf(workloadId);
      expect([minEvaluation, maxAge]).to.deep.equal([2n, BigInt(hourS)]);
      await tee.transferWorkload(workloadId, m.stranger.address);
      await expect(tee.revokeWorkload(keccak256(salt))).to.be.revertedWithCustomError(tee, "UnknownWorkload");
      await tee.connect(m.stranger).transferWorkload(workloadId, zeroAddress);
      await expect(stranger.addMeasurement(workloadId, zeroHash)).to.be.revertedWithCustomError(
        tee,
        "NotWorkloadOwner",
      );
      await tee.connect(m.deployer).revokeWorkload(workloadId); // as governance: it is nobody's any more
      expect((await tee.workloadOf(workloadId)).statuses).to.equal(0n);
    });
  });

  it("computes measurements, bindings and challenges as TypeScript does", async () => {
    const m = market();
    const world = mintWorld({ seed: caseSeed("measurements") });
    for (const version of [3, 4, 5] as const)
      for (const parts of [0, 1, 2, 3, ...(version === 3 ? [] : [4, 5, 6, 7])]) {
        const { bytes, spans } = world.quote({ version });
        const body = bytes.subarray(0, spans.body.end);
        expect(await m.teeRegistry.measurementOf(body, parts)).to.equal(measurementOf(body, parts));
      }
    const node = nodeAt(1);
    const [, keys] = await attestArgs(m, machine, node);
    const domain = { chainId: localChainId, registry: m.instance.teeRegistry };
    expect(await m.teeRegistry.reportDataOf(keys)).to.equal(bindingHash(domain, keys));
    const block = await m.world.chain.getBlock();
    await m.networkHelpers.mine();
    const challenge = challengeHash(block.hash, 2n, m.instance.teeRegistry);
    expect(await m.teeRegistry.challengeOf(2, block.number)).to.equal(challenge);
  });
});
