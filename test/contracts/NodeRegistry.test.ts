import { expect } from "chai";
import { labelledKey } from "../../deploy/local/world.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { expectStakeAccounted } from "../helpers/books.ts";
import { consentOf, farFutureS, rotate } from "../helpers/identity.ts";
import { type Market, useMarket } from "../helpers/market.ts";

const stake = 10_000n * 10n ** 18n;
const perTask = 1_000n * 10n ** 18n;
const bond = 10n ** 18n;
const dayS = 86_400n;
const nodeId = 1n;
const fresh = labelledKey("fresh").address;

const stakeAccounted = (market: Market) => expectStakeAccounted(market, bond);

describe("NodeRegistry", () => {
  const market = useMarket({ nodes: 3 }, stakeAccounted);
  const registry = () => market().nodeRegistry.connect(market().owner);

  describe("registering", () => {
    it("numbers nodes from 1, and tells the escrow the signer", async () => {
      const m = market();
      const consent = await consentOf(m, "fresh");
      await expect(registry().register(fresh, "http://127.0.0.1:1", farFutureS, consent))
        .to.emit(m.nodeRegistry, "NodeRegistered")
        .withArgs(4n, m.owner.address, fresh, "http://127.0.0.1:1");
      expect(await m.nodeRegistry.nodeCount()).to.equal(4n);
      expect(await m.nodeRegistry.nodeOfSigner(fresh)).to.equal(4n);
      expect(decodeNodeWord(await m.escrow.nodeWord(4n))).to.deep.equal({
        signer: fresh,
        earnings: 0n,
        reputation: 0n,
      });
    });

    it("needs the key's own consent, to this owner, at this registry, on this chain, in time", async () => {
      const m = market();
      const refused = [
        await consentOf(m, "another"),
        await consentOf(m, "fresh", { owner: m.stranger.address }),
        await consentOf(m, "fresh", { registry: m.instance.escrow }),
        await consentOf(m, "fresh", { chainId: 1n }),
        await consentOf(m, "fresh", { deadline: farFutureS - 1n }),
        `0x${"00".repeat(65)}`,
        "0x",
      ];
      for (const consent of refused) {
        await expect(registry().register(fresh, "", farFutureS, consent))
          .to.be.revertedWithCustomError(m.nodeRegistry, "InvalidConsent")
          .withArgs(fresh);
      }
      const nobody = `0x${"00".repeat(20)}`;
      await expect(registry().register(nobody, "", farFutureS, `0x${"00".repeat(65)}`))
        .to.be.revertedWithCustomError(m.nodeRegistry, "InvalidConsent")
        .withArgs(nobody);
    });

    it("takes a consent in its last second, and not in the next", async () => {
      const m = market();
      const deadline = BigInt(await m.networkHelpers.time.latest()) + 100n;
      const consent = await consentOf(m, "fresh", { deadline });
      const snapshot = await m.networkHelpers.takeSnapshot();
      await m.networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
      await expect(registry().register(fresh, "", deadline, consent))
        .to.be.revertedWithCustomError(m.nodeRegistry, "ConsentExpired")
        .withArgs(deadline);
      await snapshot.restore();
      await m.networkHelpers.time.setNextBlockTimestamp(deadline);
      await expect(registry().register(fresh, "", deadline, consent)).to.emit(m.nodeRegistry, "NodeRegistered");
    });

    it("takes a consent once: a key serves one node for good, even after it is rotated out", async () => {
      const m = market();
      const consent = await consentOf(m, "fresh");
      await registry().register(fresh, "", farFutureS, consent);
      const taken = () => registry().register(fresh, "", farFutureS, consent);
      await expect(taken()).to.be.revertedWithCustomError(m.nodeRegistry, "SignerTaken").withArgs(fresh, 4n);
      await rotate(m, 4n, "next");
      await expect(taken()).to.be.revertedWithCustomError(m.nodeRegistry, "SignerTaken").withArgs(fresh, 4n);
      await expect(rotate(m, 4n, "fresh"))
        .to.be.revertedWithCustomError(m.nodeRegistry, "SignerTaken")
        .withArgs(fresh, 4n);
      await expect(rotate(m, 4n, "next")).to.be.revertedWithCustomError(m.nodeRegistry, "SignerTaken");
    });

    it("needs two keys: the owner cannot be the signer", async () => {
      const m = market();
      const key = labelledKey("both");
      await m.networkHelpers.impersonateAccount(key.address);
      await m.networkHelpers.setBalance(key.address, 10n ** 18n);
      const both = await m.ethers.getSigner(key.address);
      const consent = await consentOf(m, "both", { owner: key.address });
      await expect(m.nodeRegistry.connect(both).register(key.address, "", farFutureS, consent))
        .to.be.revertedWithCustomError(m.nodeRegistry, "SignerIsOwner")
        .withArgs(key.address);
    });

    it("takes endpoints of up to 256 bytes", async () => {
      const m = market();
      await expect(registry().setEndpoint(nodeId, "x".repeat(257)))
        .to.be.revertedWithCustomError(m.nodeRegistry, "EndpointTooLong")
        .withArgs(257n, 256n);
      await expect(registry().setEndpoint(nodeId, "x".repeat(256))).to.emit(m.nodeRegistry, "EndpointChanged");
      expect((await m.nodeRegistry.nodeOf(nodeId)).endpoint).to.equal("x".repeat(256));
    });
  });

  describe("owning", () => {
    it("is what every change but a deposit needs", async () => {
      const m = market();
      const stranger = m.nodeRegistry.connect(m.stranger);
      const consent = await consentOf(m, "fresh", { owner: m.stranger.address });
      const attempts = [
        stranger.rotateSigner(nodeId, fresh, farFutureS, consent),
        stranger.setEndpoint(nodeId, ""),
        stranger.transferOwnership(nodeId, m.stranger.address),
        stranger.withdraw(nodeId, m.stranger.address, 1n),
      ];
      for (const attempt of attempts) {
        await expect(attempt)
          .to.be.revertedWithCustomError(m.nodeRegistry, "NotOwner")
          .withArgs(nodeId, m.stranger.address);
      }
      await expect(m.nodeRegistry.connect(m.owner).withdraw(99n, m.owner.address, 0n))
        .to.be.revertedWithCustomError(m.nodeRegistry, "NotOwner")
        .withArgs(99n, m.owner.address);
    });

    it("is handed over in two steps, and an offer can be taken back", async () => {
      const m = market();
      const accept = () => m.nodeRegistry.connect(m.stranger).acceptOwnership(nodeId);
      await expect(accept())
        .to.be.revertedWithCustomError(m.nodeRegistry, "NotPendingOwner")
        .withArgs(nodeId, m.stranger.address);
      await registry().transferOwnership(nodeId, m.stranger.address);
      await registry().transferOwnership(nodeId, `0x${"00".repeat(20)}`);
      await expect(accept()).to.be.revertedWithCustomError(m.nodeRegistry, "NotPendingOwner");
      await registry().transferOwnership(nodeId, m.stranger.address);
      expect(await m.nodeRegistry.ownerOf(nodeId)).to.equal(m.owner.address);
      await expect(accept())
        .to.emit(m.nodeRegistry, "OwnershipAccepted")
        .withArgs(nodeId, m.owner.address, m.stranger.address);
      await expect(accept()).to.be.revertedWithCustomError(m.nodeRegistry, "NotPendingOwner");
      await expect(registry().setEndpoint(nodeId, "")).to.be.revertedWithCustomError(m.nodeRegistry, "NotOwner");
    });

    it("is not handed to the node's own signer", async () => {
      const m = market();
      const signer = m.nodes[0]?.signer.address ?? "";
      await registry().transferOwnership(nodeId, signer);
      await m.networkHelpers.impersonateAccount(signer);
      await m.networkHelpers.setBalance(signer, 10n ** 18n);
      await expect(m.nodeRegistry.connect(await m.ethers.getSigner(signer)).acceptOwnership(nodeId))
        .to.be.revertedWithCustomError(m.nodeRegistry, "SignerIsOwner")
        .withArgs(signer);
    });
  });

  describe("staking", () => {
    it("is by anyone, for nodes that exist", async () => {
      const m = market();
      const deposit = (id: bigint) => m.nodeRegistry.connect(m.deployer).deposit(id, 5n);
      await expect(deposit(99n)).to.be.revertedWithCustomError(m.nodeRegistry, "UnknownNode").withArgs(99n);
      await expect(deposit(nodeId)).to.changeTokenBalances(m.ethers, m.atoma, [m.deployer, m.nodeRegistry], [-5n, 5n]);
    });

    it("gives back what is free and no more", async () => {
      const m = market();
      const free = stake - perTask;
      await expect(registry().withdraw(nodeId, m.stranger.address, free + 1n))
        .to.be.revertedWithCustomError(m.nodeRegistry, "InsufficientStake")
        .withArgs(nodeId, free, free + 1n);
      await expect(registry().withdraw(nodeId, m.stranger.address, free)).to.changeTokenBalances(
        m.ethers,
        m.atoma,
        [m.nodeRegistry, m.stranger],
        [-free, free],
      );
      await expect(registry().withdraw(nodeId, m.stranger.address, 1n)).to.be.revertedWithCustomError(
        m.nodeRegistry,
        "InsufficientStake",
      );
    });

    it("does not leave the books by a payment of the registry to itself", async () => {
      const m = market();
      const vault = await m.nodeRegistry.getAddress();
      for (const paid of [registry().withdraw(nodeId, vault, 1n), registry().withdrawAward(vault, 0n)])
        await expect(paid).to.be.revertedWithCustomError(m.nodeRegistry, "InvalidReceiver").withArgs(vault);
    });

    it("is bound by the task registry alone", async () => {
      const m = market();
      const owner = registry();
      const attempts = [
        owner.allocate(nodeId, m.taskId, 1n),
        owner.unbond(nodeId, m.taskId),
        owner.lockBond(m.deployer.address, 1n),
        owner.returnBond(m.owner.address, 1n),
      ];
      for (const attempt of attempts) {
        await expect(attempt)
          .to.be.revertedWithCustomError(m.nodeRegistry, "OnlyTaskRegistry")
          .withArgs(m.owner.address);
      }
    });

    it("unbonds for the time that is set, to the second", async () => {
      const m = market();
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeId);
      const { amount, releaseAt } = await m.nodeRegistry.unbondingStake(nodeId, m.taskId);
      expect([amount, releaseAt]).to.deep.equal([perTask, BigInt(await m.networkHelpers.time.latest()) + 60n * dayS]);
      await m.networkHelpers.time.setNextBlockTimestamp(releaseAt - 1n);
      await expect(m.nodeRegistry.release(nodeId, m.taskId))
        .to.be.revertedWithCustomError(m.nodeRegistry, "StillUnbonding")
        .withArgs(nodeId, m.taskId, releaseAt);
      await m.networkHelpers.time.setNextBlockTimestamp(releaseAt);
      await expect(m.nodeRegistry.release(nodeId, m.taskId))
        .to.emit(m.nodeRegistry, "StakeReleased")
        .withArgs(nodeId, m.taskId, perTask);
      expect(await m.nodeRegistry.freeStake(nodeId)).to.equal(stake);
      await expect(m.nodeRegistry.release(nodeId, m.taskId))
        .to.be.revertedWithCustomError(m.nodeRegistry, "NothingUnbonding")
        .withArgs(nodeId, m.taskId);
    });

    it("waits for the later time if a node leaves twice, even where the unbonding got shorter", async () => {
      const m = market();
      const node = m.taskRegistry.connect(m.owner);
      const managed = await m.ethers.getContractAt("NodeRegistry", m.nodeRegistry);
      await managed.connect(m.deployer).setUnbonding(50n * dayS); // from 60, and 60 days later
      await m.networkHelpers.time.increase(60n * dayS - 2n);
      await node.unsubscribe(m.taskId, nodeId);
      const { releaseAt } = await m.nodeRegistry.unbondingStake(nodeId, m.taskId);
      await m.networkHelpers.time.increase(10n);
      expect(await m.nodeRegistry.unbonding()).to.equal(50n * dayS);
      await node.subscribe(m.taskId, nodeId, 5n);
      await node.unsubscribe(m.taskId, nodeId);
      expect(await m.nodeRegistry.unbondingStake(nodeId, m.taskId)).to.deep.equal([2n * perTask, releaseAt]);
    });

    it("has an unbonding time that the admin alone sets, from a minute to 60 days", async () => {
      const m = market();
      const managed = await m.ethers.getContractAt("NodeRegistry", m.nodeRegistry);
      await expect(managed.connect(m.stranger).setUnbonding(60n)).to.be.revertedWithCustomError(
        managed,
        "AccessManagedUnauthorized",
      );
      for (const duration of [59n, 60n * 86_400n + 1n]) {
        await expect(managed.connect(m.deployer).setUnbonding(duration))
          .to.be.revertedWithCustomError(managed, "UnbondingOutOfBounds")
          .withArgs(duration, 60n, 60n * 86_400n);
      }
      await managed.connect(m.deployer).setUnbonding(60n * 86_400n);
      expect(await m.nodeRegistry.unbonding()).to.equal(60n * 86_400n);
    });
  });

  it("takes no node before it is connected to an escrow", async () => {
    const m = market();
    const lonely = await m.ethers.deployContract("NodeRegistry", [m.world.atoma, m.instance.authority, 60n]);
    const consent = await consentOf(m, "fresh", { registry: (await lonely.getAddress()) as `0x${string}` });
    await expect(lonely.connect(m.owner).register(fresh, "", farFutureS, consent)).to.be.revertedWithCustomError(
      lonely,
      "NotConnected",
    );
  });
});
