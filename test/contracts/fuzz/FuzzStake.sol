// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {TaskId, NodeId} from "../../../contracts/types/Ids.sol";
import {FuzzSettling} from "./FuzzSettling.sol";
import {Vm} from "./Vm.sol";

/// @dev The books of stake: what backs each task, and what may not leave.
abstract contract FuzzStake is FuzzSettling {
    /// @dev Stake whose unbonding takes longer than this cannot leave before a dispute over what it backed can end: the
    ///      snapshot's age, and an hour for the request, its challenge and the longest dispute of this fuzz.
    uint256 private constant COVERED = 3 days + 1 hours;

    uint256 public bonds;
    /// @dev Allocated and unbonding stake.
    mapping(NodeId nodeId => mapping(TaskId taskId => uint256 amount)) public backing;
    mapping(NodeId nodeId => mapping(TaskId taskId => uint256 amount)) internal _slashedOf;
    /// @dev Seconds from the last unbonding to its release.
    mapping(NodeId nodeId => mapping(TaskId taskId => uint256)) private _unbondingTime;
    uint256[] internal _jailed;

    struct Frozen {
        TaskId taskId;
        uint256 backing; // when it was frozen
        uint256 slashed; // until then
        bool exists;
    }

    mapping(bytes32 requestId => mapping(uint256 nodeId => Frozen)) internal _frozen;
    /// @dev Nodes that were frozen for disputes, of any task.
    mapping(uint256 nodeId => bytes32[] requestIds) private _frozenFor;

    function _isOver(bytes32 id) internal view virtual returns (bool);

    function _bookStake(bytes32 kind, Vm.Log memory log) internal {
        if (kind == INodeRegistry.Slashed.selector) _bookSlash(log);
        else if (kind == INodeRegistry.NodeJailed.selector) _bookJail(log);
        else if (kind == INodeRegistry.StakeAllocated.selector) _bookAllocated(log);
        else if (kind == INodeRegistry.StakeUnbonding.selector) _bookUnbonding(log);
        else if (kind == INodeRegistry.StakeReleased.selector) _bookReleased(log);
        else if (kind == INodeRegistry.StakeFrozenUntil.selector) _count("NodeRegistry.freeze (pushed)");
        else if (kind == INodeRegistry.BondLocked.selector) _bookBond(log);
        else if (kind == INodeRegistry.BondReturned.selector) _bookBondReturned(log);
        else if (kind == INodeRegistry.SignerRotated.selector) _count("setSigner (pushed)");
        else if (kind == INodeRegistry.NodeRegistered.selector) _count("setSigner (pushed)");
        else if (kind == IEscrowTypes.TaskWordSet.selector) _count("setTaskWord (pushed)");
    }

    function _bookBond(Vm.Log memory log) private {
        bonds += abi.decode(log.data, (uint256));
        _count("NodeRegistry.lockBond (pushed)");
    }

    function _bookBondReturned(Vm.Log memory log) private {
        bonds -= abi.decode(log.data, (uint256));
        _count("NodeRegistry.returnBond (pushed)");
    }

    function _pairOf(Vm.Log memory log) private pure returns (NodeId, TaskId) {
        return (NodeId.wrap(uint32(uint256(log.topics[1]))), TaskId.wrap(uint32(uint256(log.topics[2]))));
    }

    /// @dev STK-2: a slash takes what was asked for, or all there is.
    function _bookSlash(Vm.Log memory log) private {
        (NodeId nodeId, TaskId taskId) = _pairOf(log);
        (uint256 asked, uint256 taken) = abi.decode(log.data, (uint256, uint256));
        uint256 stake_ = backing[nodeId][taskId];
        if (taken != (asked < stake_ ? asked : stake_)) revert Broken("STK-2", "a slash", taken, stake_);
        backing[nodeId][taskId] = stake_ - taken;
        _slashedOf[nodeId][taskId] += taken;
        _count("NodeRegistry.slash (pushed)");
    }

    function _bookJail(Vm.Log memory log) private {
        uint256 nodeId = uint256(log.topics[1]);
        reputationOf[nodeId] = 0;
        if (_signers[nodeId] != address(0)) _jailed.push(nodeId);
        _signers[nodeId] = address(0);
        _firstKey[nodeId] = _keys[nodeId].length;
        _count("NodeRegistry.jail (pushed)");
        _count("jail (pushed)");
    }

    function _bookAllocated(Vm.Log memory log) private {
        (NodeId nodeId, TaskId taskId) = _pairOf(log);
        backing[nodeId][taskId] += abi.decode(log.data, (uint256));
        _count("NodeRegistry.allocate (pushed)");
    }

    function _bookUnbonding(Vm.Log memory log) private {
        (NodeId nodeId, TaskId taskId) = _pairOf(log);
        (, uint256 releaseAt) = abi.decode(log.data, (uint256, uint256));
        _unbondingTime[nodeId][taskId] = releaseAt - block.timestamp;
        _count("NodeRegistry.unbond (pushed)");
    }

    /// @dev STK-2: stake that backs what is disputed stays while a dispute froze it, or where unbonding is long enough.
    function _bookReleased(Vm.Log memory log) private {
        (NodeId nodeId, TaskId taskId) = _pairOf(log);
        backing[nodeId][taskId] -= abi.decode(log.data, (uint256));
        uint256 node = NodeId.unwrap(nodeId);
        bytes32[] storage ids = _frozenFor[node];
        for (uint256 i = ids.length; i > 0; --i) {
            bool isOther = _frozen[ids[i - 1]][node].taskId != taskId;
            if (!isOther && !_isOver(ids[i - 1]))
                revert Broken("STK-2", "frozen stake leaves", node, uint256(ids[i - 1]));
            if (isOther) continue;
            ids[i - 1] = ids[ids.length - 1];
            ids.pop();
        }
        (bool isBack, , ) = tasks.subscriptionOf(taskId, nodeId); // then other stake backs what it does now
        if (!isBack && _unbondingTime[nodeId][taskId] >= COVERED) _requireUndisputed(node, taskId);
    }

    function _requireUndisputed(uint256 nodeId, TaskId taskId) internal view virtual;

    function _noteFrozen(bytes32 id, NodeId nodeId, TaskId taskId) internal {
        uint256 node = NodeId.unwrap(nodeId);
        if (_frozen[id][node].exists) return;
        _frozen[id][node] = Frozen(taskId, backing[nodeId][taskId], _slashedOf[nodeId][taskId], true);
        _frozenFor[node].push(id);
    }

    /// @dev STK-2: what a loser lost is at least what backed the task when it was frozen, less what others took since.
    function _requireWhole(bytes32 id, uint256 nodeId, uint256 taken) internal view {
        Frozen memory f = _frozen[id][nodeId];
        if (!f.exists) return;
        uint256 since = _slashedOf[NodeId.wrap(uint32(nodeId))][f.taskId] - f.slashed;
        if (since < f.backing) revert Broken("STK-2", "a loser keeps stake", taken, f.backing);
    }
}
