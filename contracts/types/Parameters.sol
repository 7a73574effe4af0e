// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The governed values that a request is made under. Rates in basis points, times in seconds, floors in
///         millionths of the payment token.
/// @param protocolFee of the pay of all members drawn; 0..1000
/// @param fallbackDelay from the end of commits to the on-chain fallback; 1..3600
/// @param chainPhase length of each of the two on-chain phases, at least five blocks; the first set's..3600
/// @param beaconDelay least time from a request to its round, at least two blocks and a period; the first set's..300
/// @param expireDelay from the deadline to the earliest refund; 1..3600
/// @param beaconTimeout after which a request whose round nobody posted is refunded; 1 min..7 d
/// @param disputeWindow during which a settled request can still be disputed, and its slot stays taken; 1 s..7 d
/// @param reputationFloor protocol fee on a member's pay from which its reputation grows; at most 1,000 tokens
/// @param tipFloor least tip of a request; at most 10 tokens
struct Parameters {
    uint16 protocolFee;
    uint16 fallbackDelay;
    uint16 chainPhase;
    uint16 beaconDelay;
    uint16 expireDelay;
    uint24 beaconTimeout;
    uint24 disputeWindow;
    uint40 reputationFloor;
    uint40 tipFloor;
}

/// @dev A packed set of parameters: protocolFee(16) | fallbackDelay(16) | chainPhase(16) | beaconDelay(16) |
///      expireDelay(16) | beaconTimeout(24) | disputeWindow(24) | reputationFloor(40) | version(16) | tipFloor(40) |
///      time(32). The time is the end of a pause in the current set, and the moment of replacement in a former one.
type ParametersWord is uint256;

using ParametersWordFields for ParametersWord global;

/// @notice Fields of `ParametersWord`.
library ParametersWordFields {
    /// @dev Bits above the ones that a request's terms repeat.
    uint256 private constant TERMS_SHIFT = 88;

    /// @notice A parameter is outside its bounds.
    error ParameterOutOfBounds(string name, uint256 value, uint256 least, uint256 most);

    function version(ParametersWord self) internal pure returns (uint256) {
        return (ParametersWord.unwrap(self) >> 72) & 0xffff;
    }

    function tipFloor(ParametersWord self) internal pure returns (uint256) {
        return (ParametersWord.unwrap(self) >> 32) & 0xffffffffff;
    }

    function time(ParametersWord self) internal pure returns (uint256) {
        return ParametersWord.unwrap(self) & 0xffffffff;
    }

    /// @notice The protocol's part of a request's terms.
    function termsPart(ParametersWord self) internal pure returns (uint256) {
        return ParametersWord.unwrap(self) >> TERMS_SHIFT;
    }

    function withTime(ParametersWord self, uint256 newTime) internal pure returns (ParametersWord) {
        return ParametersWord.wrap((ParametersWord.unwrap(self) & ~uint256(0xffffffff)) | newTime);
    }

    /// @notice Checks every bound and packs the set under a version, with a zero time.
    /// @param leastBeaconDelay what blocks of this chain ask for, as `leastChainPhase`; at least 1
    function pack(
        Parameters memory p,
        uint256 newVersion,
        uint256 leastBeaconDelay,
        uint256 leastChainPhase
    ) internal pure returns (ParametersWord) {
        _bound("protocolFee", p.protocolFee, 0, 1_000);
        _bound("fallbackDelay", p.fallbackDelay, 1, 1 hours);
        _bound("chainPhase", p.chainPhase, leastChainPhase, 1 hours);
        _bound("beaconDelay", p.beaconDelay, leastBeaconDelay, 300);
        _bound("expireDelay", p.expireDelay, 1, 1 hours);
        _bound("beaconTimeout", p.beaconTimeout, 1 minutes, 7 days);
        _bound("disputeWindow", p.disputeWindow, 1, 7 days);
        _bound("reputationFloor", p.reputationFloor, 0, 1_000_000_000);
        _bound("tipFloor", p.tipFloor, 0, 10_000_000);
        _bound("version", newVersion, 1, type(uint16).max);
        uint256 word = p.protocolFee;
        word = (word << 16) | p.fallbackDelay;
        word = (word << 16) | p.chainPhase;
        word = (word << 16) | p.beaconDelay;
        word = (word << 16) | p.expireDelay;
        word = (word << 24) | p.beaconTimeout;
        word = (word << 24) | p.disputeWindow;
        word = (word << 40) | p.reputationFloor;
        word = (word << 16) | newVersion;
        word = (word << 40) | p.tipFloor;
        return ParametersWord.wrap(word << 32);
    }

    function unpack(ParametersWord self) internal pure returns (Parameters memory p) {
        uint256 word = ParametersWord.unwrap(self);
        // casting each field to its width drops the bits of the fields above it
        p.protocolFee = uint16(word >> 240);
        p.fallbackDelay = uint16(word >> 224);
        p.chainPhase = uint16(word >> 208);
        p.beaconDelay = uint16(word >> 192);
        p.expireDelay = uint16(word >> 176);
        p.beaconTimeout = uint24(word >> 152);
        p.disputeWindow = uint24(word >> 128);
        p.reputationFloor = uint40(word >> 88);
        p.tipFloor = uint40(word >> 32);
    }

    function _bound(string memory name, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, ParameterOutOfBounds(name, value, least, most));
    }
}
