// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskWord} from "../types/TaskWord.sol";

/// @title Snapshots kept as contract code
/// @notice A snapshot's id is the creation nonce of the task registry, so its address is computed and never stored.
library SnapshotCode {
    /// @notice The contract could not be created; the transaction has too little gas for the snapshot's size.
    error SnapshotNotCreated();

    /// @notice Address of the contract that `creator` makes with its creation nonce `id`.
    /// @param id 1..2^32 - 1
    function addressOf(address creator, uint256 id) internal pure returns (address snapshot) {
        uint256 length;
        uint256 rlp;
        unchecked {
            // RLP of [creator, nonce], Ethereum Yellow Paper, appendix B and section 7: a nonce below 0x80 is its own
            // byte, a longer one follows a byte with its length. At most 27 bytes, left-aligned: no step overflows.
            length =
                id < 0x80
                    ? 0
                    : id <= 0xff
                        ? 1
                        : id <= 0xffff
                            ? 2
                            : id <= 0xffffff
                                ? 3
                                : 4;
            uint256 nonce = length == 0 ? id : ((0x80 + length) << (8 * length)) | id;
            rlp = ((0xd694 + (length << 8)) << 160) | uint160(creator);
            rlp = ((rlp << (8 * (1 + length))) | nonce) << (8 * (9 - length));
        }
        assembly ("memory-safe") {
            mstore(0x00, rlp) // the scratch space
            snapshot := and(keccak256(0x00, add(23, length)), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    /// @notice The header of a snapshot; zero where there is none.
    function header(address snapshot) internal view returns (TaskWord word) {
        assembly ("memory-safe") {
            extcodecopy(snapshot, 0x00, 1, 0x20) // the scratch space; code beyond the end reads as zero
            word := mload(0x00)
        }
    }

    /// @notice Creates a contract whose code is `code`.
    /// @param code starts with a STOP byte; at most 24,576 bytes
    function create(bytes memory code) internal returns (address snapshot) {
        // init code: PUSH3 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN, padded with a STOP to 11 bytes
        bytes memory initCode = abi.encodePacked(hex"62", uint24(code.length), hex"80600b5f395ff3", code);
        assembly ("memory-safe") {
            snapshot := create(0, add(initCode, 0x20), mload(initCode))
        }
        require(snapshot != address(0), SnapshotNotCreated());
    }
}
