// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowLedger} from "../../../contracts/interfaces/IEscrowLedger.sol";
import {IEscrowVerdicts} from "../../../contracts/interfaces/IEscrowVerdicts.sol";
import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {Head} from "../../../contracts/types/Head.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {TaskWord} from "../../../contracts/types/TaskWord.sol";
import {FuzzMoney} from "./FuzzMoney.sol";
import {IConnected} from "./FuzzWorld.sol";

/// @dev What only contracts of the instance, its deployer or its governance may call, called by others; and a governance
///      that is replaced.
abstract contract FuzzOutsiders is FuzzMoney {
    /// @dev How many such calls `_pushed` knows.
    uint256 private constant CALLS = 25;

    /// @dev Nobody from outside moves anything: each call is refused.
    function callAsOutsider(uint256 seed) external step {
        address caller = seed % 2 == 0 ? ADMIN : accounts[(seed >> 8) % accounts.length];
        if (seed % 16 == 1) caller = address(this); // the deployer
        NodeId nodeId = _someNode(seed >> 32);
        (address target, bytes memory data) = _pushed(seed >> 64, nodeId, _servedTask(seed >> 40));
        (bool success, ) = _exec("a call from outside", caller, target, data);
        if (success) revert Broken("STK-2", "a call from outside", (seed >> 64) % CALLS, uint160(caller));
    }

    function _pushed(uint256 seed, NodeId nodeId, TaskId taskId) private view returns (address, bytes memory) {
        uint256 which = seed % CALLS;
        address registry = address(nodes);
        if (which == 0) return (registry, abi.encodeCall(INodeRegistry.allocate, (nodeId, taskId, 1)));
        if (which == 1) return (registry, abi.encodeCall(INodeRegistry.unbond, (nodeId, taskId)));
        if (which == 2) return (registry, abi.encodeCall(INodeRegistry.slash, (nodeId, taskId, 1 ether)));
        if (which == 3) return (registry, abi.encodeCall(INodeRegistry.freeze, (nodeId, taskId, type(uint40).max)));
        if (which == 4) return (registry, abi.encodeCall(INodeRegistry.jail, (nodeId, taskId)));
        if (which == 5) return (registry, abi.encodeCall(INodeRegistry.lockBond, (address(this), 1)));
        if (which == 6) return (registry, abi.encodeCall(INodeRegistry.returnBond, (TREASURY, 1)));
        if (which == 7) return (registry, abi.encodeCall(IConnected.connect, (TREASURY)));
        if (which == 8) return (address(tasks), abi.encodeCall(IConnected.connect, (TREASURY)));
        if (which == 9) return (address(disputes), abi.encodeCall(IConnected.connect, (TREASURY)));
        if (which < 14)
            return (_governed(which), abi.encodeCall(IAccessManaged.setAuthority, (address(otherAuthority))));
        if (which == 24) return (address(tasks), abi.encodeCall(ITaskRegistry.expel, (taskId, nodeId)));
        return (address(escrow), _toEscrow(which, nodeId, taskId));
    }

    function _toEscrow(uint256 which, NodeId nodeId, TaskId taskId) private view returns (bytes memory) {
        Request memory r;
        if (live.length != 0) r = _known[live[0]].request;
        if (which == 14) return abi.encodeCall(IEscrowCore.setSigner, (nodeId, TREASURY, 0));
        if (which == 15) return abi.encodeCall(IEscrowCore.setTaskWord, (taskId, TaskWord.wrap(1)));
        if (which == 16) return abi.encodeCall(IEscrowVerdicts.blockOpen, (r));
        if (which == 17) return abi.encodeCall(IEscrowVerdicts.uphold, (r, 0, type(uint32).max));
        if (which == 18) return abi.encodeCall(IEscrowVerdicts.overturn, (r, bytes4(0)));
        if (which == 19) return abi.encodeCall(IEscrowVerdicts.collectBond, (requesters[0], 1));
        if (which == 20) return abi.encodeCall(IEscrowVerdicts.blockOutcome, (r, 0, Head.wrap(0), TREASURY));
        if (which == 23) return abi.encodeCall(IEscrowVerdicts.revokeResult, (keccak256("a bundle")));
        if (which == 21) return abi.encodeCall(IEscrowVerdicts.payJurors, (_oneMember(nodeId), 1, 1));
        return abi.encodeCall(IEscrowVerdicts.jail, (nodeId));
    }

    function _oneMember(NodeId nodeId) private pure returns (uint256[] memory members) {
        members = new uint256[](1);
        members[0] = uint256(NodeId.unwrap(nodeId)) << 32;
    }

    function _governed(uint256 which) private view returns (address) {
        return [address(nodes), address(tasks), address(escrow), address(disputes)][which % 4];
    }

    /// @dev Another governance takes over, in which this one's admin has no say, and hands back.
    function setAuthority(uint256 seed) external step {
        _replaceAuthority(seed);
        _replaceAuthority(seed ^ 1);
    }

    function _replaceAuthority(uint256 seed) private {
        address target = _governed(seed);
        string memory name = [
            "NodeRegistry.setAuthority",
            "TaskRegistry.setAuthority",
            "setAuthority",
            "Disputes.setAuthority"
        ][seed % 4];
        bytes memory data = abi.encodeCall(IAccessManager.updateAuthority, (target, address(otherAuthority)));
        _mustExec(name, ADMIN, address(authority), data);
        bytes memory pause_ = abi.encodeCall(IEscrowLedger.pauseRequests, (block.timestamp));
        if (target == address(escrow)) _refusePower(target, pause_);
        bytes memory time = abi.encodeCall(INodeRegistry.setUnbonding, (100));
        if (target == address(nodes)) _refusePower(target, time);
        data = abi.encodeCall(IAccessManager.updateAuthority, (target, address(authority)));
        _mustExec(name, address(this), address(otherAuthority), data);
    }

    function _refusePower(address target, bytes memory data) private {
        (bool success, ) = _exec("without a role", ADMIN, target, data);
        if (success) revert Broken("STK-2", "power without a role", 0, uint160(target));
    }
}
