// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskId} from "./Ids.sol";

/// @dev requester(160) | sequence(40) | slot(24) | parameters version(16) | k(8) | quorum(8)
type Origin is uint256;

/// @dev task(32) | snapshot(32) | units(64) | maxAsk(32) | tip(96)
type Work is uint256;

/// @dev zero(96) | submittedAt(40) | round(32) | challengeWindow(24) | callbackGas(24) | items(32) | flags(8)
type Rules is uint256;

/// @dev zero(8) | of the task: royalty(16) | askExponent(8) | window(32) | maxOutput(24) |
///      of the parameters: protocolFee(16) | fallbackDelay(16) | chainPhase(16) | beaconDelay(16) | expireDelay(16) |
///      beaconTimeout(24) | disputeWindow(24) | reputationFloor(40)
type Terms is uint256;

/// @notice A whole request in its one canonical encoding: five static words that carry every value that any rule of the
///         request reads. The chain stores only its id; whoever acts on a request shows these words again.
/// @param origin who asks, and where the request is kept
/// @param work what is computed and for how much
/// @param rules when and how it is answered
/// @param terms the task's and the protocol's values at the time of the request
/// @param inputDigest keccak256 of the input, or the Merkle root of a bundle's inputs
struct Request {
    Origin origin;
    Work work;
    Rules rules;
    Terms terms;
    bytes32 inputDigest;
}

/// @dev Flag: the requester accepts that the snapshot is too small to draw a panel if a dispute arises.
uint256 constant FLAG_ACCEPT_NO_PANEL = 1;
/// @dev Flag: the digest is the Merkle root of `items` leaves.
uint256 constant FLAG_BUNDLE = 2;
/// @dev Flag: the request was signed off chain and is shown first inside its settlement.
uint256 constant FLAG_SIGNED = 4;
/// @dev Flag: the input is bound by digest only; the event carries its URI.
uint256 constant FLAG_INPUT_BY_URI = 8;

uint256 constant BASIS_POINTS = 10_000;

using OriginFields for Origin global;
using WorkFields for Work global;
using RulesFields for Rules global;
using TermsFields for Terms global;

/// @notice Key of a requester's slot in storage: requester(160) | slot(24).
function slotKeyOf(address requester, uint256 slot) pure returns (uint256) {
    return (uint256(uint160(requester)) << 24) | slot; // slot is 24 bits wide
}

/// @notice Key of a purse in storage: account(160) | purse(40).
function purseKeyOf(address account, uint256 purse) pure returns (uint256) {
    return (uint256(uint160(account)) << 40) | purse; // a purse is below 2^33
}

/// @notice Fields of `Origin`.
library OriginFields {
    function requester(Origin self) internal pure returns (address) {
        return address(uint160(Origin.unwrap(self) >> 96)); // top 160 bits
    }

    function sequence(Origin self) internal pure returns (uint256) {
        return (Origin.unwrap(self) >> 56) & 0xffffffffff;
    }

    function slot(Origin self) internal pure returns (uint256) {
        return (Origin.unwrap(self) >> 32) & 0xffffff;
    }

    /// @notice Key of the request's slot in storage.
    function slotKey(Origin self) internal pure returns (uint256) {
        return slotKeyOf(self.requester(), self.slot());
    }

    function version(Origin self) internal pure returns (uint256) {
        return (Origin.unwrap(self) >> 16) & 0xffff;
    }

    function k(Origin self) internal pure returns (uint256) {
        return (Origin.unwrap(self) >> 8) & 0xff;
    }

    function quorum(Origin self) internal pure returns (uint256) {
        return Origin.unwrap(self) & 0xff;
    }
}

/// @notice Fields of `Work`.
library WorkFields {
    function taskId(Work self) internal pure returns (TaskId) {
        return TaskId.wrap(uint32(Work.unwrap(self) >> 224)); // top 32 bits
    }

    function snapshotId(Work self) internal pure returns (uint256) {
        return (Work.unwrap(self) >> 192) & 0xffffffff;
    }

    /// @return units of work that each member is paid for, and may spend at most
    function units(Work self) internal pure returns (uint256) {
        return (Work.unwrap(self) >> 128) & 0xffffffffffffffff;
    }

    /// @return highest ask of a member per unit, in multiples of the task's ask scale
    function maxAsk(Work self) internal pure returns (uint256) {
        return (Work.unwrap(self) >> 96) & 0xffffffff;
    }

    /// @return tip in units of the payment token
    function tip(Work self) internal pure returns (uint256) {
        return Work.unwrap(self) & 0xffffffffffffffffffffffff;
    }
}

/// @notice Fields of `Rules`.
library RulesFields {
    function submittedAt(Rules self) internal pure returns (uint256) {
        return (Rules.unwrap(self) >> 120) & 0xffffffffff;
    }

    function round(Rules self) internal pure returns (uint256) {
        return (Rules.unwrap(self) >> 88) & 0xffffffff;
    }

    function challengeWindow(Rules self) internal pure returns (uint256) {
        return (Rules.unwrap(self) >> 64) & 0xffffff;
    }

    function callbackGas(Rules self) internal pure returns (uint256) {
        return (Rules.unwrap(self) >> 40) & 0xffffff;
    }

    /// @return whether there is a callback, and no challenge window before it
    function isCalledBackAtOnce(Rules self) internal pure returns (bool) {
        return self.callbackGas() != 0 && self.challengeWindow() == 0;
    }

    function items(Rules self) internal pure returns (uint256) {
        return (Rules.unwrap(self) >> 8) & 0xffffffff;
    }

    function flags(Rules self) internal pure returns (uint256) {
        return Rules.unwrap(self) & 0xff;
    }

    function has(Rules self, uint256 flag) internal pure returns (bool) {
        return Rules.unwrap(self) & flag != 0;
    }
}

/// @notice Fields of `Terms`. Rates are in basis points, times in seconds.
library TermsFields {
    function royalty(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 232) & 0xffff;
    }

    /// @return the payment token's units that one unit of ask stands for
    function askScale(Terms self) internal pure returns (uint256) {
        unchecked {
            return 10 ** ((Terms.unwrap(self) >> 224) & 0x7f); // the task registry caps the exponent at 18
        }
    }

    /// @return whether members count only while their keys are bound to the task's workload
    function isTee(Terms self) internal pure returns (bool) {
        return (Terms.unwrap(self) >> 231) & 1 != 0;
    }

    function window(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 192) & 0xffffffff;
    }

    function maxOutput(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 168) & 0xffffff;
    }

    function protocolFee(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 152) & 0xffff;
    }

    function beaconDelay(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 104) & 0xffff;
    }

    function expireDelay(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 88) & 0xffff;
    }

    function beaconTimeout(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 64) & 0xffffff;
    }

    function disputeWindow(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 40) & 0xffffff;
    }

    /// @return protocol fee on one member's pay from which its reputation grows, in millionths of the payment token
    function reputationFloor(Terms self) internal pure returns (uint256) {
        return Terms.unwrap(self) & 0xffffffffff;
    }

    /// @return seconds from T0 until the last moment at which the request can settle: the task window, the wait before
    ///         the fallback, and its two phases on chain
    function life(Terms self) internal pure returns (uint256) {
        unchecked {
            return self.fallbackAfter() + 2 * self.chainPhase(); // below 2^34
        }
    }

    /// @return seconds from T0 until commits on chain begin: the task window, and the wait before the fallback
    function fallbackAfter(Terms self) internal pure returns (uint256) {
        unchecked {
            return self.window() + ((Terms.unwrap(self) >> 136) & 0xffff); // below 2^33
        }
    }

    /// @return length of each of the two phases on chain
    function chainPhase(Terms self) internal pure returns (uint256) {
        return (Terms.unwrap(self) >> 120) & 0xffff;
    }
}
