// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {Panels} from "../libraries/Panels.sol";
import {Spoils} from "../libraries/Spoils.sol";
import {DisputeParameters} from "../types/DisputeParameters.sol";
import {DOCKET_CLOSED, DOCKET_CONFLICT, Tally, countSeats} from "../types/Docket.sol";
import {ChainWordFields} from "../types/ChainWord.sol";
import {fingerprintOf} from "../types/Fingerprint.sol";
import {NodeId} from "../types/Ids.sol";
import {BASIS_POINTS, Request} from "../types/Request.sol";
import {DisputesConclusion} from "./DisputesConclusion.sol";

/// @title Who pays for having been wrong, and to whom
abstract contract DisputesPunishment is DisputesConclusion {
    uint256 private constant SILENT = 1;
    uint256 private constant LOST = 2;
    uint256 private constant ATOMA_UNIT = 1e18;
    /// @dev More than there is: a slash takes what it finds.
    uint256 private constant EVERYTHING = type(uint128).max;

    /* LOSERS AND SILENT JURORS */

    /// @inheritdoc IDisputes
    function punish(Request calldata r, uint256 level, Evidence calldata e) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        Verdict memory v = _punishable(r, requestId, dispute);
        require(v.ending == Ending.Decided && fingerprintOf(e.digest) != v.digest, NotALoser());
        NodeId nodeId = _witness(r, requestId, level, _jurors(r, requestId, dispute, level), e);
        _lose(r, requestId, dispute, nodeId, level);
    }

    /// @inheritdoc IDisputes
    function punishRevealed(Request calldata r, uint256 seat) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        Verdict memory v = _punishable(r, requestId, dispute);
        NodeId nodeId = _seated(_escrow().committeeOf(r), seat);
        (uint256 state, bytes32 prefix) = _escrow().chainWordOf(requestId, nodeId);
        bool hasRevealed = state == ChainWordFields.REVEALED || state == ChainWordFields.COUNTED;
        require(v.ending == Ending.Decided && hasRevealed && uint256(prefix) >> 64 != v.digest, NotALoser());
        _lose(r, requestId, dispute, nodeId, 0);
    }

    function _lose(Request calldata r, bytes32 requestId, Case storage dispute, NodeId nodeId, uint256 level) private {
        uint256 taken = _condemn(r, requestId, nodeId);
        dispute.pot += taken << 128; // ATOMA's supply is below 2^128
        emit LoserPunished(requestId, nodeId, level, taken);
    }

    /// @inheritdoc IDisputes
    function punishSilent(Request calldata r, uint256 level, uint256 seat) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        Verdict memory v = _punishable(r, requestId, dispute);
        uint256 round = _roundOf(dispute, level); // checks the level
        uint256[] memory jurors = _jurors(r, requestId, dispute, level);
        NodeId nodeId = _seated(jurors, seat);
        Tally tally = level == 1 ? dispute.first : dispute.second;
        // where a panel was overruled, those who did not join it are not to blame
        require(v.ending != Ending.Decided || tally.digest() == v.digest, NotSilent(seat));
        uint256 attested = tally.attested();
        require((attested >> seat) & 1 == 0 && 2 * countSeats(attested) >= jurors.length, NotSilent(seat));
        require(!_wasAway(r, nodeId, round), NotSilent(seat));
        require(_punished[requestId][nodeId] == 0, AlreadyPunished(nodeId));
        _punished[requestId][nodeId] = SILENT;
        uint256 rate = _parameters[dispute.docket.version()].jurorSlash;
        uint256 amount = (TASK_REGISTRY.taskOf(r.work.taskId()).stakePerNode * rate) / BASIS_POINTS;
        uint256 taken = NODE_REGISTRY.slash(nodeId, r.work.taskId(), amount);
        dispute.pot += taken;
        emit SilentJurorPunished(requestId, nodeId, level, taken);
    }

    /// @dev Whether the node was in jail, and still is, before anybody could know that the round would draw it. Later it could
    ///      have itself jailed over a task with little stake, so as to keep what silence costs.
    function _wasAway(Request calldata r, NodeId nodeId, uint256 round) private view returns (bool) {
        uint256 since = NODE_REGISTRY.jailedSince(nodeId);
        return since != 0 && since + r.terms.beaconDelay() < _dueAt(round);
    }

    /// @dev The verdict, while it can be acted on.
    function _punishable(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute
    ) private view returns (Verdict memory v) {
        v = _verdict(r, requestId, dispute);
        require(v.ending != Ending.Pending, StillPending());
        _requireUntil(_closesAt(dispute, v));
    }

    function _closesAt(Case storage dispute, Verdict memory v) private view returns (uint256) {
        return v.finalAt + _parameters[dispute.docket.version()].punishWindow;
    }

    /// @dev Takes all that backs the task, and jails. Once per node and request.
    function _condemn(Request calldata r, bytes32 requestId, NodeId nodeId) private returns (uint256 taken) {
        require(_punished[requestId][nodeId] != LOST, AlreadyPunished(nodeId));
        _punished[requestId][nodeId] = LOST;
        taken = NODE_REGISTRY.slash(nodeId, r.work.taskId(), EVERYTHING);
        NODE_REGISTRY.jail(nodeId, r.work.taskId());
    }

    /* SHARING OUT */

    /// @inheritdoc IDisputes
    function close(Request calldata r) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        Verdict memory v = _verdict(r, requestId, dispute);
        require(v.ending != Ending.Pending, StillPending());
        require(!dispute.docket.has(DOCKET_CLOSED), AlreadyClosed());
        require(block.timestamp > _closesAt(dispute, v), TooEarly(_closesAt(dispute, v)));
        dispute.docket = dispute.docket.with(DOCKET_CLOSED);

        (uint256 slashed, uint256 silent) = (dispute.pot >> 128, uint128(dispute.pot)); // the lower half
        uint256 honest = _honestSeats(r, requestId, dispute, v);
        Bonds memory b = _bonds(r, dispute, v);
        uint256 owed =
            v.ending == Ending.Decided || v.ending == Ending.NoFault ? _inAtoma(_payOf(r) - b.each) * b.jurors : 0;
        uint256 fromSilent = silent < owed ? silent : owed;
        Spoils.Shares memory s = Spoils.share(
            slashed,
            owed - fromSilent,
            _inAtoma(_payOf(r)),
            _hasWon(dispute, v),
            honest != 0
        );
        s.jurors = _awardJurors(r, requestId, dispute, v, b.jurors, s.jurors + fromSilent);
        _share(r, requestId, dispute, s, honest, slashed + silent);
    }

    function _hasWon(Case storage dispute, Verdict memory v) private view returns (bool) {
        return dispute.docket.has(DOCKET_CONFLICT) || v.digest != dispute.claim.digest();
    }

    /// @dev The seats of members that are known to have been right: of those that opened or settled, without the punished.
    function _honestSeats(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        Verdict memory v
    ) private view returns (uint256 honest) {
        if (v.ending != Ending.Decided || dispute.pot >> 128 == 0) return 0;
        bool isUpheld = v.digest == dispute.claim.digest();
        honest = isUpheld ? dispute.claim.accused() : dispute.claim.dissenting();
        if (dispute.docket.has(DOCKET_CONFLICT)) honest = dispute.docket.conflictSeats();
        uint256[] memory members = _escrow().committeeOf(r);
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if (_punished[requestId][_seated(members, seat)] != 0) honest &= ~(1 << seat);
        }
    }

    /// @return awarded what they got together, in equal parts
    function _awardJurors(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        Verdict memory v,
        uint256 count,
        uint256 amount
    ) private returns (uint256 awarded) {
        if (amount == 0) return 0;
        uint256 each = amount / count; // something is owed, so somebody counts
        for (uint256 level = 1; level <= Panels.LEVELS; ++level) {
            uint256 seats = _countedSeats(dispute, v, level);
            if (seats != 0) _awardSeats(_jurors(r, requestId, dispute, level), seats, each);
        }
        return each * count;
    }

    function _share(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        Spoils.Shares memory s,
        uint256 honest,
        uint256 total
    ) private {
        _award(r.origin.requester(), s.requester);
        _award(dispute.docket.challenger(), s.challenger);
        if (s.members != 0) {
            uint256 each = s.members / countSeats(honest);
            _awardSeats(_escrow().committeeOf(r), honest, each);
            s.members = each * countSeats(honest);
        }
        uint256 rest = total - s.jurors - s.requester - s.challenger - s.members; // the shares are of the total
        _award(_treasury(), rest);
        emit SpoilsShared(requestId, s.jurors, s.requester, s.challenger, s.members, rest);
    }

    function _awardSeats(uint256[] memory members, uint256 seats, uint256 each) private {
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if ((seats >> seat) & 1 != 0) _award(NODE_REGISTRY.ownerOf(_seated(members, seat)), each);
        }
    }

    function _award(address to, uint256 amount) private {
        if (amount != 0) NODE_REGISTRY.award(to, amount);
    }

    /// @dev What an amount of the payment token is worth in ATOMA, at the governed price.
    function _inAtoma(uint256 amount) private view returns (uint256) {
        uint256 price = TASK_REGISTRY.stakePrice();
        return price == 0 ? 0 : (amount * ATOMA_UNIT) / price;
    }

    /* EQUIVOCATION */

    /// @inheritdoc IDisputes
    function proveEquivocation(
        Request calldata r,
        uint256 level,
        Evidence calldata first,
        Evidence calldata second
    ) external {
        bytes32 requestId = _idOf(r);
        require(first.digest != second.digest, NoContradiction());
        _equivocated(r, requestId, level, _signerOf(requestId, level, first), _signerOf(requestId, level, second));
    }

    /// @inheritdoc IDisputes
    function proveDoubleCommit(
        Request calldata r,
        uint256 level,
        SignedCommit calldata first,
        SignedCommit calldata second
    ) external {
        bytes32 requestId = _idOf(r);
        require(first.leaf != second.leaf, NoContradiction());
        address a = _committer(requestId, level, first);
        _equivocated(r, requestId, level, a, _committer(requestId, level, second));
    }

    function _committer(bytes32 requestId, uint256 level, SignedCommit calldata c) private view returns (address) {
        bytes32 hash = _signedHash(Attestations.commitStructHash(requestId, level, c.leaf));
        return Attestations.recover(hash, c.r, c.yParityAndS);
    }

    function _equivocated(Request calldata r, bytes32 requestId, uint256 level, address a, address b) private {
        _requireUntil(r.rules.submittedAt() + NODE_REGISTRY.unbonding());
        require(r.rules.submittedAt() <= block.timestamp, TooEarly(r.rules.submittedAt()));
        NodeId nodeId = _nodeOfKey(r, a);
        require(nodeId != NodeId.wrap(0) && _nodeOfKey(r, b) == nodeId, NotSignedBy(nodeId));
        uint256 taken = _condemn(r, requestId, nodeId);
        emit EquivocationProven(requestId, nodeId, level, taken);
        // signatures say nothing of whether a request was ever made, and whoever makes one up pays itself
        bool isMade = _escrow().slotOf(r.origin.requester(), r.origin.slot()).holdsOpen(requestId);
        Spoils.Shares memory s;
        if (isMade) s = Spoils.share(taken, 0, _inAtoma(_payOf(r)), true, false);
        _award(r.origin.requester(), s.requester);
        _award(msg.sender, s.challenger);
        _award(_treasury(), taken - s.requester - s.challenger); // the shares are of what was taken
    }

    /* FREEZING */

    /// @inheritdoc IDisputes
    function freeze(Request calldata r, uint256 level, uint256 seat) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        require(!dispute.docket.has(DOCKET_CLOSED), AlreadyClosed());
        DisputeParameters memory p = _parameters[dispute.docket.version()];
        Verdict memory v = _verdict(r, requestId, dispute);
        // a pending dispute may go through new rounds and a second level yet
        uint256 until =
            v.finalAt +
                (
                    v.ending == Ending.Pending
                        ? _longest(_panelTime(r.terms.window(), p), _beaconWait(r), p)
                        : p.punishWindow
                );
        NODE_REGISTRY.freeze(_seated(_jurors(r, requestId, dispute, level), seat), r.work.taskId(), until);
    }

    function _beaconWait(Request calldata r) private view returns (uint256) {
        return r.terms.beaconDelay() + PERIOD + r.terms.beaconTimeout();
    }
}
