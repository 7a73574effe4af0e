// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Writes fields side by side into a byte array of known capacity
/// @dev The array's length is the place of the next field; what lies behind it is zero. Callers bound what they write.
library Packed {
    /// @notice An empty array that can grow to `capacity` bytes.
    function create(uint256 capacity) internal pure returns (bytes memory packed) {
        packed = new bytes(capacity + 32); // `put` touches up to 31 bytes behind its field
        _setLength(packed, 0);
    }

    /// @notice Makes room for a field of `size` bytes and returns its place.
    function reserve(bytes memory packed, uint256 size) internal pure returns (uint256 place) {
        place = packed.length;
        unchecked {
            _setLength(packed, place + size); // within the capacity
        }
    }

    /// @notice Writes a field into room that was reserved and is still zero.
    /// @param size 1..32
    /// @param value Below 256^size.
    function put(bytes memory packed, uint256 place, uint256 value, uint256 size) internal pure {
        // Changes no other byte: the shifted value is zero behind its `size` bytes. The word lies in the array's
        // capacity.
        assembly ("memory-safe") {
            let field := add(add(packed, 0x20), place)
            mstore(field, or(mload(field), shl(sub(256, shl(3, size)), value)))
        }
    }

    /// @notice The 32 bytes at a place.
    function get(bytes memory packed, uint256 place) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(packed, 0x20), place))
        }
    }

    /// @notice Writes a field behind the last one.
    function append(bytes memory packed, uint256 value, uint256 size) internal pure {
        put(packed, reserve(packed, size), value, size);
    }

    function _setLength(bytes memory packed, uint256 length) private pure {
        // At most the length that was allocated.
        assembly ("memory-safe") {
            mstore(packed, length)
        }
    }
}
