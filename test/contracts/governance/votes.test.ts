import { expect } from "chai";
import { registerNode } from "../../../deploy/local/nodes.ts";
import { day, timelockDelayS, useGovernedMarket, votingDelayS, votingPeriodS } from "../../helpers/governed.ts";
import {
  enact,
  passAndQueue,
  propose,
  proposeAndWait,
  proposalOf,
  states,
  stepArguments,
  votes,
} from "../../helpers/proposals.ts";

const percent = 10n ** 25n; // of a supply of a thousand million

describe("Votes that must not pass", () => {
  const market = useGovernedMarket({ nodes: 0 });

  /** A proposal that would take from the treasury. */
  const theft = () => {
    const { governance, treasuryContract, stranger, world } = market();
    const data = treasuryContract.interface.encodeFunctionData("grant", [world.atoma, stranger.address, 1n]);
    return proposalOf("A grant", [governance.treasury, data]);
  };

  /** A lender of half of all ATOMA, and a contract that borrows from it. */
  const lending = async () => {
    const { ethers, atoma, deployer } = market();
    const lender = await ethers.deployContract("FlashLender", [atoma]);
    const voter = await ethers.deployContract("FlashVoter", [atoma, lender]);
    await atoma.connect(deployer).transfer(lender, 50n * percent);
    return { lender, voter };
  };

  it("borrowed for one transaction, they do not reach the threshold of a proposal", async () => {
    const { governor } = market();
    const { voter } = await lending();
    const { targets, values, calldatas, description } = theft();
    const data = governor.interface.encodeFunctionData("propose", [
      [...targets],
      [...values],
      [...calldatas],
      description,
    ]);
    await expect(voter.attack(50n * percent, governor, data))
      .to.be.revertedWithCustomError(governor, "GovernorInsufficientProposerVotes")
      .withArgs(voter, 0n, await governor.proposalThreshold());
  });

  it("borrowed while voting goes on, they count nothing", async () => {
    const m = market();
    const { voter } = await lending();
    const proposalId = await proposeAndWait(m, theft());
    const data = m.governor.interface.encodeFunctionData("castVote", [proposalId, votes.for]);
    await voter.attack(50n * percent, m.governor, data);
    expect((await m.governor.proposalVotes(proposalId)).forVotes).to.equal(0n);
  });

  it("borrowed in the very second that is counted, and given back in it, they count nothing", async () => {
    const m = market();
    const { voter } = await lending();
    const proposalId = await propose(m, theft());
    const snapshot = await m.governor.proposalSnapshot(proposalId);
    await m.networkHelpers.time.setNextBlockTimestamp(snapshot);
    await voter.attack(50n * percent, m.atoma, m.atoma.interface.encodeFunctionData("delegate", [m.stranger.address]));
    await m.networkHelpers.time.increase(10n);
    expect(await m.governor.getVotes(m.stranger, snapshot)).to.equal(0n);
    expect(await m.governor.getVotes(voter, snapshot)).to.equal(0n);
  });

  it("moved on after they were counted, they count once", async () => {
    const m = market();
    const proposalId = await proposeAndWait(m, theft());
    const [first, , third] = m.voters;
    await m.governor.connect(first).castVote(proposalId, votes.for);
    await m.atoma.connect(first).transfer(third, 5n * percent);
    await m.governor.connect(third).castVote(proposalId, votes.for);
    expect((await m.governor.proposalVotes(proposalId)).forVotes).to.equal(6n * percent);
    await expect(m.governor.connect(first).castVote(proposalId, votes.for)).to.be.revertedWithCustomError(
      m.governor,
      "GovernorAlreadyCastVote",
    );
  });

  it("delegated away before they were counted, they are the delegate's alone", async () => {
    const m = market();
    const [first, second] = m.voters;
    await m.atoma.connect(first).delegate(second);
    const proposal = theft();
    const { targets, values, calldatas, description } = proposal;
    await m.governor.connect(second).propose([...targets], [...values], [...calldatas], description);
    const proposalId = await m.governor.hashProposal(...stepArguments(proposal));
    await m.networkHelpers.time.increase(votingDelayS + 1n);
    await m.atoma.connect(first).delegate(first); // too late for this one
    await m.governor.connect(first).castVote(proposalId, votes.against);
    await m.governor.connect(second).castVote(proposalId, votes.for);
    const { againstVotes, forVotes } = await m.governor.proposalVotes(proposalId);
    expect([againstVotes, forVotes]).to.deep.equal([0n, 10n * percent]);
  });

  it("delegated by a signature that has expired, or was used, they stay where they are", async () => {
    const m = market();
    const [first] = m.voters;
    const now = BigInt(await m.networkHelpers.time.latest());
    const sign = async (nonce: bigint, expiry: bigint) => {
      const domain = { name: "Atoma", version: "1", chainId: 31_337n, verifyingContract: m.world.atoma };
      const types = {
        Delegation: [
          { name: "delegatee", type: "address" },
          { name: "nonce", type: "uint256" },
          { name: "expiry", type: "uint256" },
        ],
      };
      const signature = await first.signTypedData(domain, types, { delegatee: m.stranger.address, nonce, expiry });
      const { r, s, v } = m.ethers.Signature.from(signature);
      return [m.stranger.address, nonce, expiry, v, r, s] as const;
    };
    await expect(m.atoma.delegateBySig(...(await sign(0n, now - 1n)))).to.be.revertedWithCustomError(
      m.atoma,
      "VotesExpiredSignature",
    );
    const good = await sign(0n, now + 1_000n);
    await m.atoma.delegateBySig(...good);
    expect(await m.atoma.delegates(first)).to.equal(m.stranger.address);
    await m.atoma.connect(first).delegate(first);
    await expect(m.atoma.delegateBySig(...good)).to.be.revertedWithCustomError(m.atoma, "InvalidAccountNonce");
  });

  it("cast after the period, they are refused, and the proposal is lost", async () => {
    const m = market();
    const proposal = theft();
    const proposalId = await proposeAndWait(m, proposal);
    await m.networkHelpers.time.increase(votingPeriodS + 1n);
    await expect(m.governor.connect(m.voters[0]).castVote(proposalId, votes.for)).to.be.revertedWithCustomError(
      m.governor,
      "GovernorUnexpectedProposalState",
    );
    expect(await m.governor.state(proposalId)).to.equal(states.defeated);
    await expect(m.governor.queue(...stepArguments(proposal))).to.be.revertedWithCustomError(
      m.governor,
      "GovernorUnexpectedProposalState",
    );
  });

  it("of less than the quorum, or with as many against, they decide nothing", async () => {
    const m = market();
    const [first, second, third] = m.voters;
    const small = await proposeAndWait(m, theft());
    await m.governor.connect(third).castVote(small, votes.for); // 1% where 4% are needed
    const torn = await proposeAndWait(m, { ...theft(), description: "Another grant" });
    await m.governor.connect(first).castVote(torn, votes.for);
    await m.governor.connect(second).castVote(torn, votes.against);
    await m.networkHelpers.time.increase(votingPeriodS + 1n);
    expect([await m.governor.state(small), await m.governor.state(torn)]).to.deep.equal([
      states.defeated,
      states.defeated,
    ]);
  });

  it("that bring a quorum at the last moment, they leave the others a day to answer", async () => {
    const m = market();
    const [first, second, third] = m.voters;
    const proposalId = await proposeAndWait(m, theft());
    await m.networkHelpers.time.increaseTo((await m.governor.proposalDeadline(proposalId)) - 10n);
    await m.governor.connect(first).castVote(proposalId, votes.for);
    await m.networkHelpers.time.increase(day - 20n);
    expect(await m.governor.state(proposalId)).to.equal(states.active);
    await m.governor.connect(second).castVote(proposalId, votes.against);
    await m.governor.connect(third).castVote(proposalId, votes.against);
    await m.networkHelpers.time.increase(30n);
    expect(await m.governor.state(proposalId)).to.equal(states.defeated);
  });

  it("that were staked, they do not count", async () => {
    const m = market();
    const [first] = m.voters;
    const { nodeId } = await registerNode(m.world, m.ownerWallet, "a voter's");
    const before = await m.atoma.getVotes(first);
    await m.atoma.connect(first).approve(m.nodeRegistry, percent);
    await m.nodeRegistry.connect(first).deposit(nodeId, percent);
    expect(await m.atoma.getVotes(first)).to.equal(before - percent);
    expect(await m.atoma.getVotes(m.nodeRegistry)).to.equal(0n);
    expect(await m.atoma.delegates(m.nodeRegistry)).to.equal(`0x${"00".repeat(20)}`);
  });
});

describe("A malicious proposal that has passed its vote", () => {
  const market = useGovernedMarket({ nodes: 0 });
  const takeAll = () => {
    const { governance, treasuryContract, world, voters } = market();
    const data = treasuryContract.interface.encodeFunctionData("grant", [world.atoma, voters[0].address, percent]);
    return proposalOf("For the common good", [governance.treasury, data]);
  };
  const replacement = (description: string) => {
    const { governance, governor } = market();
    const data = governor.interface.encodeFunctionData("setProposalGuardian", [market().stranger.address]);
    return proposalOf(description, [governance.governor, data]);
  };

  it("is stopped by the guardian at any time before its execution, and stays stopped", async () => {
    const m = market();
    await m.atoma.connect(m.deployer).transfer(m.governance.treasury, percent);
    const steps = [0n, votingDelayS + 1n, votingPeriodS + 1n];
    for (const [i, elapsed] of steps.entries()) {
      const proposal = { ...takeAll(), description: `Theft ${i}` };
      const proposalId = await propose(m, proposal);
      for (const step of steps.slice(1, i + 1)) {
        await m.networkHelpers.time.increase(step);
        if (step === votingDelayS + 1n)
          for (const voter of m.voters) await m.governor.connect(voter).castVote(proposalId, votes.for);
      }
      expect(await m.governor.state(proposalId), `after ${elapsed} s`).to.equal(
        [states.pending, states.active, states.succeeded][i],
      );
      if (i === 2) {
        await m.governor.queue(...stepArguments(proposal));
        expect(await m.governor.state(proposalId)).to.equal(states.queued);
      }
      await m.governor.connect(m.guardian).cancel(...stepArguments(proposal));
      expect(await m.governor.state(proposalId)).to.equal(states.canceled);
      await m.networkHelpers.time.increase(timelockDelayS + 1n);
      await expect(m.governor.execute(...stepArguments(proposal))).to.be.revertedWithCustomError(
        m.governor,
        "GovernorUnexpectedProposalState",
      );
    }
    expect(await m.atoma.balanceOf(m.governance.treasury)).to.equal(percent);
  });

  it("is stopped by nobody else", async () => {
    const m = market();
    const proposal = takeAll();
    await proposeAndWait(m, proposal);
    for (const caller of [m.deployer, m.stranger, ...m.voters]) {
      await expect(m.governor.connect(caller).cancel(...stepArguments(proposal))).to.be.revertedWithCustomError(
        m.governor,
        "GovernorUnableToCancel",
      );
    }
  });

  it("leaves everybody the delay to go: a requester takes its money out before the execution", async () => {
    const m = market();
    const data = m.escrow.interface.encodeFunctionData("setParameters", [
      { ...m.world.parameters.parameters, protocolFee: 1_000 },
    ]);
    const proposal = proposalOf("Fees", [m.instance.escrow, data]);
    await passAndQueue(m, proposal);
    const queuedAt = BigInt(await m.networkHelpers.time.latest());
    const execute = async (atS: bigint) => {
      await m.networkHelpers.time.setNextBlockTimestamp(atS);
      return m.governor.execute(...stepArguments(proposal));
    };
    await expect(execute(queuedAt + timelockDelayS - 2n)).to.be.revertedWithCustomError(
      m.timelock,
      "TimelockUnexpectedOperationState",
    );
    const { balance } = await m.escrow.accountOf(m.requester);
    await expect(m.escrow.connect(m.requester).withdraw(m.requester, balance)).to.changeTokenBalance(
      m.ethers,
      m.token,
      m.requester,
      balance,
    );
    await expect(execute(queuedAt + timelockDelayS)).to.emit(m.escrow, "ParametersSet");
  });

  it("can replace the guardian, which cannot veto that, and has no power afterwards", async () => {
    const m = market();
    const proposal = replacement("Another guardian");
    const proposalId = await propose(m, proposal);
    await expect(m.governor.connect(m.guardian).cancel(...stepArguments(proposal)))
      .to.be.revertedWithCustomError(m.governor, "GuardianCannotVetoItsReplacement")
      .withArgs(proposalId);
    await enact(m, { ...proposal, description: "Another guardian, again" });
    expect(await m.governor.proposalGuardian()).to.equal(m.stranger.address);
    const next = takeAll();
    await proposeAndWait(m, next);
    await expect(m.governor.connect(m.guardian).cancel(...stepArguments(next))).to.be.revertedWithCustomError(
      m.governor,
      "GovernorUnableToCancel",
    );
    await m.governor.connect(m.stranger).cancel(...stepArguments(next));
  });

  it("cannot hide behind a replacement of the guardian", async () => {
    const m = market();
    const [grant, replace] = [takeAll(), replacement("")];
    const mixed = {
      targets: [...replace.targets, ...grant.targets],
      values: [0n, 0n],
      calldatas: [...replace.calldatas, ...grant.calldatas],
      description: "Both",
    };
    const proposalId = await propose(m, mixed);
    await m.governor.connect(m.guardian).cancel(...stepArguments(mixed));
    expect(await m.governor.state(proposalId)).to.equal(states.canceled);
  });

  it("is not executed twice", async () => {
    const m = market();
    await m.atoma.connect(m.deployer).transfer(m.governance.treasury, 2n * percent);
    const proposal = takeAll();
    await enact(m, proposal);
    await expect(m.governor.execute(...stepArguments(proposal))).to.be.revertedWithCustomError(
      m.governor,
      "GovernorUnexpectedProposalState",
    );
    expect(await m.atoma.balanceOf(m.governance.treasury)).to.equal(percent);
  });
});
