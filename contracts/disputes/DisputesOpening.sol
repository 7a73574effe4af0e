// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";
import {
    Claim,
    ClaimFields,
    DOCKET_BONDED,
    DOCKET_RECORDED,
    DOCKET_SETTLED,
    Docket,
    DocketFields
} from "../types/Docket.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";
import {DisputesState} from "./DisputesState.sol";

/// @title How disputes begin
abstract contract DisputesOpening is DisputesState {
    /// @inheritdoc IDisputes
    function openByConflict(Request calldata r, Evidence calldata first, Evidence calldata second) external {
        bytes32 requestId = _unseen(r);
        require(first.digest != second.digest && first.seat != second.seat, NoContradiction());
        uint256[] memory members = _escrow().blockOpen(r);
        _liveWitness(r, requestId, members, first);
        _liveWitness(r, requestId, members, second);
        uint256 flags = DocketFields.conflictOf(first.seat, second.seat);
        _open(r, requestId, msg.sender, Claim.wrap(0), first.digest, flags);
    }

    /// @inheritdoc IDisputes
    function openByDissent(Request calldata r, Outcome calldata o, Evidence calldata dissent) external {
        bytes32 requestId = _unseen(r);
        require(o.digest != dissent.digest, NoContradiction());
        uint256 flags = _block(r, o);
        NodeId nodeId = _liveWitness(r, requestId, _escrow().committeeOf(r), dissent);
        Claim claim = ClaimFields.make(o.digest, o.head.attested(), 1 << dissent.seat);
        _open(r, requestId, NODE_REGISTRY.ownerOf(nodeId), claim, o.digest, flags);
    }

    /// @inheritdoc IDisputes
    function openByBond(Request calldata r, Outcome calldata o) external {
        bytes32 requestId = _unseen(r);
        uint256 flags = _block(r, o) | DOCKET_BONDED;
        Claim claim = ClaimFields.make(o.digest, o.head.attested(), 0);
        _open(r, requestId, msg.sender, claim, o.digest, flags);
    }

    /// @inheritdoc IDisputes
    function openAgainstMember(Request calldata r, Evidence calldata accused) external {
        bytes32 requestId = _unseen(r);
        uint256[] memory members = _escrow().blockOpen(r);
        _witness(r, requestId, 0, members, accused);
        Claim claim = ClaimFields.make(accused.digest, 1 << accused.seat, 0);
        _open(r, requestId, msg.sender, claim, accused.digest, DOCKET_BONDED);
    }

    function _unseen(Request calldata r) private view returns (bytes32 requestId) {
        requestId = _idOf(r);
        require(!_cases[requestId].docket.exists(), AlreadyDisputed(requestId));
    }

    function _block(Request calldata r, Outcome calldata o) private returns (uint256 flags) {
        return _escrow().blockOutcome(r, o.digest, o.head, o.settler) ? DOCKET_SETTLED : DOCKET_RECORDED;
    }

    function _open(
        Request calldata r,
        bytes32 requestId,
        address challenger,
        Claim claim,
        bytes32 digest,
        uint256 flags
    ) private {
        uint256 version = _version;
        uint256 round = _newRound(r);
        uint256 snapshotId = _escrow().taskWord(r.work.taskId()).id();
        Case storage dispute = _cases[requestId];
        // each part is as wide as its place: a round is below 2^32 for 136 years of 1 s rounds
        dispute.docket = Docket.wrap(
            (uint256(uint160(challenger)) << 96) | (snapshotId << 64) | (round << 32) | (version << 16) | flags
        );
        if (Claim.unwrap(claim) != 0) dispute.claim = claim; // a new dispute's is zero
        uint256 bond;
        if (flags & DOCKET_BONDED != 0) {
            bond = _bondOf(r, 1, version);
            _escrow().collectBond(msg.sender, bond);
        }
        emit DisputeOpened(requestId, challenger, digest, round, snapshotId, bond);
    }
}
