// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A contract that is called back
interface IAtomaConsumer {
    /// @notice Called once per settled request that asked for a callback, with exactly the gas it asked for.
    /// @dev MUST check that the caller is the escrow. A revert does not undo the settlement; anyone may retry for seven days.
    /// @param requestId as returned when the request was made
    /// @param status 0 success, 1 success with an output that is delivered as its keccak256, above 1 a failure
    /// @param digest the committee's result digest, or the root of a bundle
    /// @param output the output, its 32-byte hash for status 1 and root for a bundle, empty for a failure
    function onAtomaResult(bytes32 requestId, uint8 status, bytes32 digest, bytes calldata output) external;
}
