// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @title Decisions of those who hold ATOMA
/// @notice A proposal waits `votingDelay`, is voted on for `votingPeriod` (longer where its quorum came late), and waits for
///         the timelock's delay before anyone may execute it. Votes are those delegated at the end of the voting delay, so
///         tokens borrowed within a transaction have none. The guardian may cancel a proposal until it is executed, but not
///         one that only replaces the guardian: it can slow a decision down, and cannot stay against the voters' will.
contract AtomaGovernor is
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorProposalGuardian,
    GovernorTimelockControl
{
    /// @notice Times in seconds of the clock of votes; see the bounds of each setter.
    /// @param leastVotingTime least `votingDelay` and least `votingPeriod`, for good
    /// @param proposalThreshold votes that a proposer needs
    /// @param quorumPercent of the supply, that votes for and abstentions must reach
    struct Settings {
        uint48 leastVotingTime;
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 lateQuorumExtension;
        uint256 proposalThreshold;
        uint256 quorumPercent;
    }

    uint256 private constant MOST_VOTING_TIME = 30 days;
    uint256 private constant MOST_QUORUM = 20;
    /// @dev A proposer needs between a hundred-thousandth and a hundredth of the supply.
    uint256 private constant LEAST_THRESHOLD_PART = 100_000;
    uint256 private constant MOST_THRESHOLD_PART = 100;

    /// @notice Least voting delay and period, in seconds.
    uint256 public immutable LEAST_VOTING_TIME;

    /// @notice A setting is outside its bounds.
    error SettingOutOfBounds(string name, uint256 value, uint256 least, uint256 most);
    /// @notice The timelock that holds all power is the governor's for good.
    error TimelockIsFixed();
    /// @notice The guardian cannot keep the voters from replacing it.
    error GuardianCannotVetoItsReplacement(uint256 proposalId);

    /// @param token ATOMA
    /// @param timelock_ executes what is decided
    /// @param guardian may cancel proposals; zero for nobody
    constructor(
        IVotes token,
        TimelockController timelock_,
        address guardian,
        Settings memory s
    )
        Governor("Atoma")
        GovernorSettings(s.votingDelay, s.votingPeriod, s.proposalThreshold)
        GovernorVotes(token)
        GovernorVotesQuorumFraction(s.quorumPercent)
        GovernorPreventLateQuorum(s.lateQuorumExtension)
        GovernorTimelockControl(timelock_)
    {
        LEAST_VOTING_TIME = s.leastVotingTime;
        _checkTime("votingDelay", s.votingDelay);
        _checkTime("votingPeriod", s.votingPeriod);
        _checkThreshold(s.proposalThreshold);
        _checkQuorum(s.quorumPercent);
        _setProposalGuardian(guardian);
    }

    /* SETTINGS, BY PROPOSAL ONLY */

    /// @notice Seconds from a proposal to the count of votes and the start of voting: `LEAST_VOTING_TIME`..30 days.
    function setVotingDelay(uint48 newVotingDelay) public override {
        super.setVotingDelay(newVotingDelay);
        _checkTime("votingDelay", newVotingDelay);
    }

    /// @notice Seconds of voting: `LEAST_VOTING_TIME`..30 days.
    function setVotingPeriod(uint32 newVotingPeriod) public override {
        super.setVotingPeriod(newVotingPeriod);
        _checkTime("votingPeriod", newVotingPeriod);
    }

    /// @notice Votes that a proposer needs: from a hundred-thousandth to a hundredth of the supply.
    function setProposalThreshold(uint256 newProposalThreshold) public override {
        super.setProposalThreshold(newProposalThreshold);
        _checkThreshold(newProposalThreshold);
    }

    /// @notice Percent of the supply that must take part: 1..20.
    function updateQuorumNumerator(uint256 newQuorumNumerator) public override {
        super.updateQuorumNumerator(newQuorumNumerator);
        _checkQuorum(newQuorumNumerator);
    }

    /// @notice Always reverts: all power is the timelock's, and another one would have none.
    function updateTimelock(TimelockController) public pure override {
        revert TimelockIsFixed();
    }

    function _checkTime(string memory name, uint256 value) private view {
        _check(name, value, LEAST_VOTING_TIME, MOST_VOTING_TIME);
    }

    function _checkThreshold(uint256 value) private view {
        uint256 supply = IERC20(address(token())).totalSupply(); // fixed, and known in the token's own block
        _check("proposalThreshold", value, supply / LEAST_THRESHOLD_PART, supply / MOST_THRESHOLD_PART);
    }

    function _checkQuorum(uint256 value) private pure {
        _check("quorumNumerator", value, 1, MOST_QUORUM);
    }

    function _check(string memory name, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, SettingOutOfBounds(name, value, least, most));
    }

    /* CANCELLING */

    /// @notice By the guardian until a proposal is executed, by its proposer until voting begins.
    /// @dev Reverts where the guardian would keep its own replacement from being decided.
    function cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public override returns (uint256) {
        if (msg.sender == proposalGuardian()) {
            uint256 proposalId = getProposalId(targets, values, calldatas, descriptionHash);
            require(!_replacesGuardian(targets, calldatas), GuardianCannotVetoItsReplacement(proposalId));
        }
        return super.cancel(targets, values, calldatas, descriptionHash);
    }

    function _replacesGuardian(address[] memory targets, bytes[] memory calldatas) private view returns (bool) {
        if (targets.length != 1 || targets[0] != address(this)) return false;
        return bytes4(calldatas[0]) == this.setProposalGuardian.selector;
    }

    function _validateCancel(
        uint256 proposalId,
        address caller
    ) internal view override(Governor, GovernorProposalGuardian) returns (bool) {
        return super._validateCancel(proposalId, caller);
    }

    /* WHERE THE EXTENSIONS MEET */

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
