// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowVerdicts} from "../interfaces/IEscrowVerdicts.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {Head} from "../types/Head.sol";
import {NodeId} from "../types/Ids.sol";
import {NodeWord, NodeWordFields} from "../types/NodeWord.sol";
import {Request} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {EscrowSettlement} from "./EscrowSettlement.sol";

/// @title What disputes do to requests, their money, and nodes' words
abstract contract EscrowVerdicts is EscrowSettlement, IEscrowVerdicts {
    using RequestIds for bytes32;

    modifier onlyDisputes() {
        require(msg.sender == DISPUTES, OnlyFrom(DISPUTES));
        _;
    }

    /* REQUESTS */

    /// @inheritdoc IEscrowVerdicts
    function blockOpen(Request calldata r) external onlyDisputes returns (uint256[] memory members) {
        bytes32 requestId = _idOf(r);
        uint256 key = r.origin.slotKey();
        SlotWord slot = _slots[key];
        require(slot.state() == SlotWordFields.OPEN && slot.holdsOpen(requestId), NotOpen());
        bytes4 reason;
        uint256 deadline;
        (reason, deadline, members) = _committee(r, requestId);
        require(reason == OK, SettlementRefused(reason));
        uint256 latest = deadline + r.terms.expireDelay();
        require(block.timestamp <= latest, TooLateToDispute(latest));
        _slots[key] = slot.withState(SlotWordFields.OPEN_DISPUTED);
        emit RequestDisputed(requestId);
    }

    /// @inheritdoc IEscrowVerdicts
    function blockOutcome(
        Request calldata r,
        bytes32 digest,
        Head head,
        address settler
    ) external onlyDisputes returns (bool isSettled) {
        bytes32 requestId = _idOf(r);
        uint256 key = r.origin.slotKey();
        SlotWord slot = _slots[key];
        uint256 state = slot.state();
        isSettled = state == SlotWordFields.SETTLED || state == SlotWordFields.CALLBACK_FAILED;
        bool isHeld = slot.holdsOutcome(requestId.outcomeOf(digest, head, isSettled ? PAID : settler));
        require((isSettled || state == SlotWordFields.RECORDED) && isHeld, OutcomeUnknown());
        uint256 latest = _disputableUntil(r, slot);
        require(block.timestamp <= latest, TooLateToDispute(latest));
        if (isSettled) return true;
        _slots[key] = slot.recordedAs(SlotWordFields.RECORDED_DISPUTED, slot.until());
        emit RequestDisputed(requestId);
    }

    /// @inheritdoc IEscrowVerdicts
    function uphold(Request calldata r, bytes32 digest, uint256 until) external onlyDisputes {
        bytes32 requestId = _idOf(r);
        uint256 key = r.origin.slotKey();
        SlotWord slot = _slots[key];
        if (_requireBlocked(slot, requestId) == SlotWordFields.OPEN_DISPUTED) {
            _verdicts[requestId] = (uint256(digest) & ~uint256(type(uint64).max)) | until; // until < 2^40
        } else {
            _slots[key] = slot.recordedAs(SlotWordFields.RECORDED, block.timestamp);
        }
        emit VerdictRecorded(requestId, digest, until);
    }

    /// @inheritdoc IEscrowVerdicts
    function overturn(Request calldata r, bytes4 reason) external onlyDisputes {
        bytes32 requestId = _idOf(r);
        _requireBlocked(_slots[r.origin.slotKey()], requestId);
        _refund(r, requestId, reason);
    }

    /// @inheritdoc IEscrowVerdicts
    function revokeResult(bytes32 requestId) external onlyDisputes {
        _verdicts[requestId] = REVOKED;
        bytes32 root = _roots[requestId];
        if (root == 0) return;
        _roots[requestId] = 0;
        emit RootRevoked(requestId, root);
    }

    /// @dev A blocked slot cannot change hands, so the disputes contract, which looks at the request's id, means this one.
    function _requireBlocked(SlotWord slot, bytes32 requestId) private view returns (uint256 state) {
        state = slot.state();
        bool isOpen = state == SlotWordFields.OPEN_DISPUTED && slot.holdsOpen(requestId) && _verdicts[requestId] == 0;
        require(isOpen || state == SlotWordFields.RECORDED_DISPUTED, NotOpen());
    }

    /* MONEY */

    /// @inheritdoc IEscrowVerdicts
    function collectBond(address from, uint256 amount) external onlyDisputes {
        _debit(from, amount);
        _credit(DISPUTES, amount);
    }

    /// @inheritdoc IEscrowVerdicts
    function payJurors(uint256[] calldata members, uint256 seats, uint256 each) external onlyDisputes {
        uint256 total;
        uint256 surplus;
        for (uint256 i = 0; i < members.length; ++i) {
            if ((seats >> i) & 1 == 0) continue;
            total += each;
            surplus += _earn(uint32(members[i] >> 32), each); // the upper half of 64 bits
        }
        _debit(DISPUTES, total);
        _credit(TREASURY, surplus);
    }

    /// @return surplus what finds no room in the node's earnings
    function _earn(uint256 nodeId, uint256 amount) private returns (uint256 surplus) {
        NodeWord word = _nodeWord(nodeId);
        uint256 room = NodeWordFields.MAX_EARNINGS - word.earnings();
        if (amount > room) (surplus, amount) = (amount - room, room);
        _setNodeWord(nodeId, NodeWord.wrap(NodeWord.unwrap(word) + (amount << 16))); // at most the room of the field
    }

    /* NODES */

    /// @inheritdoc IEscrowVerdicts
    function jail(NodeId nodeId) external {
        require(msg.sender == address(NODE_REGISTRY), OnlyFrom(address(NODE_REGISTRY)));
        uint256 id = NodeId.unwrap(nodeId);
        NodeWord word = _nodeWord(id);
        _setNodeWord(id, word.jailed());
        emit SignerSet(nodeId, word.signer(), address(0));
    }

    /// @inheritdoc IEscrowVerdicts
    function signersOf(uint256[] calldata members) external view returns (address[] memory signers) {
        signers = new address[](members.length);
        for (uint256 i = 0; i < members.length; ++i) signers[i] = _nodeWord(uint32(members[i] >> 32)).signer();
    }

    /// @inheritdoc IEscrowVerdicts
    function disputes() external view returns (address) {
        return DISPUTES;
    }
}
