// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowFallback} from "../interfaces/IEscrowFallback.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {ChainWord, ChainWordFields} from "../types/ChainWord.sol";
import {Head, countBits} from "../types/Head.sol";
import {NodeId, TaskId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {EscrowSettlement} from "./EscrowSettlement.sol";

/// @title Agreement on chain, for committees whose members do not reach each other
abstract contract EscrowFallback is EscrowSettlement, IEscrowFallback {
    /// @dev More than one member attested the root. No node has this id.
    uint256 private constant SEVERAL = type(uint256).max;
    /// @dev Of a signed commit: its leaf, then its signature.
    uint256 private constant COMMIT_LENGTH = 96;
    uint256 private constant NO_SHOW_PERIOD = 1 days;
    /// @dev fallbacks: provenAt(40) << 64 | counted(32) << 32 | idle(32) once settled by reveals, before it
    ///      shown(32) << 128 | isShown(1) << 127.
    uint256 private constant IS_SHOWN = 1 << 127;

    /* FIRST PHASE; COMMITS ARE IN THE CORE */

    /// @inheritdoc IEscrowFallback
    function showAttestation(Request calldata r, ShownAttestation calldata a) external {
        bytes32 requestId = _idOf(r);
        uint256 start = _openStart(r, requestId);
        _requirePhase(start, start + r.terms.fallbackAfter() + r.terms.chainPhase());
        (bytes4 reason, , uint256[] memory members) = _committee(r, requestId);
        require(reason == OK, SettlementRefused(reason));
        bool isInside = a.committed >> members.length == 0 && a.committed & (1 << a.seat) != 0;
        require(isInside && countBits(a.committed) >= r.origin.quorum(), InvalidBitmaps());
        require(a.commits.length == COMMIT_LENGTH * countBits(a.committed), InvalidProofLength());

        (bytes32[] memory leaves, bytes32[] memory signed) = _signedLeaves(r, requestId, members, a);
        bytes32 commitRoot = keccak256(abi.encodePacked(leaves));
        bytes32 hash = Attestations.structHash(requestId, 0, a.digest, a.committed, commitRoot);
        uint256 nodeId = members[a.seat] >> 32;
        _requireSigned(_hashTypedDataV4(hash), a.signature, nodeId, r);
        bytes32 root = keccak256(abi.encodePacked(signed));
        uint256 earlier = _shownRoots[requestId][root];
        require(earlier != nodeId, AlreadyShown(NodeId.wrap(uint32(nodeId)))); // drawn ids are 32 bits wide
        _shownRoots[requestId][root] = earlier == 0 ? nodeId : SEVERAL;
        _fallbacks[requestId] |= (a.committed << 128) | IS_SHOWN;
        emit AttestationShown(requestId, NodeId.wrap(uint32(nodeId)), a.digest, a.committed, signed);
    }

    /// @dev The leaves of all committed members, each signed by its member.
    /// @return leaves in draw order
    /// @return signed the same, each after its node's id: a leaf counts for the node that signed it and for no other
    function _signedLeaves(
        Request calldata r,
        bytes32 requestId,
        uint256[] memory members,
        ShownAttestation calldata a
    ) private view returns (bytes32[] memory leaves, bytes32[] memory signed) {
        leaves = new bytes32[](countBits(a.committed));
        signed = new bytes32[](2 * leaves.length);
        uint256 index;
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if ((a.committed >> seat) & 1 == 0) continue;
            bytes calldata commit = a.commits[index * COMMIT_LENGTH:(index + 1) * COMMIT_LENGTH];
            bytes32 leaf = bytes32(commit);
            bytes32 hash = _hashTypedDataV4(Attestations.commitStructHash(requestId, 0, leaf));
            _requireSigned(hash, commit[32:], members[seat] >> 32, r);
            (signed[2 * index], signed[2 * index + 1]) = (bytes32(members[seat] >> 32), leaf);
            leaves[index++] = leaf;
        }
    }

    /// @dev The signature is of the node's key, or of the key that it had when the request was made.
    function _requireSigned(bytes32 hash, bytes calldata signature, uint256 nodeId, Request calldata r) private view {
        require(signature.length == 64, WrongSigner());
        address signer = Attestations.recover(hash, bytes32(signature), bytes32(signature[32:]));
        bool isOf = signer == _nodeWord(nodeId).signer() || _wasSigner(nodeId, uint160(signer), r.rules.submittedAt());
        require(signer != address(0) && isOf, WrongSigner());
        _requireLive(r, nodeId, signer);
    }

    /* SECOND PHASE */

    /// @inheritdoc IEscrowFallback
    function revealOnChain(
        Request calldata r,
        NodeId nodeId,
        bytes32 digest,
        bytes16 salt,
        bytes32[] calldata signed
    ) external {
        bytes32 requestId = _idOf(r);
        uint256 opensAt = _openStart(r, requestId) + r.terms.fallbackAfter() + r.terms.chainPhase() + 1;
        _requirePhase(opensAt, opensAt - 1 + r.terms.chainPhase());
        uint256 id = NodeId.unwrap(nodeId);
        bytes32 leaf = Attestations.leafOf(requestId, 0, digest, id, salt);
        ChainWord word = _chainWords[requestId][id];
        bool isShown = signed.length != 0 && _isUnderRoot(requestId, id, leaf, signed);
        bool isCommitted = word == ChainWordFields.committed(leaf);
        require(isShown || isCommitted || word.state() > ChainWordFields.COMMITTED, LeafMismatch(nodeId, leaf));
        bool isCounted = isShown || (isCommitted && _fallbacks[requestId] == 0);
        // whoever reveals for another without the leaves takes nothing from it: it can be counted yet
        require(isCounted ? word.state() != ChainWordFields.COUNTED : isCommitted, AlreadyRevealed(nodeId));
        _chainWords[requestId][id] = ChainWordFields.revealed(digest, isCounted);
        emit RevealedOnChain(requestId, nodeId, digest, isCounted);
    }

    /// @dev Whether the node signed this leaf, and another member attested a root over it.
    function _isUnderRoot(
        bytes32 requestId,
        uint256 nodeId,
        bytes32 leaf,
        bytes32[] calldata signed
    ) private view returns (bool) {
        uint256 attester = _shownRoots[requestId][keccak256(abi.encodePacked(signed))];
        if (attester == 0 || attester == nodeId) return false;
        for (uint256 i = 0; i < signed.length; i += 2) {
            if (uint256(signed[i]) == nodeId) return signed[i + 1] == leaf;
        }
        return false;
    }

    /// @dev T0 of an open request whose round is good.
    function _openStart(Request calldata r, bytes32 requestId) private view returns (uint256 start) {
        require(_slots[r.origin.slotKey()].holdsOpen(requestId), NotOpen());
        bytes4 reason;
        (reason, start, ) = _startOf(r);
        require(reason == OK, SettlementRefused(reason));
    }

    /* SETTLING */

    /// @inheritdoc IEscrowFallback
    function settleRevealed(Settlement calldata s) external {
        Request calldata r = s.request;
        bytes32 requestId = _idOf(r);
        SlotWord slot = _slots[r.origin.slotKey()];
        require(slot.holdsOpen(requestId), NotOpen());
        (bytes4 reason, uint256 deadline, uint256[] memory members) = _committee(r, requestId);
        require(reason == OK, SettlementRefused(reason));
        bytes32 digest;
        (reason, digest) = _digestOf(s);
        require(reason == OK, SettlementRefused(reason));
        bool isDisputed = slot.state() == SlotWordFields.OPEN_DISPUTED;
        require(!isDisputed || SlotWordFields.allows(_verdicts[requestId], digest), Disputed());
        _settleCounted(s, requestId, digest, members, deadline);
    }

    function _settleCounted(
        Settlement calldata s,
        bytes32 requestId,
        bytes32 digest,
        uint256[] memory members,
        uint256 deadline
    ) private {
        (uint256 counted, uint256 idle) = _revealed(requestId, digest, members);
        require(Head.unwrap(s.head) >> 72 == (counted << 32) | counted, InvalidBitmaps());
        require(countBits(counted) >= s.request.origin.quorum(), QuorumNotReached());
        require(s.proof.length == 0, InvalidProofLength());
        bool isComplete = counted + 1 == 1 << members.length;
        require(isComplete || block.timestamp > deadline, RevealsOpen(deadline));
        // who was told of a verdict, or waited for one, had no reason to go on chain; and nothing is punished long afterwards
        bool isTimely = block.timestamp <= deadline + s.request.terms.expireDelay();
        if (idle != 0 && isTimely && _verdicts[requestId] == 0) {
            _fallbacks[requestId] = (block.timestamp << 64) | (counted << 32) | idle;
            emit NoShowsProven(requestId, idle);
        }
        _credit(msg.sender, _conclude(s, requestId, digest, members));
        if (s.request.rules.isCalledBackAtOnce()) _callBack(s, requestId, digest);
    }

    /// @dev Who revealed this digest and counts, and who did nothing though it could sign.
    function _revealed(
        bytes32 requestId,
        bytes32 digest,
        uint256[] memory members
    ) private view returns (uint256 counted, uint256 idle) {
        uint256 shown = _fallbacks[requestId] >> 128;
        ChainWord wanted = ChainWordFields.revealed(digest, true);
        for (uint256 seat = 0; seat < members.length; ++seat) {
            uint256 nodeId = members[seat] >> 32;
            if (_nodeWord(nodeId).signer() == address(0)) continue; // in jail: absent
            ChainWord word = _chainWords[requestId][nodeId];
            if (word == wanted) counted |= 1 << seat;
            else if (word.state() == 0 && (shown >> seat) & 1 == 0) idle |= 1 << seat;
        }
    }

    /* NO-SHOWS */

    /// @inheritdoc IEscrowFallback
    function slashNoShow(Request calldata r, uint256 seat) external {
        bytes32 requestId = _idOf(r);
        uint256 word = _fallbacks[requestId];
        bool isOpen = seat < 32 && (word >> seat) & 1 != 0 && block.timestamp <= (word >> 64) + NO_SHOW_PERIOD;
        require(isOpen && word & IS_SHOWN == 0, NoNoShow(requestId, seat));
        (, , uint256[] memory members) = _committee(r, requestId);
        uint256 id = members[seat] >> 32;
        NodeId nodeId = NodeId.wrap(uint32(id)); // drawn ids are 32 bits wide
        uint256 key = (id << 32) | TaskId.unwrap(r.work.taskId());
        uint256 earliest = _lastNoShows[key] + NO_SHOW_PERIOD;
        require(block.timestamp >= earliest, SlashedToday(nodeId, earliest));
        _fallbacks[requestId] = word & ~(1 << seat);
        _lastNoShows[key] = block.timestamp;
        _setNodeWord(id, _nodeWord(id).afterNoShow());
        uint256 amount = TASK_REGISTRY.noShowSlashOf(r.work.taskId());
        uint256 taken = NODE_REGISTRY.slash(nodeId, r.work.taskId(), amount);
        emit NoShowSlashed(requestId, nodeId, taken);
        _reimburse(members, (word >> 32) & type(uint32).max, taken);
    }

    /// @dev A k-th to the owner of each member that counted, the rest to the treasury.
    function _reimburse(uint256[] memory members, uint256 counted, uint256 taken) private {
        uint256 share = taken / members.length;
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if ((counted >> seat) & 1 == 0) continue;
            NODE_REGISTRY.award(NODE_REGISTRY.ownerOf(NodeId.wrap(uint32(members[seat] >> 32))), share);
            taken -= share;
        }
        NODE_REGISTRY.award(TREASURY, taken);
    }

    /* VIEWS */

    /// @inheritdoc IEscrowFallback
    function chainWordOf(bytes32 requestId, NodeId nodeId) external view returns (uint256 state, bytes32 prefix) {
        ChainWord word = _chainWords[requestId][NodeId.unwrap(nodeId)];
        return (word.state(), word.prefix());
    }

    /// @inheritdoc IEscrowFallback
    function fallbackOf(bytes32 requestId) external view returns (uint256 shown, uint256 idle, uint256 provenAt) {
        uint256 word = _fallbacks[requestId];
        if (word & IS_SHOWN != 0) return (word >> 128, 0, 0);
        return (0, word & type(uint32).max, word >> 64);
    }
}
