// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head} from "../types/Head.sol";
import {Request} from "../types/Request.sol";

/// @title Ids of requests and their outcomes
library RequestIds {
    /// @notice requestId = keccak256(abi.encode(chainId, escrow, beacon, origin, work, rules, terms, inputDigest)).
    function idOf(
        Request memory r,
        uint256 chainId,
        address escrow,
        address beacon
    ) internal pure returns (bytes32 requestId) {
        // Memory-safe: works beyond the free pointer, which does not move. A request is five words.
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, chainId)
            mstore(add(preimage, 0x20), escrow)
            mstore(add(preimage, 0x40), beacon)
            mcopy(add(preimage, 0x60), r, 0xa0)
            requestId := keccak256(preimage, 0x100)
        }
    }

    /// @notice The same for a request in calldata.
    function idOfShown(
        Request calldata r,
        uint256 chainId,
        address escrow,
        address beacon
    ) internal pure returns (bytes32 requestId) {
        // Memory-safe as above; the decoder has checked that five words are there.
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, chainId)
            mstore(add(preimage, 0x20), escrow)
            mstore(add(preimage, 0x40), beacon)
            calldatacopy(add(preimage, 0x60), r, 0xa0)
            requestId := keccak256(preimage, 0x100)
        }
    }

    /// @notice What a slot keeps of a recorded or settled request.
    /// @param head status, usage and bitmaps, as settled
    function outcomeOf(
        bytes32 requestId,
        bytes32 digest,
        Head head,
        address settler
    ) internal pure returns (bytes32 outcome) {
        // Memory-safe: beyond the free pointer. keccak256(abi.encode(requestId, digest, head, settler))
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, requestId)
            mstore(add(preimage, 0x20), digest)
            mstore(add(preimage, 0x40), head)
            mstore(add(preimage, 0x60), settler)
            outcome := keccak256(preimage, 0x80)
        }
    }
}
