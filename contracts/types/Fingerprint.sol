// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What is kept of a digest where 256 bits do not fit: the top 192 bits of its keccak256. A bundle's digest is a root
///         that anybody can choose, so no part of it would do.
function fingerprintOf(bytes32 digest) pure returns (uint256) {
    return uint256(keccak256(abi.encode(digest))) >> 64;
}
