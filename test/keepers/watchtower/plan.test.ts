import { expect } from "chai";
import { type Hex, keccak256, numberToHex } from "viem";
import type { AttestationMessage, CommitMessage } from "../../../keepers/network/messages.ts";
import { faultsOf, isExchangeOver, provableUntil, sampleOf } from "../../../keepers/watchtower/plan.ts";

const word = (n: number): Hex => keccak256(numberToHex(n));
const requestId = word(1);
const signature: Hex = `0x${"11".repeat(64)}`;

const commit = (nodeId: bigint, leaf: number, level = 0n): CommitMessage => ({
  requestId,
  level,
  nodeId,
  leaf: word(leaf),
  signature,
});
const attestation = (
  nodeId: bigint,
  digest: number,
  changes: Partial<AttestationMessage> = {},
): AttestationMessage => ({
  requestId,
  level: 0n,
  nodeId,
  digest: word(digest),
  committed: 1n,
  commitRoot: word(9),
  salt: `0x${"22".repeat(16)}`,
  leaves: [word(9)],
  signature,
  ...changes,
});
const kindsOf = (faults: ReturnType<typeof faultsOf>) =>
  faults.map(({ nodeId, level, proofs }) => [nodeId, level, proofs.map(({ kind }) => kind)]);

describe("watchtower's plan", () => {
  describe("of equivocation", () => {
    it("finds a node with two leaves, and one with two digests, once each", () => {
      const commits = [commit(1n, 1), commit(2n, 2), commit(2n, 3)];
      const attestations = [attestation(1n, 1), attestation(3n, 1), attestation(3n, 2), attestation(3n, 4)];
      expect(kindsOf(faultsOf({ commits, attestations }))).to.deep.equal([
        [2n, 0n, ["commits"]],
        [3n, 0n, ["attestations"]],
      ]);
    });

    it("gathers all that proves one fault", () => {
      const commits = [commit(1n, 1), commit(1n, 2)];
      const attestations = [attestation(1n, 1), attestation(1n, 2)];
      expect(kindsOf(faultsOf({ commits, attestations }))).to.deep.equal([[1n, 0n, ["commits", "attestations"]]]);
    });

    it("sees none in one digest under two roots, two signatures over one leaf, two nodes or two levels", () => {
      const commits = [
        commit(1n, 1),
        { ...commit(1n, 1), signature: `0x${"33".repeat(64)}` as const },
        commit(1n, 2, 1n),
        commit(2n, 2),
      ];
      const attestations = [
        attestation(1n, 1),
        attestation(1n, 1, { committed: 3n, commitRoot: word(8), leaves: [word(9), word(7)] }),
        attestation(1n, 2, { level: 1n }),
        attestation(2n, 2),
      ];
      expect(faultsOf({ commits, attestations })).to.deep.equal([]);
    });

    it("can be proven to the last second of the unbonding time", () => {
      expect(provableUntil(1_000n, 600n)).to.equal(1_600n);
    });
  });

  describe("of asking", () => {
    it("waits until members have said all they will", () => {
      expect(isExchangeOver({ state: "open" }, 100n, 100n)).to.equal(false);
      expect(isExchangeOver({ state: "open" }, 100n, 101n)).to.equal(true);
      for (const state of ["recorded", "settled", "refunded"] as const)
        expect(isExchangeOver({ state }, 100n, 50n)).to.equal(true);
    });

    it("takes as many as it may, each once, by chance", () => {
      const items = [1, 2, 3, 4, 5];
      expect(sampleOf(items, 2, () => 0)).to.deep.equal([1, 2]);
      expect(sampleOf(items, 2, () => 0.999)).to.deep.equal([5, 4]);
      expect([...sampleOf(items, 9, Math.random)].sort()).to.deep.equal(items);
      expect(sampleOf(items, 0, Math.random)).to.deep.equal([]);
    });
  });
});
