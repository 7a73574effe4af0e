// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {fingerprintOf} from "./Fingerprint.sol";

/// @dev What a requester's slot holds. Open: top 248 bits of the request id | state(8).
///      Recorded: top 216 bits of a hash of the outcome | until(32) | state(8). What is shown to finalise is paid, so a
///      collision would be worth the vault: it takes 2^108 hashes.
///      Ended: top 152 bits of that hash | leftover(64) | until(32) | state(8). The escrow pays nothing on it any more; emissions
///      count on it, for at most one epoch's budget.
type SlotWord is uint256;

using SlotWordFields for SlotWord global;

/// @notice States and fields of `SlotWord`.
library SlotWordFields {
    uint256 internal constant OPEN = 1;
    uint256 internal constant OPEN_DISPUTED = 2;
    uint256 internal constant RECORDED = 3;
    uint256 internal constant SETTLED = 4;
    uint256 internal constant CALLBACK_FAILED = 5;
    uint256 internal constant REFUNDED = 6;
    uint256 internal constant RECORDED_DISPUTED = 7;

    uint256 internal constant MAX_LEFTOVER = type(uint64).max;
    uint256 private constant ID_MASK = ~uint256(0xff);
    uint256 private constant RECORDED_MASK = ~uint256(type(uint40).max);
    uint256 private constant ENDED_MASK = ~uint256(type(uint104).max);

    function state(SlotWord self) internal pure returns (uint256) {
        return SlotWord.unwrap(self) & 0xff;
    }

    /// @return time after which the slot may be taken again (settled), or the outcome finalised (recorded)
    function until(SlotWord self) internal pure returns (uint256) {
        return (SlotWord.unwrap(self) >> 8) & 0xffffffff;
    }

    /// @return what the requester gets back when an ended request's slot is taken again or released
    function leftover(SlotWord self) internal pure returns (uint256) {
        return (SlotWord.unwrap(self) >> 40) & MAX_LEFTOVER;
    }

    function open(bytes32 requestId) internal pure returns (SlotWord) {
        return SlotWord.wrap((uint256(requestId) & ID_MASK) | OPEN);
    }

    /// @notice Whether the slot holds this open request, disputed or not.
    function holdsOpen(SlotWord self, bytes32 requestId) internal pure returns (bool) {
        uint256 word = SlotWord.unwrap(self);
        return (word ^ uint256(requestId)) & ID_MASK == 0 && (word & 0xff == OPEN || word & 0xff == OPEN_DISPUTED);
    }

    function ended(
        bytes32 outcome,
        uint256 leftover_,
        uint256 until_,
        uint256 state_
    ) internal pure returns (SlotWord) {
        // leftover_ <= 2^64 - 1 and until_ < 2^32 by the callers
        return SlotWord.wrap((uint256(outcome) & ENDED_MASK) | (leftover_ << 40) | (until_ << 8) | state_);
    }

    function recorded(bytes32 outcome, uint256 until_) internal pure returns (SlotWord) {
        return SlotWord.wrap((uint256(outcome) & RECORDED_MASK) | (until_ << 8) | RECORDED); // until_ < 2^32
    }

    /// @notice Whether the slot holds this outcome, recorded or ended, as far as its state keeps of it.
    function holdsOutcome(SlotWord self, bytes32 outcome) internal pure returns (bool) {
        uint256 s = self.state();
        uint256 mask = s == RECORDED || s == RECORDED_DISPUTED ? RECORDED_MASK : ENDED_MASK;
        return (SlotWord.unwrap(self) ^ uint256(outcome)) & mask == 0;
    }

    /// @notice Whether a verdict lets this digest settle: none does while it is zero, every one if it names none.
    /// @param verdict fingerprint(192) | zero(24) | until(40)
    function allows(uint256 verdict, bytes32 digest) internal pure returns (bool) {
        return verdict != 0 && (verdict >> 64 == 0 || verdict >> 64 == fingerprintOf(digest));
    }

    /// @notice The same recorded outcome, disputed or not any more, with another time.
    function recordedAs(SlotWord self, uint256 newState, uint256 until_) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(self) & RECORDED_MASK) | (until_ << 8) | newState); // until_ < 2^32
    }

    /// @notice The same slot, taken no longer than until then.
    function untilAtMost(SlotWord self, uint256 time) internal pure returns (SlotWord) {
        if (self.until() <= time) return self;
        return SlotWord.wrap((SlotWord.unwrap(self) & ~(uint256(type(uint32).max) << 8)) | (time << 8)); // time < until
    }

    function withState(SlotWord self, uint256 newState) internal pure returns (SlotWord) {
        return SlotWord.wrap((SlotWord.unwrap(self) & ID_MASK) | newState);
    }

    /// @notice A settled slot whose callback failed and can be retried until then, if that is later than its own time.
    function failedUntil(SlotWord self, uint256 time) internal pure returns (SlotWord) {
        uint256 word = SlotWord.unwrap(self) & ~uint256(0xffffffffff); // without until(32) and state(8)
        if (time < self.until()) time = self.until();
        return SlotWord.wrap(word | (time << 8) | CALLBACK_FAILED);
    }

    /// @notice Whether a new request may take the slot now.
    function isFree(SlotWord self, uint256 timestamp) internal pure returns (bool) {
        uint256 s = self.state();
        return s == 0 || s == REFUNDED || ((s == SETTLED || s == CALLBACK_FAILED) && timestamp > self.until());
    }
}
