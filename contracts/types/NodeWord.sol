// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev signer(160) | earnings(80) | reputation(16): all that a settlement reads and writes of a node.
type NodeWord is uint256;

using NodeWordFields for NodeWord global;

/// @notice Fields of `NodeWord`; the escrow's settlement pays into it.
library NodeWordFields {
    uint256 internal constant MAX_EARNINGS = type(uint80).max;
    uint256 internal constant MAX_REPUTATION = type(uint16).max;

    function signer(NodeWord self) internal pure returns (address) {
        return address(uint160(NodeWord.unwrap(self) >> 96)); // top 160 bits
    }

    function earnings(NodeWord self) internal pure returns (uint256) {
        return (NodeWord.unwrap(self) >> 16) & MAX_EARNINGS;
    }

    function reputation(NodeWord self) internal pure returns (uint256) {
        return NodeWord.unwrap(self) & MAX_REPUTATION;
    }

    function withSigner(NodeWord self, address newSigner) internal pure returns (NodeWord) {
        return NodeWord.wrap((NodeWord.unwrap(self) & type(uint96).max) | (uint256(uint160(newSigner)) << 96));
    }

    /// @notice The word after a proven no-show: reputation r -= r >> 3.
    function afterNoShow(NodeWord self) internal pure returns (NodeWord) {
        return NodeWord.wrap(NodeWord.unwrap(self) - (self.reputation() >> 3)); // no more than the field holds
    }

    /// @notice The same earnings, without a signer and a reputation.
    function jailed(NodeWord self) internal pure returns (NodeWord) {
        return NodeWord.wrap(NodeWord.unwrap(self) & (MAX_EARNINGS << 16));
    }

    function withoutEarnings(NodeWord self) internal pure returns (NodeWord) {
        return NodeWord.wrap(NodeWord.unwrap(self) & ~(MAX_EARNINGS << 16));
    }
}
