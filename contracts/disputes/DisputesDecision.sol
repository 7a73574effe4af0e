// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {fingerprintOf} from "../types/Fingerprint.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {Panels} from "../libraries/Panels.sol";
import {DisputeParameters} from "../types/DisputeParameters.sol";
import {Appeal, AppealFields, PanelHead, Tally, TallyFields, countSeats} from "../types/Docket.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";
import {DisputesState} from "./DisputesState.sol";

/// @title What panels decide, and what follows from it
abstract contract DisputesDecision is DisputesState {
    /* DECIDING */

    /// @inheritdoc IDisputes
    function decide(Request calldata r, uint256 level, bytes32 digest, PanelHead head, bytes calldata proof) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        uint256 endsAt = _endOf(r, dispute, level);
        DisputeParameters memory p = _parameters[dispute.docket.version()];
        _requireUntil(endsAt + p.appealWindow);
        uint256[] memory jurors = _jurors(r, requestId, dispute, level);
        require(jurors.length >= Panels.LEAST, NoPanel(jurors.length));
        _verifyPanel(r, requestId, level, digest, head, proof, jurors);

        Tally former = level == 1 ? dispute.first : dispute.second;
        Tally tally = _merge(former, digest, head.attested(), jurors.length, block.timestamp <= endsAt);
        if (level == 1) dispute.first = tally;
        else dispute.second = tally;
        emit PanelAttested(requestId, level, digest, tally.attested(), tally.decided());
    }

    /// @dev What is known of a panel with these jurors, who were verified, added.
    /// @param inTime whether the panel may still decide
    function _merge(
        Tally former,
        bytes32 digest,
        uint256 attested,
        uint256 jurors,
        bool inTime
    ) private pure returns (Tally) {
        uint256 count = countSeats(attested);
        if (former.decided()) {
            require(former.digest() == fingerprintOf(digest), DecidedOtherwise());
            require(former.attested() & attested != 0, TooFewJurors(count, Panels.threshold(jurors)));
            return TallyFields.make(digest, former.attested() | attested, true);
        }
        if (inTime) {
            require(count >= Panels.threshold(jurors), TooFewJurors(count, Panels.threshold(jurors)));
            return TallyFields.make(digest, attested, true);
        }
        // too late to decide: the most that stood together are told from the silent ones
        uint256 known = countSeats(former.attested());
        uint256 needed = known == 0 ? (jurors + 1) / 2 : known + 1;
        require(count >= needed, TooFewJurors(count, needed));
        return TallyFields.make(digest, attested, false);
    }

    /// @dev Reverts unless every juror of `head.attested` signed the digest over one root that holds its own commit.
    function _verifyPanel(
        Request calldata r,
        bytes32 requestId,
        uint256 level,
        bytes32 digest,
        PanelHead head,
        bytes calldata proof,
        uint256[] memory jurors
    ) private view {
        (uint256 committed, uint256 attested) = (head.committed(), head.attested());
        require(committed >> jurors.length == 0 && attested & ~committed == 0, InvalidPanelHead());
        uint256 count = countSeats(attested);
        uint256 length =
            Attestations.SIGNED_LENGTH * count + Attestations.LEAF_LENGTH * (countSeats(committed) - count);
        require(proof.length == length, InvalidPanelProof(proof.length, length));
        bytes32 root = Attestations.commitRootOf(requestId, level, digest, jurors, committed, attested, proof);
        bytes32 hash = _signedHash(Attestations.structHash(requestId, level, digest, committed, root));
        _verifySigners(r, hash, committed, attested, proof, jurors);
    }

    /// @dev The proof is as long as the bitmaps call for, and no bit is beyond the jurors.
    function _verifySigners(
        Request calldata r,
        bytes32 hash,
        uint256 committed,
        uint256 attested,
        bytes calldata proof,
        uint256[] memory jurors
    ) private view {
        address[] memory current = _escrow().signersOf(jurors);
        uint256 cursor;
        for (uint256 seat = 0; committed >> seat != 0; ++seat) {
            if ((attested >> seat) & 1 != 0) {
                address signer = _signerAt(hash, proof, cursor);
                bool isLive = signer == current[seat] && signer != address(0);
                if (!isLive) _requireFormer(r, _seated(jurors, seat), signer, current[seat]);
                cursor += Attestations.SIGNED_LENGTH;
            } else if ((committed >> seat) & 1 != 0) {
                cursor += Attestations.LEAF_LENGTH;
            }
        }
    }

    function _signerAt(bytes32 hash, bytes calldata proof, uint256 offset) private view returns (address) {
        bytes32 upper;
        bytes32 lower;
        assembly ("memory-safe") {
            upper := calldataload(add(proof.offset, offset)) // within the proof, whose length was checked
            lower := calldataload(add(add(proof.offset, offset), 0x20))
        }
        return Attestations.recover(hash, upper, lower);
    }

    /// @dev A key that was replaced since the request was made counts, unless the node is jailed.
    function _requireFormer(Request calldata r, NodeId nodeId, address signer, address current) private view {
        require(current != address(0) && _nodeOfKey(r, signer) == nodeId, NotSignedBy(nodeId));
    }

    /// @dev Last second in which the panel of a level can decide.
    function _endOf(Request calldata r, Case storage dispute, uint256 level) private view returns (uint256) {
        uint256 round = _roundOf(dispute, level);
        (Round state, uint256 startAt, ) = _startOf(r, round);
        require(state == Round.Good, NoRound(round));
        return startAt + _panelTime(r.terms.window(), _parameters[dispute.docket.version()]);
    }

    /* VOID ROUNDS */

    /// @inheritdoc IDisputes
    function redraw(Request calldata r) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        uint256 level = dispute.appeal.exists() ? Panels.LEVELS : 1;
        (Round state, uint256 latest, ) = _startOf(r, _roundOf(dispute, level));
        require(state == Round.Void && dispute.redrawn & level == 0, NothingToRedraw());
        require(block.timestamp > latest, TooEarly(latest));
        _requireUntil(latest + _parameters[dispute.docket.version()].appealWindow);
        dispute.redrawn |= level;
        uint256 round = _newRound(r);
        if (level == 1) dispute.docket = dispute.docket.withRound(round);
        else dispute.appeal = AppealFields.make(dispute.appeal.appellant(), round);
        emit LevelRedrawn(requestId, level, round);
    }

    /// @dev Whether the round of `v.level`, in this state, may still draw a panel or be replaced by one that does; if so,
    ///      `v.finalAt` is when that is over at the latest.
    function _isAwaited(
        Round state,
        Case storage dispute,
        Verdict memory v,
        uint256 appealWindow
    ) private view returns (bool) {
        if (state != Round.Void || dispute.redrawn & v.level != 0) return state == Round.Awaited;
        v.finalAt += appealWindow;
        return block.timestamp <= v.finalAt;
    }

    /* SECOND LEVEL */

    /// @inheritdoc IDisputes
    function appeal(Request calldata r) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        uint256 endsAt = _movable(r, dispute, true);
        uint256 version = dispute.docket.version();
        _requireUntil(endsAt + _parameters[version].appealWindow);
        uint256 bond = _bondOf(r, Panels.LEVELS, version);
        _openLevel(r, requestId, dispute, msg.sender, bond);
        _escrow().collectBond(msg.sender, bond);
    }

    /// @inheritdoc IDisputes
    function escalate(Request calldata r) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        uint256 endsAt = _movable(r, dispute, false);
        require(block.timestamp > endsAt, TooEarly(endsAt));
        _requireUntil(endsAt + _parameters[dispute.docket.version()].appealWindow);
        uint256 jurors = _jurors(r, requestId, dispute, 1).length;
        require(jurors >= Panels.LEAST, NoPanel(jurors));
        _openLevel(r, requestId, dispute, address(0), 0);
    }

    function _movable(Request calldata r, Case storage dispute, bool decided) private view returns (uint256 endsAt) {
        require(!dispute.appeal.exists(), LevelTwoOpen());
        require(dispute.first.decided() == decided, NothingToMove());
        return _endOf(r, dispute, 1);
    }

    function _openLevel(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        address appellant,
        uint256 bond
    ) private {
        uint256 round = _newRound(r);
        dispute.appeal = AppealFields.make(appellant, round);
        emit LevelOpened(requestId, appellant, round, bond);
    }

    /* VERDICT */

    /// @dev How a dispute stands, from what is stored and the time.
    function _verdict(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute
    ) internal view returns (Verdict memory v) {
        DisputeParameters memory p = _parameters[dispute.docket.version()];
        uint256 toFinal = _panelTime(r.terms.window(), p) + p.appealWindow;
        (Round state, uint256 startAt, ) = _startOf(r, dispute.docket.round());
        v.level = 1;
        v.finalAt = startAt;
        if (_isAwaited(state, dispute, v, p.appealWindow)) return v;
        Tally first = dispute.first;
        Appeal second = dispute.appeal;
        // a tally is only of a panel of at least seven, and so is a second level
        bool isEmpty = state == Round.Void;
        if (!isEmpty && !first.isShown() && !second.exists()) {
            isEmpty = _jurors(r, requestId, dispute, 1).length < Panels.LEAST;
        }
        if (isEmpty) {
            v.ending = Ending.NoPanel;
            return v;
        }
        if (second.exists()) return _secondVerdict(r, requestId, dispute, toFinal, startAt + toFinal, p.appealWindow);
        v.finalAt = startAt + toFinal;
        if (block.timestamp > v.finalAt) _rule(v, first);
    }

    /// @dev The same once the second level is open. Where it can have no panel, or finds nothing, the first one's decision stands.
    function _secondVerdict(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        uint256 toFinal,
        uint256 firstFinal,
        uint256 appealWindow
    ) private view returns (Verdict memory v) {
        (Round state, uint256 startAt, ) = _startOf(r, dispute.appeal.round());
        v.level = Panels.LEVELS;
        v.finalAt = startAt;
        if (_isAwaited(state, dispute, v, appealWindow)) return v;
        bool isEmpty = state == Round.Void;
        if (!isEmpty && !dispute.second.isShown()) {
            isEmpty = _jurors(r, requestId, dispute, Panels.LEVELS).length < Panels.LEAST;
        }
        if (!isEmpty) {
            v.isAppealJudged = dispute.appeal.appellant() != address(0);
            v.finalAt = startAt + toFinal;
            if (block.timestamp <= v.finalAt) return v;
            if (dispute.second.decided()) {
                _rule(v, dispute.second);
                return v;
            }
        }
        v.level = 1;
        if (firstFinal > v.finalAt) v.finalAt = firstFinal; // the first panel keeps all of its time
        if (block.timestamp > v.finalAt) _rule(v, dispute.first);
    }

    function _rule(Verdict memory v, Tally tally) private pure {
        v.ending = tally.decided() ? Ending.Decided : Ending.NoFault;
        if (tally.decided()) v.digest = tally.digest();
    }
}
