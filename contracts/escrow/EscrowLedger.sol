// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowLedger} from "../interfaces/IEscrowLedger.sol";
import {ITeeRegistry} from "../interfaces/ITeeRegistry.sol";
import {NodeId} from "../types/Ids.sol";
import {NodeWord} from "../types/NodeWord.sol";
import {Pause} from "../types/Pause.sol";
import {Parameters, ParametersWord, ParametersWordFields} from "../types/Parameters.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title Parameters, and the earnings of nodes
abstract contract EscrowLedger is EscrowState, IEscrowLedger {
    /* PARAMETERS */

    /// @inheritdoc IEscrowLedger
    function setParameters(Parameters calldata parameters_) external restricted {
        ParametersWord current = _parameters;
        uint256 version = current.version() + 1;
        _formerParameters[version - 1] = current.withTime(block.timestamp);
        _parameters = ParametersWordFields.pack(parameters_, version, LEAST_BEACON_DELAY, LEAST_CHAIN_PHASE).withTime(
            current.time()
        ); // a pause goes on
        emit ParametersSet(version, parameters_);
        NODE_REGISTRY.requireUnbonding();
    }

    /// @inheritdoc IEscrowLedger
    function pauseRequests(uint256 until) external restricted {
        until = Pause.next(_parameters.time(), until);
        _parameters = _parameters.withTime(until);
        emit RequestsPaused(until);
    }

    /* EARNINGS */

    /// @inheritdoc IEscrowLedger
    function claimEarnings(NodeId nodeId) external {
        NodeWord word = _nodeWord(NodeId.unwrap(nodeId));
        bool isOperator = msg.sender == word.signer() || msg.sender == NODE_REGISTRY.ownerOf(nodeId);
        require(isOperator, NotOperator(nodeId, msg.sender));
        require(_claims[nodeId] == 0, ClaimPending(nodeId, _claims[nodeId] >> 128));
        uint256 amount = word.earnings();
        require(amount != 0, NothingToClaim(nodeId));
        uint256 availableAt = block.timestamp + _parameters.unpack().disputeWindow;
        _setNodeWord(NodeId.unwrap(nodeId), word.withoutEarnings());
        _claims[nodeId] = (availableAt << 128) | amount; // amount < 2^80
        emit EarningsClaimed(nodeId, amount, availableAt);
    }

    /// @inheritdoc IEscrowLedger
    function withdrawEarnings(NodeId nodeId) external {
        (uint256 amount, uint256 availableAt) = claimOf(nodeId);
        require(amount != 0, NothingToClaim(nodeId));
        require(block.timestamp >= availableAt, ClaimPending(nodeId, availableAt));
        address owner = NODE_REGISTRY.ownerOf(nodeId);
        _claims[nodeId] = 0;
        _credit(owner, amount);
        emit EarningsWithdrawn(nodeId, owner, amount);
    }

    /* VIEWS */

    /// @inheritdoc IEscrowLedger
    function parameters() external view returns (uint256 version, uint256 pausedUntil, Parameters memory values) {
        ParametersWord word = _parameters;
        return (word.version(), word.time(), word.unpack());
    }

    /// @inheritdoc IEscrowLedger
    function leastTimes() external view returns (uint256 beaconDelay, uint256 chainPhase) {
        return (LEAST_BEACON_DELAY, LEAST_CHAIN_PHASE);
    }

    /// @inheritdoc IEscrowLedger
    function instance()
        external
        view
        returns (address nodeRegistry, address taskRegistry, address beacon, address treasury)
    {
        return (address(NODE_REGISTRY), address(TASK_REGISTRY), BEACON, TREASURY);
    }

    /// @inheritdoc IEscrowLedger
    function teeRegistry() external view returns (ITeeRegistry) {
        return TEE_REGISTRY;
    }

    /// @inheritdoc IEscrowLedger
    function claimOf(NodeId nodeId) public view returns (uint256 amount, uint256 availableAt) {
        uint256 word = _claims[nodeId];
        return (word & type(uint128).max, word >> 128);
    }
}
