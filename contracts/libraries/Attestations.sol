// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head} from "../types/Head.sol";

/// @title What committee members sign, and how it is checked
library Attestations {
    bytes32 internal constant TYPEHASH = keccak256(
        "Attestation(bytes32 requestId,uint256 level,bytes32 digest,uint256 committed,bytes32 commitRoot)"
    );
    bytes32 internal constant COMMIT_TYPEHASH = keccak256("Commit(bytes32 requestId,uint256 level,bytes32 leaf)");
    /// @dev An attesting member's part of the proof: a 64-byte signature (EIP-2098), then its 16-byte salt.
    uint256 internal constant SIGNED_LENGTH = 80;
    /// @dev The part of a member that committed and did not attest: its leaf.
    uint256 internal constant LEAF_LENGTH = 32;
    /// @dev Half the order of secp256k1: a higher s is the malleable twin of a signature.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice digest = keccak256(abi.encode(uint8 status, uint64 usage, keccak256(output))).
    function digestOf(uint256 status, uint256 usage, bytes32 outputHash) internal pure returns (bytes32 digest) {
        // Memory-safe: beyond the free pointer. keccak256(abi.encode(status, usage, outputHash))
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, status)
            mstore(add(preimage, 0x20), usage)
            mstore(add(preimage, 0x40), outputHash)
            digest := keccak256(preimage, 0x60)
        }
    }

    /// @notice keccak256 of an input or output. Solidity's own would keep the copy, and clear its padding.
    function hashOf(bytes calldata data) internal pure returns (bytes32 hash) {
        // Memory-safe: works beyond the free pointer and does not move it
        assembly ("memory-safe") {
            let copy := mload(0x40)
            calldatacopy(copy, data.offset, data.length)
            hash := keccak256(copy, data.length)
        }
    }

    /// @notice leaf = keccak256(abi.encode(requestId, level, digest, nodeId, salt)).
    function leafOf(
        bytes32 requestId,
        uint256 level,
        bytes32 digest,
        uint256 nodeId,
        bytes16 salt
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(requestId, level, digest, nodeId, salt));
    }

    /// @notice The EIP-712 struct hash of an attestation.
    function structHash(
        bytes32 requestId,
        uint256 level,
        bytes32 digest,
        uint256 committed,
        bytes32 root
    ) internal pure returns (bytes32 hash) {
        bytes32 typehash = TYPEHASH;
        // Memory-safe: beyond the free pointer. keccak256(abi.encode(TYPEHASH, requestId, level, digest, committed, root))
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, typehash)
            mstore(add(preimage, 0x20), requestId)
            mstore(add(preimage, 0x40), level)
            mstore(add(preimage, 0x60), digest)
            mstore(add(preimage, 0x80), committed)
            mstore(add(preimage, 0xa0), root)
            hash := keccak256(preimage, 0xc0)
        }
    }

    /// @notice Rebuilds the commit root: keccak256 of the leaves of the committed members in draw order. The leaf of an
    ///         attesting member comes from its salt and the digest, so that it had committed to this very digest.
    /// @param members as drawn, nodeId << 32 | ask
    /// @param head its attested members are among its committed ones, and these among `members`: checked before
    /// @param proof per committed member in draw order: signature and salt if it attested, else its leaf; the length
    ///        has been checked by `Head.proofLength`
    function commitRoot(
        bytes32 requestId,
        uint256 level,
        bytes32 digest,
        uint256[] memory members,
        Head head,
        bytes calldata proof
    ) internal pure returns (bytes32 root) {
        return commitRootOf(requestId, level, digest, members, head.committed(), head.attested(), proof);
    }

    /// @notice The same for bitmaps of up to 255 members, `attested` a subset of `committed`.
    function commitRootOf(
        bytes32 requestId,
        uint256 level,
        bytes32 digest,
        uint256[] memory members,
        uint256 committed,
        uint256 attested,
        bytes calldata proof
    ) internal pure returns (bytes32 root) {
        // Memory-safe: works beyond the free pointer and does not move it. The bounds of `proof` hold by its length.
        assembly ("memory-safe") {
            let preimage := mload(0x40) // requestId, level, digest, nodeId, salt
            mstore(preimage, requestId)
            mstore(add(preimage, 0x20), level)
            mstore(add(preimage, 0x40), digest)
            mstore(add(preimage, 0x80), 0) // a salt is the upper half of its word
            let leaves := add(preimage, 0xa0)
            let end := leaves
            let cursor := proof.offset
            for {
                let bit := 1
            } iszero(gt(bit, committed)) {
                bit := shl(1, bit) // beyond the bitmap before it leaves the word: there are at most 255 members
            } {
                members := add(members, 0x20) // of this seat
                switch and(attested, bit)
                case 0 {
                    if and(committed, bit) {
                        mstore(end, calldataload(cursor))
                        end := add(end, 0x20)
                        cursor := add(cursor, LEAF_LENGTH)
                    }
                }
                default {
                    mstore(add(preimage, 0x60), shr(32, mload(members)))
                    calldatacopy(add(preimage, 0x80), add(cursor, 0x40), 16)
                    mstore(end, keccak256(preimage, 0xa0))
                    end := add(end, 0x20)
                    cursor := add(cursor, SIGNED_LENGTH)
                }
            }
            root := keccak256(leaves, sub(end, leaves))
        }
    }

    /// @notice The EIP-712 struct hash of a commit.
    function commitStructHash(bytes32 requestId, uint256 level, bytes32 leaf) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMIT_TYPEHASH, requestId, level, leaf));
    }

    /// @notice The signer of a 64-byte signature (EIP-2098: r, then the parity of v and s); zero if it is malformed or
    ///         its s is in the upper half.
    function recover(bytes32 hash, bytes32 r, bytes32 yParityAndS) internal view returns (address signer) {
        uint256 s = uint256(yParityAndS) & (type(uint256).max >> 1);
        if (s > HALF_ORDER) return address(0);
        uint256 v = 27 + (uint256(yParityAndS) >> 255);
        // Memory-safe: beyond the free pointer, which does not move. A failed recovery returns nothing, and `out` stays 0.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, hash)
            mstore(add(input, 0x20), v)
            mstore(add(input, 0x40), r)
            mstore(add(input, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, input, 0x80, 0x00, 0x20))
            signer := mload(0x00)
        }
    }
}
