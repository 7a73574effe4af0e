// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {PanelHead, countSeats} from "../../../contracts/types/Docket.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {FuzzSuits} from "./FuzzSuits.sol";
import {vm} from "./Vm.sol";

/// @dev What jurors say. Those that are honest attest the truth; of the others some lie and some say nothing.
abstract contract FuzzPanels is FuzzSuits {
    /// @dev Adversaries among sixteen jurors, on average.
    mapping(bytes32 requestId => uint256) internal _adversaries;

    struct Panel {
        bytes32 id;
        uint256 level;
        uint256[] jurors;
        uint256 truthful; // seats
        uint256 lying;
    }

    /* SIGNATURES */

    function _typed(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", escrow.domainSeparator(), structHash));
    }

    /// @dev The node's current key, or for every other node the one that it had when the request was made.
    function _evidenceKey(uint256 nodeId, uint256 time) internal view returns (uint256 key) {
        key = _currentKey(nodeId);
        if (_signers[nodeId] != address(0) && nodeId % 2 == 0) return key;
        for (uint256 i = 0; i < _keys[nodeId].length; ++i) {
            if (_since[nodeId][i] <= time) key = _keys[nodeId][i];
        }
    }

    /// @dev A node's signature over a digest, which it said from now on.
    function _evidence(
        bytes32 id,
        uint256 level,
        uint256 nodeId,
        uint256 seat,
        bytes32 digest
    ) internal returns (IDisputes.Evidence memory e) {
        (e.seat, e.digest, e.committed, e.commitRoot) = (seat, digest, 1 << seat, keccak256("a root"));
        bytes32 hash = _typed(Attestations.structHash(id, level, digest, e.committed, e.commitRoot));
        bytes memory signature = _compact(_evidenceKey(nodeId, _known[id].request.rules.submittedAt()), hash);
        (e.r, e.yParityAndS) = abi.decode(signature, (bytes32, bytes32));
        _say(id, level, nodeId, digest);
    }

    /* PANELS */

    function _roundOf(bytes32 id, uint256 level) internal view returns (uint64) {
        uint256[6] memory words = disputes.caseOf(id);
        return uint64(level == 1 ? (words[0] >> 32) & 0xffffffff : (words[3] >> 64) & 0xffffffff);
    }

    /// @dev Posts the round of a level, if it still counts.
    function _convene(bytes32 id, uint256 level) internal {
        uint64 round = _roundOf(id, level);
        if (escrow.roundWord(round) != 0) return;
        uint256 latest = beacon.timeOf(round) + _known[id].request.terms.beaconTimeout();
        if (block.timestamp <= latest) _post(round);
    }

    /// @dev Nobody where no panel can be drawn.
    function _panelOf(bytes32 id, uint256 level) internal view returns (uint256[] memory) {
        try disputes.panelOf(_known[id].request, level) returns (uint256[] memory jurors) {
            return jurors;
        } catch {
            return new uint256[](0);
        }
    }

    /// @dev DRW-1: nobody sits twice, in one level or in two.
    function _checkPanel(bytes32 id, uint256 level, uint256[] memory jurors) private view {
        for (uint256 below = 0; below <= level; ++below) {
            uint256[] memory others = below == level ? jurors : _panelOf(id, below);
            for (uint256 i = 0; i < jurors.length; ++i) {
                for (uint256 j = 0; j < (below == level ? i : others.length); ++j) {
                    if (jurors[i] >> 32 == others[j] >> 32) revert Broken("DRW-1", "a juror twice", i, j);
                }
            }
        }
    }

    /// @dev The panel of a level that is to decide now. Nobody if that has passed, or never comes.
    function _sit(bytes32 id, uint256 level) private returns (Panel memory p) {
        _convene(id, level);
        IDisputes.Verdict memory v = disputes.verdictOf(_known[id].request);
        if (v.ending != IDisputes.Ending.Pending || v.level != level) return p;
        // in the second in which a level 2 turns out to have no panel, level 1 stands again, and its windows may be over
        if (level == 1 && disputes.caseOf(id)[3] != 0 && v.finalAt == block.timestamp) return p;
        (p.id, p.level, p.jurors) = (id, level, _panelOf(id, level));
        _checkPanel(id, level, p.jurors);
        bytes32 truth = _truth(_known[id].request);
        for (uint256 i = 0; i < p.jurors.length; ++i) {
            uint256 nodeId = p.jurors[i] >> 32;
            if (_signers[nodeId] == address(0)) continue;
            uint256 chance = uint256(keccak256(abi.encode(id, nodeId)));
            bool isAdverse = chance % 16 < _adversaries[id];
            if (isAdverse && (chance >> 8) % 3 == 0) continue; // silent
            if (isAdverse) p.lying |= 1 << i;
            else p.truthful |= 1 << i;
            _say(id, level, nodeId, isAdverse ? _lieOf(_known[id].request) : truth);
        }
        if (3 * (p.jurors.length - countSeats(p.truthful)) >= p.jurors.length) _isOverrun[id] = true;
    }

    /// @dev A level's panel says what it has to say, in time or too late. Whether it decides.
    function _decide(bytes32 id, uint256 level, uint256 seed) internal returns (bool) {
        Panel memory p = _sit(id, level);
        if (p.jurors.length < 7 || _suits[id].shown[level] != 0) return _suits[id].isDecided[level];
        bool isTrue = countSeats(p.truthful) >= countSeats(p.lying);
        (uint256 seats, Request memory r) = (isTrue ? p.truthful : p.lying, _known[id].request);
        bytes32 digest = isTrue ? _truth(r) : _lieOf(r);
        uint256 endsAt = disputes.verdictOf(r).finalAt - _suits[id].rules.appealWindow;
        uint256 needed = (2 * p.jurors.length) / 3 + 1;
        bool isDecided = countSeats(seats) >= needed && block.timestamp <= endsAt;
        if (!isDecided && 2 * countSeats(seats) >= p.jurors.length && block.timestamp <= endsAt) vm.warp(endsAt + 1);
        bool counts = isDecided || (block.timestamp > endsAt && 2 * countSeats(seats) >= p.jurors.length);
        uint256 left = isDecided && seed % 3 == 0 && countSeats(seats) > needed ? seats & (~seats + 1) : 0;
        _show(p, digest, seats, seats & ~left, counts);
        if (left != 0) _show(p, digest, seats, left | (seats & ~left), counts); // who was left out joins
        if (_suits[id].isDecided[level] != isDecided) revert Broken("DSP-1", "a quorum of jurors", needed, seats);
        return isDecided;
    }

    function _show(Panel memory p, bytes32 digest, uint256 committed, uint256 attested, bool isGood) private {
        Request memory r = _known[p.id].request;
        bytes memory proof = _proofOf(p, digest, committed, attested);
        PanelHead head = PanelHead.wrap((attested << 64) | committed);
        bytes memory data = abi.encodeCall(IDisputes.decide, (r, p.level, digest, head, proof));
        if (isGood) {
            _mustExec("Disputes.decide", TREASURY, address(disputes), data);
        } else {
            (bool success, ) = _exec("decide by too few", TREASURY, address(disputes), data);
            if (success) revert Broken("DSP-1", "too few jurors decide", attested, p.jurors.length);
        }
    }

    function _proofOf(
        Panel memory p,
        bytes32 digest,
        uint256 committed,
        uint256 attested
    ) private view returns (bytes memory proof) {
        bytes memory leaves;
        bytes16 salt = bytes16(p.id);
        bytes32[] memory leaf = new bytes32[](p.jurors.length);
        for (uint256 i = 0; i < p.jurors.length; ++i) {
            if ((committed >> i) & 1 == 0) continue;
            leaf[i] = keccak256(abi.encode(p.id, p.level, digest, p.jurors[i] >> 32, salt));
            leaves = abi.encodePacked(leaves, leaf[i]);
        }
        bytes32 hash = _typed(Attestations.structHash(p.id, p.level, digest, committed, keccak256(leaves)));
        uint256 time = _known[p.id].request.rules.submittedAt();
        for (uint256 i = 0; i < p.jurors.length; ++i) {
            if ((committed >> i) & 1 == 0) continue;
            bytes memory signed =
                (attested >> i) & 1 == 0
                    ? abi.encodePacked(leaf[i])
                    : abi.encodePacked(_compact(_evidenceKey(p.jurors[i] >> 32, time), hash), salt);
            proof = abi.encodePacked(proof, signed);
        }
    }

    /* ENDINGS */

    /// @dev Time goes by until nobody can change the verdict any more.
    function _awaitVerdict(bytes32 id) internal returns (IDisputes.Verdict memory v) {
        Request memory r = _known[id].request;
        for (uint256 i = 0; i < 4; ++i) {
            v = disputes.verdictOf(r);
            if (v.ending != IDisputes.Ending.Pending) return v;
            vm.warp(v.finalAt + 1);
        }
        revert Broken("DSP-1", "it never ends", v.finalAt, uint256(id));
    }

    function _conclude(bytes32 id) internal {
        bytes memory data = abi.encodeCall(IDisputes.conclude, (_known[id].request));
        if (disputes.verdictOf(_known[id].request).ending == IDisputes.Ending.Pending) {
            (bool success, ) = _exec("conclude early", TREASURY, address(disputes), data);
            if (success) revert Broken("DSP-1", "concluded early", uint256(id), 0);
            _awaitVerdict(id);
        }
        bool isOpen = _known[id].stage != Stage.Ended;
        bool mustRefund = isOpen && disputes.verdictOf(_known[id].request).ending == IDisputes.Ending.NoFault;
        _mustExec("Disputes.conclude", TREASURY, address(disputes), data);
        if (mustRefund && _known[id].stage != Stage.Ended) revert Broken("ESC-2", "nobody's fault", uint256(id), 0);
    }

    function _close(bytes32 id) internal {
        IDisputes.Verdict memory v = _awaitVerdict(id);
        if (!_suits[id].isConcluded) _conclude(id);
        bytes memory data = abi.encodeCall(IDisputes.close, (_known[id].request));
        uint256 closesAt = v.finalAt + _suits[id].rules.punishWindow;
        if (closesAt > _suits[id].bound) revert Broken("DSP-1", "its end", closesAt, _suits[id].bound);
        if (block.timestamp <= closesAt) {
            (bool success, ) = _exec("close early", TREASURY, address(disputes), data);
            if (success) revert Broken("DSP-1", "closed early", uint256(id), closesAt);
            vm.warp(closesAt + 1);
        }
        _mustExec("Disputes.close", TREASURY, address(disputes), data);
    }

    function _endSuits() internal {
        while (suing.length != 0) _close(suing[suing.length - 1]);
    }
}
