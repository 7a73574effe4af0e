// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {fingerprintOf} from "./Fingerprint.sol";
import {countBits} from "./Head.sol";

/// @dev challenger(160) | snapshot(32) | round(32) | parameters version(16) | second seat(5) | first seat(5) | flags(6): what a
///      dispute was opened with. The seats are of the members that contradicted each other, where that opened it.
type Docket is uint256;

/// @dev digest(192) | accused seats(32) | dissenting seats(32): what is in dispute, unless a conflict opened it. The digest is the
///      fingerprint of the challenged one; bit i of the seats is the committee's i-th member.
type Claim is uint256;

/// @dev digest(192) | decided(1) | attested(63): what a panel found. Bit i is the i-th juror drawn.
type Tally is uint256;

/// @dev appellant(160) | round(32) | zero(63) | exists(1): the second level. Nobody is the appellant of an undecided first.
type Appeal is uint256;

/// @dev zero(128) | attested(64) | committed(64): which jurors a proof shows.
type PanelHead is uint256;

using DocketFields for Docket global;
using ClaimFields for Claim global;
using TallyFields for Tally global;
using AppealFields for Appeal global;
using PanelHeadFields for PanelHead global;

/// @dev Flag: the challenger put up a bond.
uint256 constant DOCKET_BONDED = 1;
/// @dev Flag: two members contradicted each other, and nobody in particular is challenged.
uint256 constant DOCKET_CONFLICT = 2;
/// @dev Flag: the request was recorded when the dispute was opened.
uint256 constant DOCKET_RECORDED = 4;
/// @dev Flag: the request was settled when the dispute was opened.
uint256 constant DOCKET_SETTLED = 8;
/// @dev Flag: the verdict was carried out.
uint256 constant DOCKET_CONCLUDED = 16;
/// @dev Flag: what was slashed is distributed.
uint256 constant DOCKET_CLOSED = 32;

/// @notice Fields of `Docket`.
library DocketFields {
    function challenger(Docket self) internal pure returns (address) {
        return address(uint160(Docket.unwrap(self) >> 96)); // top 160 bits
    }

    /// @return the task's latest snapshot when the dispute was opened, zero if it had none
    function snapshotId(Docket self) internal pure returns (uint256) {
        return (Docket.unwrap(self) >> 64) & 0xffffffff;
    }

    function round(Docket self) internal pure returns (uint256) {
        return (Docket.unwrap(self) >> 32) & 0xffffffff;
    }

    /// @notice The same docket with another round, below 2^32.
    function withRound(Docket self, uint256 newRound) internal pure returns (Docket) {
        return Docket.wrap((Docket.unwrap(self) & ~(uint256(type(uint32).max) << 32)) | (newRound << 32));
    }

    function version(Docket self) internal pure returns (uint256) {
        return (Docket.unwrap(self) >> 16) & 0xffff;
    }

    /// @return flag and the seats of a conflict, in their places; both below 21
    function conflictOf(uint256 first, uint256 second) internal pure returns (uint256 flag) {
        return DOCKET_CONFLICT | (first << 6) | (second << 11);
    }

    /// @return seats bitmap of the members that contradicted each other
    function conflictSeats(Docket self) internal pure returns (uint256 seats) {
        uint256 word = Docket.unwrap(self);
        return (1 << ((word >> 6) & 31)) | (1 << ((word >> 11) & 31));
    }

    function has(Docket self, uint256 flag) internal pure returns (bool) {
        return Docket.unwrap(self) & flag != 0;
    }

    function with(Docket self, uint256 flag) internal pure returns (Docket) {
        return Docket.wrap(Docket.unwrap(self) | flag);
    }

    function exists(Docket self) internal pure returns (bool) {
        return Docket.unwrap(self) != 0;
    }
}

/// @notice Fields of `Claim`.
library ClaimFields {
    function make(bytes32 digest_, uint256 accused_, uint256 dissenting_) internal pure returns (Claim) {
        // a committee has at most 21 seats
        return Claim.wrap((fingerprintOf(digest_) << 64) | (accused_ << 32) | dissenting_);
    }

    function digest(Claim self) internal pure returns (uint256) {
        return Claim.unwrap(self) >> 64;
    }

    function accused(Claim self) internal pure returns (uint256) {
        return (Claim.unwrap(self) >> 32) & 0xffffffff;
    }

    function dissenting(Claim self) internal pure returns (uint256) {
        return Claim.unwrap(self) & 0xffffffff;
    }
}

/// @notice Fields of `Tally`.
library TallyFields {
    uint256 private constant DECIDED = 1 << 63;

    function make(bytes32 digest_, uint256 attested_, bool isDecided) internal pure returns (Tally) {
        // a panel has at most 63 seats
        return Tally.wrap((fingerprintOf(digest_) << 64) | (isDecided ? DECIDED : 0) | attested_);
    }

    function isShown(Tally self) internal pure returns (bool) {
        return Tally.unwrap(self) != 0;
    }

    function decided(Tally self) internal pure returns (bool) {
        return Tally.unwrap(self) & DECIDED != 0;
    }

    function digest(Tally self) internal pure returns (uint256) {
        return Tally.unwrap(self) >> 64;
    }

    function attested(Tally self) internal pure returns (uint256) {
        return Tally.unwrap(self) & (DECIDED - 1);
    }
}

/// @notice Fields of `Appeal`.
library AppealFields {
    function make(address appellant_, uint256 round_) internal pure returns (Appeal) {
        return Appeal.wrap((uint256(uint160(appellant_)) << 96) | (round_ << 64) | 1); // a round is below 2^32
    }

    function exists(Appeal self) internal pure returns (bool) {
        return Appeal.unwrap(self) != 0;
    }

    function appellant(Appeal self) internal pure returns (address) {
        return address(uint160(Appeal.unwrap(self) >> 96)); // top 160 bits
    }

    function round(Appeal self) internal pure returns (uint256) {
        return (Appeal.unwrap(self) >> 64) & 0xffffffff;
    }
}

/// @notice Fields of `PanelHead`.
library PanelHeadFields {
    function committed(PanelHead self) internal pure returns (uint256) {
        return PanelHead.unwrap(self) & type(uint64).max;
    }

    /// @return with the bits above the field, which must be clear
    function attested(PanelHead self) internal pure returns (uint256) {
        return PanelHead.unwrap(self) >> 64;
    }
}

/// @notice Number of set bits of a panel's bitmap, which has at most 63.
function countSeats(uint256 seats) pure returns (uint256) {
    // each part is below 2^31
    return countBits(seats & 0x7fffffff) + countBits((seats >> 31) & 0x7fffffff) + countBits((seats >> 62) & 1);
}
