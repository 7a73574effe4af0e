import { expect } from "chai";
import { network } from "hardhat";
import { concat, type Hex, numberToHex, sha256, slice } from "viem";
import { publicKeyOf, roundMessage, signRound } from "../../sdk/drand/bls.ts";
import { evmnet } from "../../sdk/drand/evmnet.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import type { DrandNetwork } from "../../sdk/drand/types.ts";
import { maxRound } from "../../sdk/drand/types.ts";
import { packWord, randomnessOf, unpackWord } from "../../sdk/drand/word.ts";
import type { DrandBeacon } from "../../types/index.js";
import fixture from "../fixtures/drand-evmnet.json" with { type: "json" };

const submitCeiling = 220_000n;
const sampledRounds = 64n;
const fieldModulus = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
// On the twist at x = 1, but not of the order of the pairing's subgroup.
const outsideSubgroup = [
  0n,
  1n,
  0x2351dcdda257b62181cbd745dfee16d5fdf4eb185bbcf33c20a0fe6eaa9cb4a3n,
  0x07fb3d558dafafb6bf6dd326a5fefe0beca3f9ac3bd999a390d504fad34b0b8cn,
];
const secretKey = 0x1f3c5a7e9b2d4f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7en;
const beacons = fixture.evmnet.beacons.map(({ round, sig, randomness }) => ({
  round: BigInt(round),
  signature: `0x${sig}` as Hex,
  randomness: BigInt(`0x${randomness}`),
}));
const [first, second] = beacons as [(typeof beacons)[0], (typeof beacons)[0], ...typeof beacons];
const xOf = (signature: Hex) => BigInt(slice(signature, 0, 32));
const yOf = (signature: Hex) => BigInt(slice(signature, 32));
const encode = (x: bigint, y: bigint) => concat([numberToHex(x, { size: 32 }), numberToHex(y, { size: 32 })]);
const flipBit = (signature: Hex, bit: number) => numberToHex(BigInt(signature) ^ (1n << BigInt(bit)), { size: 64 });

async function deployBeacon({ genesisS, periodS, publicKey }: DrandNetwork) {
  const connection = await network.create();
  const { ethers, networkHelpers } = connection;
  const beacon = await ethers.deployContract("DrandBeacon", [genesisS, periodS, [...publicKey]]);
  const sink = await ethers.deployContract("RoundSink", [await beacon.getAddress()]);
  const [deployer, other] = await ethers.getSigners();
  if (deployer === undefined || other === undefined) throw new Error("The network has too few accounts.");
  return { ethers, networkHelpers, beacon, sink, deployer, other };
}

/** Calls the contract's own `connect`, which ethers hides behind a method of its own. */
function connectSink(beacon: DrandBeacon, sink: string) {
  return beacon.getFunction("connect")(sink);
}

async function connectBeacon(drand: DrandNetwork) {
  const deployed = await deployBeacon(drand);
  await connectSink(deployed.beacon, await deployed.sink.getAddress());
  return deployed;
}

async function gasOfSubmit(beacon: DrandBeacon, round: bigint, signature: Hex) {
  const receipt = await (await beacon.submit(round, signature)).wait();
  if (receipt === null) throw new Error(`Round ${round} was not mined.`);
  return receipt.gasUsed;
}

describe("DrandBeacon", () => {
  let evmnetBeacon: Awaited<ReturnType<typeof connectBeacon>>;
  before(async () => {
    evmnetBeacon = await connectBeacon(evmnet);
  });

  describe("on rounds of evmnet", () => {
    it("stores the hash of each real signature and the time of the block that posted it", async () => {
      const { beacon, sink, other, networkHelpers } = evmnetBeacon;
      for (const { round, signature, randomness } of beacons) {
        const transaction = await beacon.connect(other).submit(round, signature);
        const postedAtS = BigInt(await networkHelpers.time.latest());
        const word = packWord({ randomness: BigInt.asUintN(216, randomness), postedAtS });
        await expect(transaction).to.emit(sink, "RoundRecorded").withArgs(round, word);
        expect(await beacon.word(round)).to.equal(word);
        expect(randomness).to.equal(BigInt(sha256(signature)));
        expect(unpackWord(word)).to.deep.equal({ randomness: randomnessOf(signature), postedAtS });
      }
    });

    it("costs at most 220,000 gas a round, whole transaction, new storage slot", async () => {
      const { beacon, ethers } = await connectBeacon(evmnet);
      const harness = await ethers.deployContract("BlsHarness");
      for (const { round, signature } of beacons) {
        const gas = await gasOfSubmit(beacon, round, signature);
        const [x, y] = [xOf(signature), yOf(signature)];
        const check = await harness.isSignature(roundMessage(round), x, y, [...evmnet.publicKey]);
        console.log(`      round ${round}: submit ${gas}, of which the signature check ${check.gasUsed}`);
        expect(gas).to.be.at.most(submitCeiling);
      }
    });

    it(`stays below that ceiling for ${sampledRounds} rounds in a row, whichever way their hashes go`, async () => {
      const { beacon } = await connectBeacon({ ...evmnet, publicKey: publicKeyOf(secretKey) });
      const used: bigint[] = [];
      for (let round = 1n; round <= sampledRounds; round++) {
        used.push(await gasOfSubmit(beacon, round, signRound(secretKey, round)));
      }
      const [least = 0n, most = 0n] = [used.reduce((a, b) => (a < b ? a : b)), used.reduce((a, b) => (a > b ? a : b))];
      console.log(`      least ${least}, mean ${used.reduce((a, b) => a + b) / sampledRounds}, most ${most}`);
      expect(most).to.be.at.most(submitCeiling);
      expect(most - least).to.be.lessThan(15_000n); // two exponentiations at most lie between them
    });

    it("never changes a stored round, and spends little on one", async () => {
      const { beacon, sink, networkHelpers } = await connectBeacon(evmnet);
      await beacon.submit(first.round, first.signature);
      const word = await beacon.word(first.round);
      for (const signature of [first.signature, second.signature, "0x1234"]) {
        await networkHelpers.time.increase(3600);
        const transaction = await beacon.submit(first.round, signature);
        await expect(transaction).not.to.emit(sink, "RoundRecorded");
        expect((await transaction.wait())?.gasUsed).to.be.lessThan(40_000n);
        expect(await beacon.word(first.round)).to.equal(word);
      }
    });

    it("stamps a round that is posted by a lagging clock with that clock", async () => {
      const { beacon, networkHelpers } = await connectBeacon({ ...evmnet, genesisS: 4_000_000_000n });
      const postedAtS = timeOf({ ...evmnet, genesisS: 4_000_000_000n }, first.round) - 1000n;
      await networkHelpers.time.setNextBlockTimestamp(postedAtS);
      await beacon.submit(first.round, first.signature);
      expect(unpackWord(await beacon.word(first.round))?.postedAtS).to.equal(postedAtS);
    });

    it("reads an unknown round as zero", async () => {
      expect(await evmnetBeacon.beacon.word(maxRound)).to.equal(0n);
    });
  });

  describe("refuses", () => {
    const submitTo = (round: bigint, signature: Hex) => evmnetBeacon.beacon.submit.staticCall(round, signature);
    const fresh = first.round ^ 1n; // a round that no test stores

    it("round 0", async () => {
      await expect(submitTo(0n, first.signature)).to.be.revertedWithCustomError(evmnetBeacon.beacon, "RoundZero");
    });

    it("a signature that is not 64 bytes long", async () => {
      for (const signature of ["0x", slice(first.signature, 0, 63), `${first.signature}00`] satisfies Hex[]) {
        await expect(submitTo(fresh, signature))
          .to.be.revertedWithCustomError(evmnetBeacon.beacon, "SignatureLengthInvalid")
          .withArgs((signature.length - 2) / 2);
      }
    });

    it("a coordinate that is not below the field modulus, although it names the same point", async () => {
      const [x, y] = [xOf(first.signature), yOf(first.signature)];
      const { beacon } = await connectBeacon(evmnet);
      for (const [a, b] of [
        [x + fieldModulus, y],
        [x, y + fieldModulus],
      ] as const) {
        await expect(beacon.submit.staticCall(first.round, encode(a, b)))
          .to.be.revertedWithCustomError(beacon, "SignatureNotOnCurve")
          .withArgs(a, b);
      }
    });

    it("infinity", async () => {
      await expect(submitTo(fresh, encode(0n, 0n))).to.be.revertedWithCustomError(
        evmnetBeacon.beacon,
        "SignatureNotOnCurve",
      );
    });

    it("every change of one bit of a signature", async () => {
      const { beacon } = await connectBeacon(evmnet);
      await beacon.submit.staticCall(first.round, first.signature);
      for (let bit = 0; bit < 512; bit++) {
        const changed = beacon.submit.staticCall(first.round, flipBit(first.signature, bit));
        await expect(changed).to.be.revertedWithCustomError(beacon, "SignatureNotOnCurve");
      }
    });

    it("the negated point, the generator, and another round's signature", async () => {
      const { beacon } = await connectBeacon(evmnet);
      const negated = encode(xOf(first.signature), fieldModulus - yOf(first.signature));
      for (const signature of [negated, encode(1n, 2n), second.signature]) {
        await expect(beacon.submit.staticCall(first.round, signature))
          .to.be.revertedWithCustomError(beacon, "SignatureInvalid")
          .withArgs(first.round);
      }
    });

    it("a signature under another round number", async () => {
      for (const round of [fresh, first.round + 2n ** 32n, maxRound]) {
        await expect(submitTo(round, first.signature))
          .to.be.revertedWithCustomError(evmnetBeacon.beacon, "SignatureInvalid")
          .withArgs(round);
      }
    });

    it("another key's signature", async () => {
      await expect(submitTo(fresh, signRound(secretKey, fresh))).to.be.revertedWithCustomError(
        evmnetBeacon.beacon,
        "SignatureInvalid",
      );
    });

    it("a call with too little gas for the pairing", async () => {
      const { beacon } = await connectBeacon(evmnet);
      const starved = beacon.submit.staticCall(first.round, first.signature, { gasLimit: 130_000n });
      await expect(starved).to.revert(evmnetBeacon.ethers);
      expect(await beacon.word(first.round)).to.equal(0n);
    });
  });

  describe("of a private network", () => {
    it("accepts what its own key signs, first and last round included, and nothing else", async () => {
      const { beacon } = await connectBeacon({ genesisS: 1n, periodS: 1n, publicKey: publicKeyOf(secretKey) });
      for (const round of [1n, 2n, 255n, 256n, 2n ** 32n, maxRound]) {
        const foreign = beacon.submit.staticCall(round, signRound(secretKey + 1n, round));
        await expect(foreign).to.be.revertedWithCustomError(beacon, "SignatureInvalid").withArgs(round);
        await beacon.submit(round, signRound(secretKey, round));
        expect((await beacon.word(round)) >> 40n).to.equal(randomnessOf(signRound(secretKey, round)));
      }
    });
  });

  describe("when deployed", () => {
    it("shows its schedule, its key and its deployer", async () => {
      const { beacon, sink, deployer } = evmnetBeacon;
      expect(await beacon.genesis()).to.equal(evmnet.genesisS);
      expect(await beacon.period()).to.equal(evmnet.periodS);
      expect(await beacon.publicKey()).to.deep.equal([...evmnet.publicKey]);
      expect(await beacon.deployer()).to.equal(deployer.address);
      expect(await beacon.sink()).to.equal(await sink.getAddress());
    });

    it("refuses a key at infinity, off the twist, out of range, or outside the subgroup", async () => {
      const { ethers, beacon } = evmnetBeacon;
      const [x1, x0, y1, y0] = evmnet.publicKey;
      const keys = [[0n, 0n, 0n, 0n], [x1, x0, y1, y0 + 1n], [x1 + fieldModulus, x0, y1, y0], outsideSubgroup];
      for (const key of keys) {
        const deployment = ethers.deployContract("DrandBeacon", [1n, 1n, key as [bigint, bigint, bigint, bigint]]);
        await expect(deployment).to.be.revertedWithCustomError(beacon, "PublicKeyInvalid").withArgs(key);
      }
    });

    it("refuses a schedule without genesis or period", async () => {
      const { ethers, beacon } = evmnetBeacon;
      for (const [genesisS, periodS] of [
        [0n, 3n],
        [1n, 0n],
      ] as const) {
        const deployment = ethers.deployContract("DrandBeacon", [genesisS, periodS, [...evmnet.publicKey]]);
        await expect(deployment).to.be.revertedWithCustomError(beacon, "ScheduleInvalid").withArgs(genesisS, periodS);
      }
    });
  });

  describe("before and after it is connected", () => {
    it("takes no round and reads none without a sink", async () => {
      const { beacon } = await deployBeacon(evmnet);
      const submission = beacon.submit(first.round, first.signature);
      await expect(submission).to.be.revertedWithCustomError(beacon, "NotConnected");
      await expect(beacon.word(1n)).to.be.revertedWithCustomError(beacon, "NotConnected");
    });

    it("lets only its deployer connect it", async () => {
      const { beacon, sink, deployer, other } = await deployBeacon(evmnet);
      await expect(connectSink(beacon.connect(other), await sink.getAddress()))
        .to.be.revertedWithCustomError(beacon, "NotDeployer")
        .withArgs(other.address, deployer.address);
    });

    it("refuses a sink without code", async () => {
      const { beacon, other } = await deployBeacon(evmnet);
      await expect(connectSink(beacon, other.address))
        .to.be.revertedWithCustomError(beacon, "SinkWithoutCode")
        .withArgs(other.address);
    });

    it("stays connected to its first sink for ever", async () => {
      const { beacon, sink, ethers } = await deployBeacon(evmnet);
      const address = await sink.getAddress();
      await expect(connectSink(beacon, address)).to.emit(beacon, "Connected").withArgs(address);
      const rival = await ethers.deployContract("RoundSink", [await beacon.getAddress()]);
      for (const target of [address, await rival.getAddress()]) {
        await expect(connectSink(beacon, target))
          .to.be.revertedWithCustomError(beacon, "AlreadyConnected")
          .withArgs(address);
      }
      expect(await beacon.sink()).to.equal(address);
    });
  });
});
