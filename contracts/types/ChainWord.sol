// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a node has done on chain for a request: top 248 bits of its leaf (committed), or of its digest's keccak256
///      (revealed, counted; see `Fingerprint.sol` for why) | state(8). Zero: nothing.
type ChainWord is uint256;

using ChainWordFields for ChainWord global;
using {equals as ==} for ChainWord global;

function equals(ChainWord a, ChainWord b) pure returns (bool) {
    return ChainWord.unwrap(a) == ChainWord.unwrap(b);
}

/// @notice States and fields of `ChainWord`.
library ChainWordFields {
    uint256 internal constant COMMITTED = 1;
    /// @dev Revealed without counting: it is not paid, and not to blame.
    uint256 internal constant REVEALED = 2;
    uint256 internal constant COUNTED = 3;
    uint256 private constant PREFIX_MASK = ~uint256(0xff);

    function committed(bytes32 leaf) internal pure returns (ChainWord) {
        return ChainWord.wrap((uint256(leaf) & PREFIX_MASK) | COMMITTED);
    }

    function revealed(bytes32 digest, bool isCounted) internal pure returns (ChainWord) {
        return
            ChainWord.wrap((uint256(keccak256(abi.encode(digest))) & PREFIX_MASK) | (isCounted ? COUNTED : REVEALED));
    }

    function state(ChainWord self) internal pure returns (uint256) {
        return ChainWord.unwrap(self) & 0xff;
    }

    function prefix(ChainWord self) internal pure returns (bytes32) {
        return bytes32(ChainWord.unwrap(self) & PREFIX_MASK);
    }
}
