// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAtomaConsumer} from "../interfaces/IAtomaConsumer.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {CommitteeDraw} from "../libraries/CommitteeDraw.sol";
import {Payout} from "../libraries/Payout.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";
import {Head, HeadFields, countBits} from "../types/Head.sol";
import {NodeId} from "../types/Ids.sol";
import {FLAG_BUNDLE, Request} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title The rules of settlement: who was drawn, what they agreed on, what each is paid
/// @dev Checks return the selector of the error that names the failure, so that a bad item never reverts a batch.
abstract contract EscrowSettlement is EscrowState, EIP712 {
    using RequestIds for bytes32;

    bytes4 internal constant OK = 0;
    /// @dev Half the order of secp256k1: a higher s is the malleable twin of a signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    /// @dev A pay that no member reaches: reputation stays as it is.
    uint256 private constant UNSCORED = type(uint256).max;

    uint256 private constant RETRY_WINDOW = 7 days;
    /// @dev Gas kept beside a callback: the call itself, recording its failure, and the loop.
    uint256 private constant CALLBACK_OVERHEAD = 12_000;

    constructor() EIP712("Atoma", "1") {}

    /* WHO WAS DRAWN */

    function _idOf(Request calldata r) internal view returns (bytes32) {
        return RequestIds.idOfShown(r, block.chainid, address(this), BEACON);
    }

    /// @dev T0: the later of the round's own time and its posting, if the round is good.
    /// @return reason why it is not
    function _startOf(Request calldata r) internal view returns (bytes4 reason, uint256 startedAt, uint256 randomness) {
        uint256 word = _rounds[r.rules.round()];
        if (word == 0) return (RoundUnknown.selector, 0, 0);
        unchecked {
            // times are below 2^40 and periods below 2^33
            uint256 postedAt = word & type(uint40).max;
            uint256 roundTime = _timeOf(r.rules.round());
            if (postedAt + r.terms.beaconDelay() / 2 < roundTime) return (ClockLagged.selector, 0, 0);
            if (postedAt > roundTime + r.terms.beaconTimeout()) return (RoundTooLate.selector, 0, 0);
            return (OK, postedAt > roundTime ? postedAt : roundTime, word >> 40);
        }
    }

    function _requirePhase(uint256 opensAt, uint256 endsAt) internal view {
        require(block.timestamp >= opensAt, PhaseNotOpen(opensAt));
        require(block.timestamp <= endsAt, PhaseOver(endsAt));
    }

    /// @dev The committee, if the request's round is good and the draw complete. Whether it is late is not looked at.
    /// @return reason why there is no committee
    /// @return deadline last second in which the request can settle
    function _committee(
        Request calldata r,
        bytes32 requestId
    ) internal view returns (bytes4 reason, uint256 deadline, uint256[] memory members) {
        uint256 randomness;
        (reason, deadline, randomness) = _startOf(r);
        if (reason != OK) return (reason, 0, members);
        unchecked {
            deadline += r.terms.life(); // times are below 2^40
        }
        address snapshot = SnapshotCode.addressOf(address(TASK_REGISTRY), r.work.snapshotId());
        uint256 k = r.origin.k();
        uint256[] memory nobody;
        members = CommitteeDraw.draw(
            snapshot,
            SnapshotCode.header(snapshot).count(),
            CommitteeDraw.seedOf(randomness, requestId, 0),
            k,
            r.work.maxAsk(),
            nobody
        );
        if (members.length < k) reason = CommitteeIncomplete.selector;
    }

    /* WHAT THEY AGREED ON */

    /// @dev The digest that head and output stand for.
    function _digestOf(Settlement calldata s) internal pure returns (bytes4 reason, bytes32 digest) {
        uint256 status = s.head.status();
        bytes calldata output = s.output;
        uint256 length = output.length;
        if (s.request.rules.has(FLAG_BUNDLE)) {
            bool isRoot = status == HeadFields.STATUS_SUCCESS && s.head.usage() == 0 && length == 32;
            return isRoot ? (OK, bytes32(output)) : (InvalidOutput.selector, bytes32(0));
        }
        bytes32 outputHash;
        if (status == HeadFields.STATUS_SUCCESS) {
            if (length > s.request.terms.maxOutput()) return (InvalidOutput.selector, 0);
            outputHash = Attestations.hashOf(output);
        } else if (status == HeadFields.STATUS_SUCCESS_BY_HASH) {
            if (length != 32) return (InvalidOutput.selector, 0);
            outputHash = bytes32(output);
        } else {
            if (length != 0) return (InvalidOutput.selector, 0);
            outputHash = keccak256("");
        }
        return (OK, Attestations.digestOf(status, s.head.usage(), outputHash));
    }

    /// @dev Whether a quorum of the committee attested the digest under one commit root that holds all their commits.
    /// @return reason what is wrong
    function _verify(
        Settlement calldata s,
        bytes32 requestId,
        bytes32 digest,
        uint256[] memory members
    ) internal view returns (bytes4 reason) {
        Head head = s.head;
        uint256 committed = head.committed();
        uint256 attested = Head.unwrap(head) >> 104; // with the bits above the field, which must be clear
        if (committed >> members.length != 0 || attested & ~committed != 0) return InvalidBitmaps.selector;
        uint256 count = countBits(attested);
        if (count < s.request.origin.quorum()) return QuorumNotReached.selector;
        bytes calldata proof = s.proof;
        if (proof.length != head.proofLength(count)) return InvalidProofLength.selector;

        bytes32 root = Attestations.commitRoot(requestId, 0, digest, members, head, proof);
        bytes32 hash = _hashTypedDataV4(Attestations.structHash(requestId, 0, digest, committed, root));
        (uint256 strangers, uint256[] memory signers) = _strangers(hash, head, proof, members);
        for (uint256 i = 0; strangers >> i != 0; ++i) {
            if ((strangers >> i) & 1 == 0) continue;
            if (!_wasSigner(members[i] >> 32, signers[i], s.request.rules.submittedAt())) return WrongSigner.selector;
        }
        if (s.request.terms.isTee()) {
            for (uint256 i = 0; i < members.length; ++i) {
                if ((strangers >> i) & 1 == 0) signers[i] = uint160(_nodeWord(members[i] >> 32).signer());
            }
            uint256 live = TEE_REGISTRY.liveSeats(s.request.work.taskId(), members, signers, attested);
            if (live != attested) return EvidenceNotLive.selector;
        }
    }

    /// @dev Where the task names a TEE workload, the key that acts for the node has to be bound to it, not one that replaced it.
    function _requireLive(Request calldata r, uint256 nodeId, address signer) internal view {
        if (!r.terms.isTee()) return;
        NodeId id = NodeId.wrap(uint32(nodeId)); // drawn ids have 32 bits
        require(TEE_REGISTRY.isLive(r.work.taskId(), id, signer), EvidenceNotLive());
    }

    /// @dev Recovers the signer of each attesting member (EIP-2098 signatures; a malformed one, or one with s in the upper
    ///      half of the order, has signer zero) and compares it with the node's current one.
    /// @return strangers bitmap of members whose attestation is not by the current signer
    /// @return signers who signed instead, for the strangers only
    function _strangers(
        bytes32 hash,
        Head head,
        bytes calldata proof,
        uint256[] memory members
    ) private view returns (uint256 strangers, uint256[] memory signers) {
        uint256 committed = head.committed();
        uint256 attested = head.attested();
        // Memory-safe: allocates `signers`, works beyond the free pointer and in the scratch space. `proof` is as long as the
        // bitmaps call for, no bit is beyond the members, and a node id is below 2^32, the length of `_nodes`.
        assembly ("memory-safe") {
            signers := mload(0x40)
            mstore(signers, mload(members))
            let input := add(add(signers, 0x20), shl(5, mload(members))) // hash, v, r, s
            mstore(0x40, input)
            mstore(input, hash)
            let cursor := proof.offset
            let seat := members
            for {
                let bit := 1
            } iszero(gt(bit, attested)) {
                bit := shl(1, bit)
            } {
                seat := add(seat, 0x20)
                switch and(attested, bit)
                case 0 {
                    if and(committed, bit) {
                        cursor := add(cursor, 32)
                    }
                }
                default {
                    calldatacopy(add(input, 0x40), cursor, 0x40)
                    let s := mload(add(input, 0x60))
                    mstore(add(input, 0x20), add(27, shr(255, s)))
                    s := shr(1, shl(1, s))
                    mstore(add(input, 0x60), s)
                    mstore(0x00, 0) // a failed recovery returns nothing
                    pop(staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
                    let signer := mul(mload(0x00), iszero(gt(s, HALF_ORDER)))
                    let current := shr(96, sload(add(_nodes.slot, shr(32, mload(seat)))))
                    if or(xor(signer, current), iszero(signer)) {
                        strangers := or(strangers, bit)
                        mstore(add(signers, sub(seat, members)), signer)
                    }
                    cursor := add(cursor, 80)
                }
            }
        }
    }

    /// @dev All that makes a settlement right, whatever lane it comes by.
    /// @param isDisputed whether it needs a verdict, which can also give it more time
    function _agreed(
        Settlement calldata s,
        bytes32 requestId,
        bool isDisputed
    ) internal view returns (bytes4 reason, bytes32 digest, uint256[] memory members) {
        uint256 deadline;
        (reason, deadline, members) = _committee(s.request, requestId);
        if (reason != OK) return (reason, digest, members);
        if (isDisputed && uint40(_verdicts[requestId]) > deadline) deadline = uint40(_verdicts[requestId]); // the low bits
        if (block.timestamp > deadline) return (DeadlinePassed.selector, digest, members);
        (reason, digest) = _digestOf(s);
        if (reason != OK) return (reason, digest, members);
        if (isDisputed && !SlotWordFields.allows(_verdicts[requestId], digest))
            return (Disputed.selector, digest, members);
        reason = _verify(s, requestId, digest, members);
    }

    /* WHAT EACH IS PAID */

    /// @dev Pays the members that attested, the publisher, the treasury and the settler; moves reputation unless the
    ///      request was signed off chain. No sum exceeds the lock, which is below 2^96, or a signed request's cost, below
    ///      2^187 and checked against its account.
    /// @return cost all that the request cost its requester, at most its lock
    /// @return tipOwed the settler's tip, unless it went into a member's own word
    function _pay(
        Request calldata r,
        uint256[] memory members,
        uint256 attested,
        address settler,
        bool scored
    ) internal returns (uint256 cost, uint256 tipOwed) {
        unchecked {
            uint256 offered = (r.work.tip() * countBits(attested)) / members.length;
            uint256 unpaid;
            (cost, unpaid, tipOwed) = _distribute(
                members,
                attested,
                Payout.payPerAsk(r.work, r.terms),
                scored ? _leastScoredPay(r) : UNSCORED,
                settler,
                offered
            );
            uint256 royalty = Payout.shareDown(cost, r.terms.royalty());
            uint256 fee = Payout.shareDown(cost, r.terms.protocolFee());
            _addFees(r.work.taskId(), royalty, unpaid + fee + r.work.tip() - offered);
            cost += royalty + fee + r.work.tip();
        }
    }

    /// @dev Adds to each attesting member's word its pay (ask * payPerAsk), up to 2^80 - 1 of earnings, and its reputation,
    ///      r += (65535 - r) >> 7, where the pay reaches `scoredFrom`; takes r >> 6 from each absent one, unless unscored.
    /// @param tip goes into the word of the settler, if it is one of them
    /// @return total pay of all members
    /// @return unpaid pay of absent members, and what found no room in earnings
    /// @return tipOwed the tip, or zero if it went into a word
    function _distribute(
        uint256[] memory members,
        uint256 attested,
        uint256 payPerAsk,
        uint256 scoredFrom,
        address settler,
        uint256 tip
    ) private returns (uint256 total, uint256 unpaid, uint256 tipOwed) {
        tipOwed = tip;
        // Memory-safe: reads `members`. A node id is below 2^32, the length of `_nodes`. Sums stay below 2^187.
        assembly ("memory-safe") {
            let last := add(members, shl(5, mload(members)))
            for {} lt(members, last) {} {
                members := add(members, 0x20) // of this seat
                let slot := mload(members)
                let pay := mul(and(slot, 0xffffffff), payPerAsk)
                total := add(total, pay)
                slot := add(_nodes.slot, shr(32, slot))
                let word := sload(slot)
                switch and(attested, 1)
                case 0 {
                    unpaid := add(unpaid, pay)
                    let missed := shr(6, and(word, 0xffff)) // scoredFrom is all ones where nobody is scored
                    if and(gt(missed, 0), gt(not(scoredFrom), 0)) {
                        sstore(slot, sub(word, missed))
                    }
                }
                default {
                    if iszero(lt(pay, scoredFrom)) {
                        word := add(word, shr(7, sub(0xffff, and(word, 0xffff))))
                    }
                    if eq(shr(96, word), settler) {
                        pay := add(pay, tipOwed)
                        tipOwed := 0
                    }
                    let sum := add(and(shr(16, word), 0xffffffffffffffffffff), pay)
                    if shr(80, sum) {
                        sum := sub(sum, 0xffffffffffffffffffff) // what finds no room
                        unpaid := add(unpaid, sum)
                        pay := sub(pay, sum)
                    }
                    sstore(slot, add(word, shl(16, pay)))
                }
                attested := shr(1, attested)
            }
        }
    }

    /// @dev The least pay whose protocol fee reaches the floor from which reputation grows.
    function _leastScoredPay(Request calldata r) private view returns (uint256) {
        unchecked {
            uint256 floor = r.terms.reputationFloor() * MICRO; // below 2^40 * 10^(decimals - 6)
            if (floor == 0) return 0;
            uint256 fee = r.terms.protocolFee();
            return fee == 0 ? UNSCORED - 1 : (floor * 10_000 + fee - 1) / fee; // ceil(floor / rate)
        }
    }

    /* HOW IT ENDS */

    /// @dev Pays what a committee agreed on, or records it where a challenge window comes first. Does not call back.
    /// @return tip owed to the caller
    function _conclude(
        Settlement calldata s,
        bytes32 requestId,
        bytes32 digest,
        uint256[] memory members
    ) internal returns (uint256 tip) {
        if (s.request.rules.challengeWindow() != 0) {
            _record(s, requestId, digest);
        } else {
            uint256 cost;
            (cost, tip) = _pay(s.request, members, s.head.attested(), msg.sender, true);
            _end(s.request, requestId.outcomeOf(digest, s.head, PAID), cost);
            if (s.request.rules.has(FLAG_BUNDLE)) _roots[requestId] = digest;
            emit Settled(requestId, digest, s.head);
        }
    }

    function _record(Settlement calldata s, bytes32 requestId, bytes32 digest) private {
        uint256 until = block.timestamp + s.request.rules.challengeWindow();
        bytes32 outcome = requestId.outcomeOf(digest, s.head, msg.sender);
        _slots[s.request.origin.slotKey()] = SlotWordFields.recorded(outcome, until);
        emit ResultRecorded(requestId, digest, s.head, msg.sender, until);
    }

    /// @dev Puts the outcome and what is left of the lock into the slot; a left-over too wide for it goes to the account.
    function _end(Request calldata r, bytes32 outcome, uint256 cost) internal {
        unchecked {
            uint256 leftover = Payout.lockUp(r.origin.k(), r.work, r.terms) - cost; // shares are rounded down
            if (leftover > SlotWordFields.MAX_LEFTOVER) {
                _credit(r.origin.requester(), leftover);
                leftover = 0;
            }
            uint256 until = block.timestamp + r.terms.disputeWindow();
            _slots[r.origin.slotKey()] = SlotWordFields.ended(outcome, leftover, until, SlotWordFields.SETTLED);
        }
    }

    /// @dev Gives the whole lock back.
    function _refund(Request calldata r, bytes32 requestId, bytes4 reason) internal {
        address requester = r.origin.requester();
        uint256 lock = Payout.lockUp(r.origin.k(), r.work, r.terms);
        // the word stays set, so that the slot's next use is cheap
        _slots[r.origin.slotKey()] = SlotWordFields.ended(0, 0, 0, SlotWordFields.REFUNDED);
        _credit(requester, lock);
        emit Refunded(requestId, requester, lock, reason);
    }

    /// @dev Last second in which a settled request can be disputed. A failed callback is recorded as it settles, and keeps
    ///      the slot longer than that.
    function _disputableUntil(Request calldata r, SlotWord slot) internal pure returns (uint256) {
        if (slot.state() != SlotWordFields.CALLBACK_FAILED) return slot.until();
        return slot.until() - RETRY_WINDOW + r.terms.disputeWindow(); // a dispute window is at most the seven days of retries
    }

    /// @dev Delivers, or records the failure. State is final before the call, and nothing of the slot can change during it.
    function _callBack(Settlement calldata s, bytes32 requestId, bytes32 digest) internal {
        if (!_deliver(s, requestId, digest)) _callbackFailed(s.request, requestId);
    }

    function _callbackFailed(Request calldata r, bytes32 requestId) internal {
        uint256 key = r.origin.slotKey();
        _slots[key] = _slots[key].failedUntil(block.timestamp + RETRY_WINDOW);
        emit CallbackFailed(requestId);
    }

    /// @dev Calls the requester with exactly the gas it asked for; what it returns is not copied.
    function _deliver(Settlement calldata s, bytes32 requestId, bytes32 digest) internal returns (bool success) {
        uint256 callbackGas = s.request.rules.callbackGas();
        address requester = s.request.origin.requester();
        uint256 status = s.head.status();
        bytes calldata output = s.output;
        bytes4 selector = IAtomaConsumer.onAtomaResult.selector;
        uint256 data;
        uint256 size;
        // Memory-safe: works beyond the free pointer. abi.encodeCall(onAtomaResult, (requestId, status, digest, output))
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 0x04), requestId)
            mstore(add(data, 0x24), status)
            mstore(add(data, 0x44), digest)
            mstore(add(data, 0x64), 0x80)
            mstore(add(data, 0x84), output.length)
            calldatacopy(add(data, 0xa4), output.offset, output.length)
            mstore(add(add(data, 0xa4), output.length), 0) // the padding
            size := add(0xa4, and(add(output.length, 0x1f), not(0x1f)))
        }
        // EIP-150: a call gets at most 63/64 of what is left. Looked at last: growing memory costs gas as well.
        uint256 needed;
        unchecked {
            needed = (callbackGas * 64) / 63 + CALLBACK_OVERHEAD; // callbackGas is 24 bits wide
        }
        require(gasleft() >= needed, InsufficientGas(gasleft(), needed));
        assembly ("memory-safe") {
            success := call(callbackGas, requester, 0, data, size, 0, 0)
        }
    }
}
