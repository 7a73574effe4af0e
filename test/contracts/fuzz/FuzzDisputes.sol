// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowLanes} from "../../../contracts/interfaces/IEscrowLanes.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {Head, countBits} from "../../../contracts/types/Head.sol";
import {FLAG_BUNDLE, Request} from "../../../contracts/types/Request.sol";
import {FuzzPanels} from "./FuzzPanels.sol";
import {vm} from "./Vm.sol";

/// @dev Disputes from their opening to their verdict. Each call opens one, or goes on with one that others left.
abstract contract FuzzDisputes is FuzzPanels {
    uint256 private constant MOST_SUITS = 8;

    /* WHAT THERE IS TO DISPUTE */

    /// @dev A fresh request of a small committee that can settle now, or zero.
    function _disputable(uint256 seed, uint256 k, uint24 window) internal returns (bytes32 id) {
        if (suing.length >= MOST_SUITS) _endSuits();
        address requester = _requester(seed >> 200);
        _refill(_servedTask(seed), seed >> 130);
        _refresh(_servedTask(seed));
        _fund(requester);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requester);
        (p.k, p.quorum, p.challengeWindow) = (uint8(k), uint8(k / 2 + 1), window);
        id = _ask(requester, p, (seed >> 120) % 3);
        if (id == 0) revert Broken("ESC-3", "a good request is refused", uint32(_refusal), k);
        uint8[8] memory rates = [0, 3, 3, 3, 4, 5, 8, 15];
        _adversaries[id] = rates[(seed >> 60) % 8];
        _prepare(id);
        if (!_canSettle(id)) return 0;
    }

    /// @dev Some that left, or never came, subscribe.
    function _refill(TaskId taskId, uint256 seed) private {
        for (uint256 i = 0; i < 3 && tasks.poolSize(taskId) < FIRST_NODES; ++i) {
            NodeId nodeId = _someNode(seed + i);
            if (_signers[NodeId.unwrap(nodeId)] != address(0)) _subscribe(nodeId, taskId, uint32(1 + ((seed + i) % 9)));
        }
        if (seed % 4 == 0) _publish(taskId);
    }

    /// @dev The first or the last member that is not jailed.
    function _liveSeat(uint256[] memory members, bool isLast) internal view returns (uint256 seat) {
        uint256 live = _liveSeats(members);
        for (uint256 i = 0; i < members.length; ++i) {
            if ((live >> i) & 1 == 1) seat = i;
            if ((live >> i) & 1 == 1 && !isLast) return i;
        }
    }

    /// @dev All but the last member attest the truth, or a lie.
    function _settleAs(bytes32 id, bool isTrue) private returns (bool success, IDisputes.Outcome memory o) {
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        Said memory said = _saidByAll(r, members);
        said.attested &= ~(1 << _liveSeat(members, true));
        if (countBits(said.attested) < r.origin.quorum()) return (false, o);
        if (!isTrue) said.output = r.rules.has(FLAG_BUNDLE) ? abi.encode(keccak256("lies")) : bytes("a lie");
        said.committed = said.attested;
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, said);
        o = IDisputes.Outcome(isTrue ? _truth(r) : _lieOf(r), s.head, requesters[1]);
        for (uint256 i = 0; i < members.length; ++i) {
            if ((said.attested >> i) & 1 == 1) _say(id, 0, members[i] >> 32, o.digest);
        }
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        _mustExec("settle", requesters[1], address(escrow), data);
        return (true, o);
    }

    /* OPENING */

    function _sue(uint256 seed) internal returns (bytes32 id) {
        uint256 kind = (seed >> 4) % 4;
        if (kind == 0) return _sueByConflict(seed);
        if (kind == 1) return _sueByDissent(seed);
        if (kind == 2) return _sueByBond(seed);
        return _sueMember(seed);
    }

    function _sueByConflict(uint256 seed) private returns (bytes32 id) {
        id = _disputable(seed, 2 + (seed % 4), 0);
        if (id == 0) return 0;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        (uint256 a, uint256 b) = (_liveSeat(members, false), _liveSeat(members, true));
        if (a == b) return 0;
        IDisputes.Evidence memory first = _evidence(id, 0, members[a] >> 32, a, _truth(r));
        IDisputes.Evidence memory second = _evidence(id, 0, members[b] >> 32, b, _lieOf(r));
        bytes memory data = abi.encodeCall(IDisputes.openByConflict, (r, first, second));
        _mustExec("Disputes.openByConflict", requesters[0], address(disputes), data);
        _refuse(id, "disputed twice", address(disputes), data);
        _refuse(id, "expire", address(escrow), abi.encodeCall(IEscrowLanes.expire, (r)));
    }

    function _sueByDissent(uint256 seed) private returns (bytes32 id) {
        id = _disputable(seed, 3 + (seed % 3), uint24(1 + ((seed >> 100) % 30)));
        if (id == 0) return 0;
        bool isTrue = (seed >> 20) % 3 != 0;
        (bool success, IDisputes.Outcome memory o) = _settleAs(id, isTrue);
        if (!success) return 0;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        uint256 seat = _liveSeat(members, true);
        bytes32 digest = isTrue ? _lieOf(r) : _truth(r);
        IDisputes.Evidence memory e = _evidence(id, 0, members[seat] >> 32, seat, digest);
        bytes memory data = abi.encodeCall(IDisputes.openByDissent, (r, o, e));
        _mustExec("Disputes.openByDissent", TREASURY, address(disputes), data);
        _refuse(id, "disputed twice", address(disputes), data);
    }

    function _sueByBond(uint256 seed) private returns (bytes32 id) {
        id = _disputable(seed, 3 + (seed % 3), seed % 2 == 0 ? 0 : uint24(1 + ((seed >> 100) % 30)));
        if (id == 0) return 0;
        (bool success, IDisputes.Outcome memory o) = _settleAs(id, (seed >> 20) % 2 == 0);
        if (!success) return 0;
        _fund(requesters[0]);
        bool isPaid = _known[id].stage == Stage.Ended;
        bytes memory data = abi.encodeCall(IDisputes.openByBond, (_known[id].request, o));
        _mustExec("Disputes.openByBond", requesters[0], address(disputes), data);
        if (isPaid) _count("blockOutcome (pushed)");
        _refuse(id, "disputed twice", address(disputes), data);
    }

    function _sueMember(uint256 seed) private returns (bytes32 id) {
        id = _disputable(seed, 2 + (seed % 4), 0);
        if (id == 0) return 0;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        uint256 seat = _liveSeat(members, seed % 2 == 0);
        bytes32 digest = (seed >> 20) % 2 == 0 ? _lieOf(r) : _truth(r);
        IDisputes.Evidence memory e = _evidence(id, 0, members[seat] >> 32, seat, digest);
        _fund(requesters[2]);
        bytes memory data = abi.encodeCall(IDisputes.openAgainstMember, (r, e));
        _mustExec("Disputes.openAgainstMember", requesters[2], address(disputes), data);
        _refuse(id, "disputed twice", address(disputes), data);
    }

    function _refuse(bytes32 id, string memory name, address target, bytes memory data) internal {
        (bool success, ) = _exec(name, TREASURY, target, data);
        if (success) revert Broken("DSP-1", name, uint256(id), 0);
    }

    function openByConflict(uint256 seed) external step {
        _sueByConflict(seed);
    }

    function openByDissent(uint256 seed) external step {
        _sueByDissent(seed);
    }

    function openByBond(uint256 seed) external step {
        _sueByBond(seed);
    }

    function openAgainstMember(uint256 seed) external step {
        _sueMember(seed);
    }

    /// @dev The last member that is not jailed says something else than what was recorded. False where there is none.
    function _dissent(Request memory r, bytes32 id, Head head) internal returns (bool) {
        uint256[] memory members = _draw(r, id);
        if (_liveSeats(members) == 0) return false;
        uint256 seat = _liveSeat(members, true);
        IDisputes.Outcome memory outcome = IDisputes.Outcome(_known[id].digest, head, _known[id].settler);
        IDisputes.Evidence memory e = _evidence(id, 0, members[seat] >> 32, seat, _lieOf(r));
        bytes memory data = abi.encodeCall(IDisputes.openByDissent, (r, outcome, e));
        _mustExec("Disputes.openByDissent", TREASURY, address(disputes), data);
        return true;
    }

    /// @dev The panel says nothing, and what follows cannot be helped by anyone.
    function _concludeUndecided(bytes32 id) internal {
        _convene(id, 1);
        _conclude(id);
        bool isRefunded = _suits[id].ending == IDisputes.Ending.NoFault;
        if (isRefunded != (_known[id].stage == Stage.Ended)) revert Broken("DSP-1", "its end", uint256(id), 0);
    }

    /* DECIDING */

    /// @dev A dispute that nobody concluded, of a pending verdict if it has to be; a new one, or zero, if there is none.
    function _suit(uint256 seed, bool isPending) internal returns (bytes32 id) {
        for (uint256 i = 0; i < suing.length && seed % 2 == 0; ++i) {
            id = suing[((seed >> 8) + i) % suing.length];
            if (_suits[id].isConcluded) continue;
            bool isOpen = disputes.verdictOf(_known[id].request).ending == IDisputes.Ending.Pending;
            if (isOpen || !isPending) return id;
        }
        return _sue(seed >> 1);
    }

    function decide(uint256 seed) external step {
        bytes32 id = _suit(seed, true);
        if (id != 0) _decide(id, disputes.caseOf(id)[3] == 0 ? 1 : 2, seed);
    }

    function _appeal(bytes32 id, uint256 seed) internal returns (bool) {
        if (!_suits[id].isDecided[1] || disputes.caseOf(id)[3] != 0) return false;
        Request memory r = _known[id].request;
        if (disputes.verdictOf(r).ending != IDisputes.Ending.Pending) return false;
        _fund(requesters[seed % 3]);
        bytes memory data = abi.encodeCall(IDisputes.appeal, (r));
        _mustExec("Disputes.appeal", requesters[seed % 3], address(disputes), data);
        _refuse(id, "appealed twice", address(disputes), data);
        return true;
    }

    function appeal(uint256 seed) external step {
        bytes32 id = _suit(seed, true);
        if (id == 0) return;
        _decide(id, 1, seed);
        if (_appeal(id, seed) && seed % 3 != 0) _decide(id, 2, seed);
    }

    function escalate(uint256 seed) external step {
        bytes32 id = _suit(seed, true);
        if (id == 0) return;
        Request memory r = _known[id].request;
        _convene(id, 1);
        bytes memory data = abi.encodeCall(IDisputes.escalate, (r));
        IDisputes.Verdict memory v = disputes.verdictOf(r);
        bool isOpen = v.ending == IDisputes.Ending.Pending && _panelOf(id, 1).length >= 7;
        isOpen = isOpen && !_suits[id].isDecided[1] && disputes.caseOf(id)[3] == 0;
        if (!isOpen) return _refuse(id, "escalated wrongly", address(disputes), data);
        uint256 endsAt = v.finalAt - _suits[id].rules.appealWindow;
        if (block.timestamp <= endsAt) {
            _refuse(id, "escalated early", address(disputes), data);
            vm.warp(endsAt + 1);
        }
        _mustExec("Disputes.escalate", TREASURY, address(disputes), data);
        if (seed % 3 != 0) _decide(id, 2, seed);
    }

    function conclude(uint256 seed) external step {
        bytes32 id = _suit(seed, false);
        if (id == 0) return;
        if ((seed >> 30) % 4 != 0) _decide(id, 1, seed);
        _conclude(id);
        _refuse(id, "concluded twice", address(disputes), abi.encodeCall(IDisputes.conclude, (_known[id].request)));
        if (_known[id].stage == Stage.Open) _settleUpheld(id);
    }

    /// @dev What a verdict allows settles, if enough members say so.
    function _settleUpheld(bytes32 id) private {
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        Said memory said = _saidByAll(r, members);
        for (uint256 i = 0; i < members.length; ++i) {
            if (_lied[id][members[i] >> 32]) said.attested &= ~(1 << i);
        }
        said.committed = said.attested;
        if (countBits(said.attested) < r.origin.quorum()) return;
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, said);
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        bool isAny = _suits[id].ending == IDisputes.Ending.NoPanel;
        if (!isAny && _suits[id].found != _truth(r)) return _refuse(id, "settled against", address(escrow), data);
        _mustExec("settle (after a verdict)", requesters[1], address(escrow), data);
    }

    function close(uint256 seed) external step {
        bytes32 id = suing.length == 0 ? _sue(seed >> 1) : suing[(seed >> 8) % suing.length];
        if (id == 0) return;
        if (seed % 2 == 0) _decide(id, 1, seed);
        if (!_suits[id].isConcluded) {
            _conclude(id);
            if (_known[id].stage == Stage.Open) _settleUpheld(id);
        }
        _close(id);
        _refuse(id, "closed twice", address(disputes), abi.encodeCall(IDisputes.close, (_known[id].request)));
    }
}
