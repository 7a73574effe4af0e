// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IEscrowLanes} from "../interfaces/IEscrowLanes.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {Head} from "../types/Head.sol";
import {FLAG_BUNDLE, Request, slotKeyOf} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {EscrowSettlement} from "./EscrowSettlement.sol";

/// @title Around the plain settlement: challenge windows, refunds, callbacks, bundles
abstract contract EscrowLanes is EscrowSettlement, IEscrowLanes {
    using RequestIds for bytes32;

    /* CHALLENGE WINDOWS */

    /// @inheritdoc IEscrowLanes
    function finalize(Settlement calldata s, address settler) external {
        (bytes4 reason, bytes32 digest) = _digestOf(s);
        require(reason == OK, OutcomeUnknown());
        bytes32 requestId = _idOf(s.request);
        _finish(s.request, Outcome(requestId, digest, s.head, settler), 0);
        if (s.request.rules.callbackGas() != 0) _callBack(s, requestId, digest);
    }

    /// @inheritdoc IEscrowLanes
    function finalizeWithoutOutput(Request calldata r, bytes32 digest, Head head, address settler) external {
        bytes32 requestId = _idOf(r);
        _finish(r, Outcome(requestId, digest, head, settler), r.terms.expireDelay());
        if (r.rules.callbackGas() != 0) _callbackFailed(r, requestId);
    }

    struct Outcome {
        bytes32 requestId;
        bytes32 digest;
        Head head;
        address settler;
    }

    /// @dev Pays a recorded outcome whose challenge window, and so many seconds more, are over.
    function _finish(Request calldata r, Outcome memory o, uint256 delay) private {
        bytes32 outcome = o.requestId.outcomeOf(o.digest, o.head, o.settler);
        SlotWord slot = _slots[r.origin.slotKey()];
        uint256 state = slot.state();
        require(
            (state == SlotWordFields.RECORDED || state == SlotWordFields.RECORDED_DISPUTED) &&
                slot.holdsOutcome(outcome),
            OutcomeUnknown()
        );
        require(state == SlotWordFields.RECORDED, Disputed());
        require(block.timestamp > slot.until(), ChallengeWindowOpen(slot.until()));
        require(block.timestamp > slot.until() + delay, NotExpired(slot.until() + delay));
        (, , uint256[] memory members) = _committee(r, o.requestId);
        uint256 attested = _withoutJailed(members, o.head.attested());
        (uint256 cost, uint256 tip) = _pay(r, members, attested, o.settler, true);
        _credit(o.settler, tip);
        _end(r, o.requestId.outcomeOf(o.digest, o.head, PAID), cost);
        if (r.rules.has(FLAG_BUNDLE)) _roots[o.requestId] = o.digest;
        emit Settled(o.requestId, o.digest, o.head);
    }

    /// @dev The seats without those of jailed nodes, which count as absent: reputation must not rise in jail.
    function _withoutJailed(uint256[] memory members, uint256 seats) private view returns (uint256) {
        for (uint256 seat = 0; seat < members.length; ++seat) {
            if (_nodeWord(members[seat] >> 32).signer() == address(0)) seats &= ~(1 << seat);
        }
        return seats;
    }

    /// @dev The outcome that a settlement's words make, if the slot holds it as settled.
    function _outcomeIn(Settlement calldata s) private view returns (bytes32 requestId, bytes32 digest, SlotWord slot) {
        bytes4 reason;
        requestId = _idOf(s.request);
        (reason, digest) = _digestOf(s);
        slot = _slots[s.request.origin.slotKey()];
        bytes32 outcome = requestId.outcomeOf(digest, s.head, PAID);
        require(reason == OK && slot.holdsOutcome(outcome), OutcomeUnknown());
    }

    /* REFUNDS */

    /// @inheritdoc IEscrowLanes
    function expire(Request calldata r) external {
        bytes32 requestId = _idOf(r);
        SlotWord slot = _slots[r.origin.slotKey()];
        require(slot.holdsOpen(requestId), NotOpen());
        if (slot.state() == SlotWordFields.OPEN_DISPUTED) {
            uint256 until = uint40(_verdicts[requestId]); // the low 40 bits are a time
            require(until != 0, Disputed());
            require(block.timestamp > until, NotExpired(until));
            return _refund(r, requestId, DeadlinePassed.selector);
        }
        (bytes4 reason, uint256 deadline, ) = _committee(r, requestId);
        if (reason == OK) {
            (reason, deadline) = (DeadlinePassed.selector, deadline + r.terms.expireDelay());
            require(block.timestamp > deadline, NotExpired(deadline));
        } else if (reason == RoundUnknown.selector) {
            deadline = _timeOf(r.rules.round()) + r.terms.beaconTimeout();
            require(block.timestamp > deadline, NotExpired(deadline));
        }
        _refund(r, requestId, reason);
    }

    /// @inheritdoc IEscrowLanes
    function release(address requester, uint24[] calldata slots) external {
        for (uint256 i = 0; i < slots.length; ++i) {
            uint256 key = slotKeyOf(requester, slots[i]);
            SlotWord slot = _slots[key];
            uint256 leftover = slot.leftover();
            if (!slot.isFree(block.timestamp) || leftover == 0) continue;
            _slots[key] = SlotWordFields.ended(0, 0, 0, SlotWordFields.REFUNDED);
            _credit(requester, leftover);
            emit SlotReleased(requester, slots[i], leftover);
        }
    }

    /* CALLBACKS AND BUNDLES */

    /// @inheritdoc IEscrowLanes
    function retryCallback(Settlement calldata s) external {
        (bytes32 requestId, bytes32 digest, SlotWord slot) = _outcomeIn(s);
        require(slot.state() == SlotWordFields.CALLBACK_FAILED, OutcomeUnknown());
        require(block.timestamp <= slot.until(), OutcomeUnknown());
        require(_verdicts[requestId] != REVOKED, Overturned());
        // no second delivery from within the callback; once delivered, only disputes keep the slot
        slot = slot.withState(SlotWordFields.SETTLED).untilAtMost(_disputableUntil(s.request, slot));
        _slots[s.request.origin.slotKey()] = slot;
        require(_deliver(s, requestId, digest), CallbackReverted());
        emit CallbackDelivered(requestId);
    }

    /// @inheritdoc IEscrowLanes
    function proveItem(
        bytes32 requestId,
        uint256 index,
        uint8 status,
        uint64 usage,
        bytes calldata output,
        bytes32[] calldata proof
    ) external view {
        bytes32 root = _roots[requestId];
        require(root != 0, BundleUnknown(requestId));
        bytes32 digest = Attestations.digestOf(status, usage, Attestations.hashOf(output));
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(index, digest))));
        require(MerkleProof.verifyCalldata(proof, root, leaf), InvalidItemProof());
    }

    /* VIEWS */

    /// @inheritdoc IEscrowLanes
    function committeeOf(Request calldata r) external view returns (uint256[] memory members) {
        bytes4 reason;
        (reason, , members) = _committee(r, _idOf(r));
        require(reason == OK, SettlementRefused(reason));
    }

    /// @inheritdoc IEscrowLanes
    function rootOf(bytes32 requestId) external view returns (bytes32) {
        return _roots[requestId];
    }

    /// @inheritdoc IEscrowLanes
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
