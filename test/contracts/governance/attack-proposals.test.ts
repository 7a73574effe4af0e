import { expect } from "chai";
import { useGovernedMarket } from "../../helpers/governed.ts";
import { propose, proposalOf, states, stepArguments } from "../../helpers/proposals.ts";

describe("A proposal that somebody else makes first, to cancel it", () => {
  const market = useGovernedMarket({ nodes: 0 });
  const replacement = (description: string) => {
    const { governance, governor, stranger } = market();
    const data = governor.interface.encodeFunctionData("setProposalGuardian", [stranger.address]);
    return proposalOf(description, [governance.governor, data]);
  };
  /** The guardian's puppet, who has the votes that a proposal needs, sends the same proposal before. */
  const makeFirst = (proposal: ReturnType<typeof replacement>) => {
    const { governor, voters } = market();
    const { targets, values, calldatas, description } = proposal;
    return governor.connect(voters[2]).propose([...targets], [...values], [...calldatas], description);
  };

  it("is gone for good where its description names no proposer, though the guardian itself cannot cancel it", async () => {
    const { governor, voters } = market();
    const proposal = replacement("Another guardian");
    await makeFirst(proposal);
    await governor.connect(voters[2]).cancel(...stepArguments(proposal));
    await expect(propose(market(), proposal)).to.be.revertedWithCustomError(
      governor,
      "GovernorUnexpectedProposalState",
    );
  });

  it("is safe where its description ends with its proposer", async () => {
    const m = market();
    const proposal = replacement(`Another guardian\n#proposer=${m.voters[0].address}`);
    await expect(makeFirst(proposal)).to.be.revertedWithCustomError(m.governor, "GovernorRestrictedProposer");
    const proposalId = await propose(m, proposal);
    expect(await m.governor.state(proposalId)).to.equal(states.pending);
  });
});
