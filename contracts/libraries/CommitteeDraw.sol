// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The committee as a pure function of public data
/// @notice committee = draw(snapshot, randomness, requestId, level). Nothing here reads state that can change: a
///         snapshot is contract code that is never deleted.
library CommitteeDraw {
    /// @dev Tries per seat, after which the snapshot is taken to hold too few eligible nodes.
    uint256 internal constant TRIES_PER_SEAT = 16;
    /// @dev A snapshot's code: one STOP byte, the header (32), then 8 bytes per node: nodeId(32) | ask(32).
    uint256 internal constant ENTRIES_OFFSET = 33;

    /// @dev Below this many nodes one copy of all costs less than a copy per try.
    uint256 private constant SMALL_POOL = 128;

    /// @notice seed = keccak256(abi.encode(randomness, requestId, level)).
    /// @param randomness low 216 bits of sha256 of the round's signature
    /// @param level 0 for the committee, 1 and up for panels
    function seedOf(uint256 randomness, bytes32 requestId, uint256 level) internal pure returns (bytes32 seed) {
        // Memory-safe: beyond the free pointer
        assembly ("memory-safe") {
            let preimage := mload(0x40)
            mstore(preimage, randomness)
            mstore(add(preimage, 0x20), requestId)
            mstore(add(preimage, 0x40), level)
            seed := keccak256(preimage, 0x60)
        }
    }

    /// @notice Draws k distinct nodes: entry i is number keccak256(abi.encode(seed, i)) mod count. An entry is skipped if
    ///         it was drawn before, is in `excluded`, or asks more than `maxAsk`.
    /// @param snapshot the address of the snapshot's code
    /// @param count nodes in the snapshot, at least 1
    /// @param k seats, at most 255
    /// @param maxAsk highest ask, in multiples of the task's scale
    /// @param excluded node ids drawn at earlier levels
    /// @return members in the order drawn, each nodeId << 32 | ask; fewer than k when 16 * k tries did not suffice
    // one loop in assembly
    // solhint-disable-next-line function-max-lines
    function draw(
        address snapshot,
        uint256 count,
        bytes32 seed,
        uint256 k,
        uint256 maxAsk,
        uint256[] memory excluded
    ) internal view returns (uint256[] memory members) {
        // Memory-safe: allocates `members` with room for k words, writes the scratch space (0x00..0x40) and, beyond
        // the free pointer, one word and a small pool.
        assembly ("memory-safe") {
            function holds(from, to, value) -> isHeld {
                for {} lt(from, to) {
                    from := add(from, 0x20)
                } {
                    if eq(mload(from), value) {
                        isHeld := 1
                    }
                }
            }

            members := mload(0x40)
            let end := add(members, 0x20) // where the next member goes
            let full := add(end, shl(5, k))
            mstore(0x40, full)
            mstore(full, 0) // an entry lands in the low 8 bytes of this word
            let pool := 0 // a small pool is copied whole, behind that word
            if lt(count, SMALL_POOL) {
                pool := add(full, 0x20)
                extcodecopy(snapshot, pool, ENTRIES_OFFSET, shl(3, count))
            }
            mstore(0x00, seed)
            let seen := 0 // bit (index mod 256) of every entry drawn: a clear bit spares the search
            for {
                let i := 0
            } lt(i, mul(k, TRIES_PER_SEAT)) {
                i := add(i, 1)
            } {
                mstore(0x20, i)
                let index := mod(keccak256(0x00, 0x40), count)
                let entry
                switch pool
                case 0 {
                    extcodecopy(snapshot, add(full, 0x18), add(ENTRIES_OFFSET, shl(3, index)), 8)
                    entry := mload(full)
                }
                default {
                    entry := shr(192, mload(add(pool, shl(3, index))))
                }
                if gt(and(entry, 0xffffffff), maxAsk) {
                    continue
                }
                index := shl(and(index, 0xff), 1)
                if and(seen, index) {
                    if pool {
                        continue
                    } // too small for two entries to share a bit
                    if holds(add(members, 0x20), end, entry) {
                        continue
                    } // one node, one entry
                }
                if mload(excluded) {
                    let first := add(excluded, 0x20)
                    if holds(first, add(first, shl(5, mload(excluded))), shr(32, entry)) {
                        continue
                    }
                }
                seen := or(seen, index)
                mstore(end, entry)
                end := add(end, 0x20)
                if eq(end, full) {
                    break
                }
            }
            mstore(members, shr(5, sub(end, add(members, 0x20))))
        }
    }
}
