// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowFallback} from "../../../contracts/interfaces/IEscrowFallback.sol";
import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {DisputeParameters} from "../../../contracts/types/DisputeParameters.sol";
import {countSeats} from "../../../contracts/types/Docket.sol";
import {fingerprintOf} from "../../../contracts/types/Fingerprint.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {FuzzDisputes} from "./FuzzDisputes.sol";
import {vm} from "./Vm.sol";

/// @dev Losers, silent jurors and liars lose stake, whatever they do in the meantime; later they come back.
abstract contract FuzzPunishment is FuzzDisputes {
    uint256 private constant MOST_JAILED = 4;
    uint256 private constant LOST = 2;

    /* LOSERS */

    /// @dev A dispute that was decided, often at two levels, while members tried to leave with their stake.
    function _decided(uint256 seed) private returns (bytes32 id) {
        if (_jailed.length > MOST_JAILED) _reformAll();
        id = _sue(seed);
        if (id == 0) return 0;
        uint256[] memory members = _draw(_known[id].request, id);
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if (seed % 4 != 0) _freeze(id, 0, seat, members[seat] >> 32);
            if ((seed >> seat) % 2 == 0) _runAway(members[seat] >> 32, _known[id].request.work.taskId(), seed >> seat);
        }
        _decide(id, 1, seed);
        if ((seed >> 40) % 3 == 0 && _appeal(id, seed)) _decide(id, 2, seed);
        _awaitVerdict(id);
    }

    function punish(uint256 seed) external step {
        bytes32 id = _decided(seed);
        if (id == 0) return;
        for (uint256 level = 0; level < 3; ++level) {
            uint256[] memory members = _panelOf(id, level);
            for (uint256 seat = 0; seat < members.length; ++seat) _punish(id, level, seat, members[seat] >> 32);
        }
        if (seed % 2 == 0) _close(id);
    }

    function _punish(bytes32 id, uint256 level, uint256 seat, uint256 nodeId) private {
        bytes32 digest = _saidBy[id][level][nodeId];
        if (digest == 0) return;
        Request memory r = _known[id].request;
        IDisputes.Verdict memory v = disputes.verdictOf(r);
        bool isLoser = v.ending == IDisputes.Ending.Decided && fingerprintOf(digest) != v.digest;
        isLoser = isLoser && disputes.punishmentOf(id, NodeId.wrap(uint32(nodeId))) != LOST;
        if (!isLoser && seat % 3 != 0) return; // some of the others are tried
        bytes memory data = abi.encodeCall(IDisputes.punish, (r, level, _evidence(id, level, nodeId, seat, digest)));
        if (!isLoser) return _refuse(id, "punished wrongly", address(disputes), data);
        _release(nodeId, r.work.taskId());
        TaskId taskId = r.work.taskId();
        uint256 expected = backing[NodeId.wrap(uint32(nodeId))][taskId];
        uint256 before = _suits[id].lost;
        _mustExec("Disputes.punish", TREASURY, address(disputes), data);
        if (_suits[id].lost != before + expected) revert Broken("STK-2", "a loser's stake", expected, nodeId);
        _requireExpelled(nodeId, taskId);
        _refuse(id, "punished twice", address(disputes), data);
    }

    function punishSilent(uint256 seed) external step {
        bytes32 id = _decided(seed);
        if (id == 0) return;
        uint256 level = _suits[id].shown[2] != 0 ? 2 : 1;
        uint256[] memory jurors = _panelOf(id, level);
        IDisputes.Verdict memory v = disputes.verdictOf(_known[id].request);
        (uint256 shown, bytes32 said) = (_suits[id].shown[level], _suits[id].said[level]);
        bool isFit = v.ending != IDisputes.Ending.NoPanel && 2 * countSeats(shown) >= jurors.length;
        isFit = isFit && (v.ending != IDisputes.Ending.Decided || fingerprintOf(said) == v.digest);
        for (uint256 seat = 0; seat < jurors.length; ++seat) {
            bool isSilent = isFit && (shown >> seat) & 1 == 0;
            NodeId nodeId = NodeId.wrap(uint32(jurors[seat] >> 32));
            isSilent = isSilent && disputes.punishmentOf(id, nodeId) == 0 && !_wasAway(id, level, nodeId);
            bytes memory data = abi.encodeCall(IDisputes.punishSilent, (_known[id].request, level, seat));
            if (isSilent) _mustExec("Disputes.punishSilent", TREASURY, address(disputes), data);
            else if (seat % 3 == 0) _refuse(id, "not silent", address(disputes), data);
        }
        if (seed % 2 == 0) _close(id);
    }

    /// @dev Whether a juror was in jail, and still is, before its panel's round was chosen.
    function _wasAway(bytes32 id, uint256 level, NodeId nodeId) private view returns (bool) {
        uint256 since = nodes.jailedSince(nodeId);
        uint256 known = beacon.timeOf(_roundOf(id, level)) - _known[id].request.terms.beaconDelay();
        return since != 0 && since < known;
    }

    /// @dev STK-2: jail takes the node out of the pool of the task that it is jailed over.
    function _requireExpelled(uint256 nodeId, TaskId taskId) private {
        (bool isSubscribed, , ) = tasks.subscriptionOf(taskId, NodeId.wrap(uint32(nodeId)));
        if (isSubscribed) revert Broken("STK-2", "in jail and in the pool", nodeId, TaskId.unwrap(taskId));
        _count("TaskRegistry.expel (pushed)");
    }

    /// @dev A member reveals a lie on chain, which is evidence enough.
    function punishRevealed(uint256 seed) external step {
        if (_jailed.length > MOST_JAILED) _reformAll();
        bytes32 id = _disputable(seed, 2 + (seed % 3), 0);
        if (id == 0) return;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        uint256 seat = _liveSeat(members, seed % 2 == 0);
        uint256 nodeId = members[seat] >> 32;
        _reveal(r, id, members[seat], seat);
        _adversaries[id] = 2;
        IDisputes.Evidence memory e = _evidence(id, 0, nodeId, seat, _lieOf(r));
        bytes memory data = abi.encodeCall(IDisputes.openAgainstMember, (r, e));
        _fund(requesters[2]);
        _mustExec("Disputes.openAgainstMember", requesters[2], address(disputes), data);
        _freeze(id, 0, seat, nodeId);
        _runAway(nodeId, r.work.taskId(), seed);
        _decide(id, 1, seed);
        IDisputes.Verdict memory v = _awaitVerdict(id);
        data = abi.encodeCall(IDisputes.punishRevealed, (r, seat));
        bool isLost = v.ending == IDisputes.Ending.Decided && v.digest != fingerprintOf(_lieOf(r));
        if (!isLost) return _refuse(id, "revealed nothing false", address(disputes), data);
        _mustExec("Disputes.punishRevealed", TREASURY, address(disputes), data);
        _refuse(id, "punished twice", address(disputes), data);
    }

    function _reveal(Request memory r, bytes32 id, uint256 member, uint256 seat) private {
        uint256 postedAt = uint40(escrow.roundWord(uint64(r.rules.round())));
        uint256 due = beacon.timeOf(uint64(r.rules.round()));
        uint256 opensAt = (postedAt > due ? postedAt : due) + r.terms.fallbackAfter();
        NodeId nodeId = NodeId.wrap(uint32(member >> 32));
        bytes32 leaf = _leaf(id, _lieOf(r), member, seat);
        vm.warp(opensAt);
        bytes memory data = abi.encodeCall(IEscrowCore.commitOnChain, (r, nodeId, leaf));
        _mustExec("commitOnChain", _signers[member >> 32], address(escrow), data);
        vm.warp(opensAt + r.terms.chainPhase() + 1);
        data = abi.encodeCall(IEscrowFallback.revealOnChain, (r, nodeId, _lieOf(r), _salt(id, seat), new bytes32[](0)));
        _mustExec("revealOnChain", TREASURY, address(escrow), data);
    }

    /* STAYING AND LEAVING */

    function _freeze(bytes32 id, uint256 level, uint256 seat, uint256 nodeId) internal {
        Request memory r = _known[id].request;
        bytes memory data = abi.encodeCall(IDisputes.freeze, (r, level, seat));
        _mustExec("Disputes.freeze", TREASURY, address(disputes), data);
        _noteFrozen(id, NodeId.wrap(uint32(nodeId)), r.work.taskId());
    }

    function freeze(uint256 seed) external step {
        bytes32 id = _suit(seed, false);
        if (id == 0) return;
        uint256 level = seed % 2;
        if (level == 1) _convene(id, 1);
        uint256[] memory members = _panelOf(id, level);
        if (members.length == 0) return;
        uint256 seat = (seed >> 16) % members.length;
        if (!_isOver(id)) _freeze(id, level, seat, members[seat] >> 32);
        _runAway(members[seat] >> 32, _known[id].request.work.taskId(), seed);
    }

    /// @dev All that an owner can do to bring stake out of reach.
    function _runAway(uint256 node, TaskId taskId, uint256 seed) internal {
        NodeId nodeId = NodeId.wrap(uint32(node));
        address owner = nodes.ownerOf(nodeId);
        if (tasks.poolSize(taskId) > LEAST_POOL) {
            bytes memory data = abi.encodeCall(ITaskRegistry.unsubscribe, (taskId, nodeId));
            _exec("TaskRegistry.unsubscribe", owner, address(tasks), data);
        }
        _release(node, taskId);
        bytes memory out = abi.encodeCall(INodeRegistry.withdraw, (nodeId, owner, nodes.freeStake(nodeId)));
        if (seed % 3 == 0) _mustExec("NodeRegistry.withdraw", owner, address(nodes), out);
        if (seed % 5 == 0) _rotate(nodeId);
    }

    function _release(uint256 node, TaskId taskId) private {
        bytes memory data = abi.encodeCall(INodeRegistry.release, (NodeId.wrap(uint32(node)), taskId));
        _exec("NodeRegistry.release", TREASURY, address(nodes), data);
    }

    /* EQUIVOCATION */

    /// @dev Someone who signed two things, for a request that exists or not.
    function _twoFaced(uint256 seed) private returns (bytes32 id, uint256 nodeId) {
        if (_jailed.length > MOST_JAILED) _reformAll();
        id = _freshRequest(seed, _requester(seed >> 200), true);
        nodeId = NodeId.unwrap(_someNode(seed >> 128));
        if (_signers[nodeId] == address(0)) return (0, 0);
        _equivocated[id][nodeId] = true;
    }

    function proveEquivocation(uint256 seed) external step {
        (bytes32 id, uint256 nodeId) = _twoFaced(seed);
        if (id == 0) return;
        Request memory r = _known[id].request;
        uint256 level = seed % 3;
        IDisputes.Evidence memory a = _evidence(id, level, nodeId, 0, _truth(r));
        IDisputes.Evidence memory b = _evidence(id, level, nodeId, 0, _lieOf(r));
        bytes memory data = abi.encodeCall(IDisputes.proveEquivocation, (r, level, a, a));
        _refuse(id, "no contradiction", address(disputes), data);
        data = abi.encodeCall(IDisputes.proveEquivocation, (r, level, a, b));
        _mustExec("Disputes.proveEquivocation", requesters[0], address(disputes), data);
        _refuse(id, "proven twice", address(disputes), data);
        if (_signers[nodeId] != address(0)) revert Broken("DSP-1", "two-faced and free", nodeId, 0);
        _requireExpelled(nodeId, r.work.taskId());
    }

    function proveDoubleCommit(uint256 seed) external step {
        (bytes32 id, uint256 nodeId) = _twoFaced(seed);
        if (id == 0) return;
        Request memory r = _known[id].request;
        IDisputes.SignedCommit memory a = _commitment(id, nodeId, keccak256("a leaf"));
        IDisputes.SignedCommit memory b = _commitment(id, nodeId, keccak256("another leaf"));
        _refuse(id, "one commit", address(disputes), abi.encodeCall(IDisputes.proveDoubleCommit, (r, 0, a, a)));
        bytes memory data = abi.encodeCall(IDisputes.proveDoubleCommit, (r, 0, a, b));
        _mustExec("Disputes.proveDoubleCommit", requesters[1], address(disputes), data);
        _refuse(id, "proven twice", address(disputes), data);
    }

    function _commitment(
        bytes32 id,
        uint256 nodeId,
        bytes32 leaf
    ) private view returns (IDisputes.SignedCommit memory c) {
        bytes32 hash = _typed(Attestations.commitStructHash(id, 0, leaf));
        bytes memory signature = _compact(_evidenceKey(nodeId, _known[id].request.rules.submittedAt()), hash);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return IDisputes.SignedCommit(leaf, r, s);
    }

    /* JAIL */

    /// @dev Anyone takes a jailed node out of its pools.
    function evictJailed(uint256 seed) external step {
        if (_jailed.length == 0) return;
        NodeId nodeId = NodeId.wrap(uint32(_jailed[seed % _jailed.length]));
        TaskId taskId = _servedTask(seed >> 64);
        bool isFree = nodes.jailedUntil(nodeId) == 0; // it has a new key already
        if (isFree || tasks.poolSize(taskId) <= LEAST_POOL) return;
        (bool isSubscribed, , ) = tasks.subscriptionOf(taskId, nodeId);
        bytes memory data = abi.encodeCall(ITaskRegistry.evict, (taskId, nodeId));
        (bool success, ) = _exec("TaskRegistry.evict", TREASURY, address(tasks), data);
        if (success != isSubscribed) revert Broken("REP-1", "evicted from jail", NodeId.unwrap(nodeId), 0);
        if (_subscribe(nodeId, taskId, 1)) revert Broken("REP-1", "subscribed in jail", NodeId.unwrap(nodeId), 0);
    }

    function reform(uint256 seed) external step {
        if (_jailed.length == 0) return;
        _rotate(NodeId.wrap(uint32(_jailed[seed % _jailed.length]))); // it may be early
        if (seed % 2 == 0) _reformAll();
    }

    /// @dev Time goes by; then the jailed take new keys, and back their tasks again.
    function _reformAll() internal {
        while (_jailed.length != 0) {
            NodeId nodeId = NodeId.wrap(uint32(_jailed[_jailed.length - 1]));
            uint256 until = nodes.jailedUntil(nodeId);
            if (block.timestamp < until) vm.warp(until);
            if (_signers[NodeId.unwrap(nodeId)] == address(0)) _rotate(nodeId);
            for (uint32 id = 1; id <= SERVED_TASKS; ++id) _backAgain(nodeId, TaskId.wrap(id));
            _jailed.pop();
        }
    }

    function _backAgain(NodeId nodeId, TaskId taskId) private {
        (bool isSubscribed, , ) = tasks.subscriptionOf(taskId, nodeId);
        if (!isSubscribed) {
            _subscribe(nodeId, taskId, uint32(1 + (NodeId.unwrap(nodeId) % 9)));
            return;
        }
        _deposit(nodeId, 1_000 ether);
        bytes memory data = abi.encodeCall(ITaskRegistry.restoreStake, (taskId, nodeId));
        _mustExec("TaskRegistry.restoreStake", nodes.ownerOf(nodeId), address(tasks), data);
    }

    /* PARAMETERS */

    function setDisputeParameters(uint256 seed) external step {
        DisputeParameters memory p = DisputeParameters({
            panelMin: uint8(7 + (seed % 3)),
            panelWindow: uint24(1 + ((seed >> 8) % 20)),
            appealWindow: uint24(1 + ((seed >> 16) % 20)),
            punishWindow: uint24(1 + ((seed >> 24) % 20)),
            jurorSlash: uint16((seed >> 32) % 2_501)
        });
        bytes memory data = abi.encodeCall(IDisputes.setParameters, (p));
        _setTimes("Disputes.setParameters", address(disputes), data);
        p.panelMin = seed % 2 == 0 ? 6 : 44;
        data = abi.encodeCall(IDisputes.setParameters, (p));
        (bool success, ) = _exec("a panel's bounds", ADMIN, address(disputes), data);
        if (success) revert Broken("DSP-1", "a panel's bounds", p.panelMin, 0);
    }
}
